// Operations on few values: rotary embedding, rounding of activations, storing into the cache.
#include <math.h>
#include <string.h>

#include "../scalar.h"

void fk_rope_interleaved(float *x, const float *cos, const float *sin, size_t width) {
  for (size_t i = 0; i < width / 2; i++) {
    float a = x[2 * i], b = x[2 * i + 1];
    x[2 * i] = a * cos[i] - b * sin[i];
    x[2 * i + 1] = b * cos[i] + a * sin[i];
  }
}

void fk_rope_halves(float *x, const float *cos, const float *sin, size_t width) {
  size_t half = width / 2;
  for (size_t i = 0; i < half; i++) {
    float a = x[i], b = x[i + half];
    x[i] = a * cos[i] - b * sin[i];
    x[i + half] = b * cos[i] + a * sin[i];
  }
}

void fk_round_bf16(float *y, const float *x, size_t width) {
  for (size_t k = 0; k < width; k++) y[k] = fk_decode_bf16(fk_encode_bf16(x[k]));
}

void fk_round_int8(float *y, const float *x, size_t width) {
  for (size_t begin = 0; begin < width; begin += 128) {
    size_t end = fk_min(begin + 128, width);
    float largest = 0;
    for (size_t k = begin; k < end; k++) largest = fmaxf(largest, fabsf(x[k]));
    float scale = largest / 127.0f;
    float inverse = largest > 1e-30f ? 127.0f / largest : 0;  // below, the quotient could overflow
    for (size_t k = begin; k < end; k++) y[k] = rintf(x[k] * inverse) * scale;
  }
}

// The smallest power of two that brings the largest value to 448 or below.
static uint8_t power_of_two_scale(const float *x, size_t width) {
  float largest = 0;
  for (size_t k = 0; k < width; k++) largest = fmaxf(largest, fabsf(x[k]));
  if (!(largest > 0) || isinf(largest)) return 127;
  int exponent;
  float fraction = frexpf(largest / 448.0f, &exponent);
  if (fraction == 0.5f) exponent -= 1;
  int code = exponent + 127;
  return (uint8_t)(code < 1 ? 1 : code > 254 ? 254 : code);
}

void fk_cache_store(uint8_t *row, fk_dtype dtype, fk_part part, size_t scale_offset, const float *x) {
  switch (dtype) {
    case FK_F32:
      memcpy(row + 4 * part.begin, x, 4 * part.width);
      return;
    case FK_E4M3: {
      uint8_t scale = power_of_two_scale(x, part.width);
      float inverse = fk_decode_e8m0((uint8_t)(254 - scale));
      for (size_t k = 0; k < part.width; k++) row[part.begin + k] = fk_encode_e4m3(x[k] * inverse);
      row[scale_offset + part.index] = scale;
      return;
    }
    default:
      for (size_t k = 0; k < part.width; k++) {
        uint16_t bits = fk_bf16_of(x[k]);
        memcpy(row + 2 * (part.begin + k), &bits, 2);
      }
  }
}

// Sixteen maximums side by side, which compilers make vectors of.
size_t fk_largest(const float *x, size_t width) {
  float largest[FK_LANES], trouble[FK_LANES] = {0};
  for (size_t lane = 0; lane < FK_LANES; lane++) largest[lane] = x[0];
  size_t k = 0;
  for (; k + FK_LANES <= width; k += FK_LANES)
    for (size_t lane = 0; lane < FK_LANES; lane++) {
      float value = x[k + lane];
      largest[lane] = largest[lane] < value ? value : largest[lane];
      trouble[lane] += value * 0;
    }
  for (; k < width; k++) {
    largest[0] = largest[0] < x[k] ? x[k] : largest[0];
    trouble[0] += x[k] * 0;
  }
  float most = largest[0];
  for (size_t lane = 0; lane < FK_LANES; lane++) {
    most = most < largest[lane] ? largest[lane] : most;
    if (trouble[lane] != 0 || trouble[lane] != trouble[lane]) return width;
  }
  size_t index = 0;
  while (index < width && x[index] != most) index++;
  return index;
}
