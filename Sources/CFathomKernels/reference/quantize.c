// Rounding of weights to blocks of small integers: done once, when a model is converted.
#include "../scalar.h"

// Adding and taking it away again rounds to the nearest integer, ties to even, in a loop that vectorises.
static inline float nearest(float x) {
  return (x + FK_EXP_MAGIC) - FK_EXP_MAGIC;
}

// Nearest even; beyond the largest value infinity; NaN stays a NaN.
uint16_t fk_encode_f16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
  uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) return sign | 0x7E00u;
  if (magnitude >= 0x477FF000u) return sign | 0x7C00u;  // 65520 and beyond
  if (magnitude < 0x38800000u) return sign | (uint16_t)rintf(ldexpf(fabsf(value), 24));
  magnitude += 0xFFFu + (magnitude >> 13 & 1u);
  return sign | (uint16_t)((magnitude >> 13) - (112u << 10));
}

static void quantize_q8_0(uint8_t *block, const float *x) {
  float largest = 0;
  for (size_t k = 0; k < 32; k++) largest = largest < fabsf(x[k]) ? fabsf(x[k]) : largest;
  float scale = largest / 127.0f, factor = scale > 0 ? 1.0f / scale : 0;
  uint16_t half = fk_encode_f16(scale);
  memcpy(block, &half, 2);
  for (size_t k = 0; k < 32; k++) block[2 + k] = (uint8_t)(int8_t)roundf(x[k] * factor);
}

// With codes l = round(factor * x) in -8 ... 7, the scale that comes closest is (sum x l) / (sum l^2), and what it takes off
// the squared error is (sum x l)^2 / (sum l^2). The factor that takes off most is found among 17.
static void quantize_q4_0(uint8_t *block, const float *x) {
  enum { TRIALS = 17 };
  float extreme = 0;
  for (size_t k = 0; k < 32; k++) extreme = fabsf(extreme) < fabsf(x[k]) ? x[k] : extreme;
  float best_gain = 0, best_scale = 0, best_factor = 0;
  for (int trial = 0; trial < TRIALS && extreme != 0; trial++) {
    float factor = (-8.0f + 0.125f * (float)(trial - 4)) / extreme, with = 0, square = 0;
    for (size_t k = 0; k < 32; k++) {
      float code = nearest(x[k] * factor);
      code = code < -8 ? -8 : code > 7 ? 7 : code;
      with += x[k] * code;
      square += code * code;
    }
    if (square > 0 && with * with > best_gain * square) {
      best_gain = with * with / square;
      best_scale = with / square;
      best_factor = factor;
    }
  }
  uint16_t half = fk_encode_f16(best_scale);
  memcpy(block, &half, 2);
  for (size_t k = 0; k < 16; k++) {
    int codes[2];
    for (size_t j = 0; j < 2; j++) {
      float code = nearest(x[k + 16 * j] * best_factor);
      codes[j] = (int)(code < -8 ? -8 : code > 7 ? 7 : code) + 8;
    }
    block[2 + k] = (uint8_t)(codes[0] | codes[1] << 4);
  }
}

void fk_quantize_blocks(uint8_t *blocks, fk_dtype dtype, const float *x, size_t columns) {
  size_t bytes = fk_block_format_of(dtype).bytes;
  for (size_t k = 0; k < columns; k += 32, blocks += bytes) {
    if (dtype == FK_Q4_0)
      quantize_q4_0(blocks, x + k);
    else
      quantize_q8_0(blocks, x + k);
  }
}
