// How blocks of quantised formats come apart. Each instruction set includes this file, so that compilers make its loops
// vectors of the widest kind.
#include "scalar.h"

static inline float half_at(const uint8_t *p) {
  uint16_t bits;
  memcpy(&bits, p, 2);
  return fk_decode_f16(bits);
}

// 16 bytes: low nibbles are values 0 ..< 16, high ones 16 ..< 32.
static inline void nibbles(const uint8_t *restrict bytes, int8_t *restrict codes, int offset) {
  for (size_t k = 0; k < 16; k++) {
    codes[k] = (int8_t)((bytes[k] & 0xF) - offset);
    codes[k + 16] = (int8_t)((bytes[k] >> 4) - offset);
  }
}

// Nibbles whose fifth bits are the 32 bits at `high`.
static inline void five_bits(const uint8_t *restrict high, const uint8_t *restrict bytes, int8_t *restrict codes, int offset) {
  uint32_t bits;
  memcpy(&bits, high, 4);
  nibbles(bytes, codes, 0);
  for (size_t k = 0; k < 32; k++) codes[k] = (int8_t)((codes[k] | (int)(bits >> k & 1) << 4) - offset);
}

static const int8_t iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

// Q4_K and Q5_K: 8 scales and 8 minimums of 6 bits in 12 bytes. The first four of each are the low bits of bytes 0 ..< 8;
// the others have their low nibbles in bytes 8 ..< 12 and their high bits above the first four.
static inline void scales_of_six_bits(const uint8_t *packed, float d, float least, float *scales, float *minimums) {
  for (size_t g = 0; g < 4; g++) {
    scales[g] = d * (float)(packed[g] & 63);
    minimums[g] = -(least * (float)(packed[g + 4] & 63));
    scales[g + 4] = d * (float)((packed[g + 8] & 0xF) | packed[g] >> 6 << 4);
    minimums[g + 4] = -(least * (float)(packed[g + 8] >> 4 | packed[g + 4] >> 6 << 4));
  }
}

// 16 bytes of scale and minimum (4 bits each), 64 bytes of 2-bit codes, f16 factors of both.
static inline void expand_q2_k(const uint8_t *restrict block, int8_t *restrict codes, float *scales, float *minimums) {
  float d = half_at(block + 80), least = half_at(block + 82);
  for (size_t g = 0; g < 16; g++) {
    scales[g] = d * (float)(block[g] & 0xF);
    minimums[g] = -(least * (float)(block[g] >> 4));
  }
  const uint8_t *restrict bytes = block + 16;
  for (size_t k = 0; k < 256; k++) codes[k] = bytes[k / 128 * 32 + k % 32] >> k % 128 / 32 * 2 & 3;
}

// 32 bytes of high bits, 64 bytes of low 2 bits, 12 bytes of 6-bit scales less 32, an f16 factor. A high bit that is not
// set takes 4 off.
static inline void expand_q3_k(const uint8_t *restrict block, int8_t *restrict codes, float *scales) {
  const uint8_t *low = block + 32, *packed = block + 96;
  float d = half_at(block + 108);
  for (size_t g = 0; g < 16; g++) {
    int scale = (g < 8 ? packed[g] & 0xF : packed[g - 8] >> 4) | (packed[8 + g % 4] >> g / 4 * 2 & 3) << 4;
    scales[g] = d * (float)(scale - 32);
  }
  for (size_t k = 0; k < 256; k++) {
    int high = block[k % 32] >> k / 32 & 1;
    codes[k] = (int8_t)((low[k / 128 * 32 + k % 32] >> k % 128 / 32 * 2 & 3) - (high ? 0 : 4));
  }
}

// f16 factors, 12 bytes of scales and minimums, 128 bytes of nibbles: 32 bytes hold two groups of 32.
static inline void expand_q4_k(const uint8_t *restrict block, int8_t *restrict codes, float *scales, float *minimums) {
  scales_of_six_bits(block + 4, half_at(block), half_at(block + 2), scales, minimums);
  const uint8_t *restrict bytes = block + 16;
  for (size_t pair = 0; pair < 4; pair++, bytes += 32, codes += 64)
    for (size_t k = 0; k < 32; k++) {
      codes[k] = bytes[k] & 0xF;
      codes[k + 32] = bytes[k] >> 4;
    }
}

// As Q4_K, with 32 bytes of fifth bits before the nibbles: bit g of byte k belongs to value k of group g.
static inline void expand_q5_k(const uint8_t *restrict block, int8_t *restrict codes, float *scales, float *minimums) {
  scales_of_six_bits(block + 4, half_at(block), half_at(block + 2), scales, minimums);
  const uint8_t *high = block + 16, *bytes = block + 48;
  for (size_t pair = 0; pair < 4; pair++, bytes += 32, codes += 64)
    for (size_t k = 0; k < 32; k++) {
      codes[k] = (int8_t)((bytes[k] & 0xF) | (high[k] >> 2 * pair & 1) << 4);
      codes[k + 32] = (int8_t)(bytes[k] >> 4 | (high[k] >> (2 * pair + 1) & 1) << 4);
    }
}

// 128 bytes of low nibbles, 64 bytes of high 2 bits, 16 signed scales, an f16 factor; codes less 32.
static inline void expand_q6_k(const uint8_t *restrict block, int8_t *restrict codes, float *scales) {
  float d = half_at(block + 208);
  for (size_t g = 0; g < 16; g++) scales[g] = d * (float)(int8_t)block[192 + g];
  for (size_t half = 0; half < 2; half++, codes += 128) {
    const uint8_t *low = block + half * 64, *high = block + 128 + half * 32;
    for (size_t k = 0; k < 32; k++) {
      codes[k] = (int8_t)(((low[k] & 0xF) | (high[k] & 3) << 4) - 32);
      codes[k + 32] = (int8_t)(((low[k + 32] & 0xF) | (high[k] >> 2 & 3) << 4) - 32);
      codes[k + 64] = (int8_t)((low[k] >> 4 | (high[k] >> 4 & 3) << 4) - 32);
      codes[k + 96] = (int8_t)((low[k + 32] >> 4 | (high[k] >> 6) << 4) - 32);
    }
  }
}

static inline __attribute__((always_inline)) void expand_block(fk_dtype dtype, const void *data, int8_t *codes, float *scales,
                                                               float *minimums) {
  const uint8_t *block = data;
  fk_block_format format = fk_block_format_of(dtype);
  if (!format.has_minimum && format.group > 0) memset(minimums, 0, format.columns / format.group * sizeof(float));
  switch (dtype) {
    case FK_Q4_0:
      scales[0] = half_at(block);
      nibbles(block + 2, codes, 8);
      break;
    case FK_Q4_1:
      scales[0] = half_at(block);
      minimums[0] = half_at(block + 2);
      nibbles(block + 4, codes, 0);
      break;
    case FK_Q5_0:
      scales[0] = half_at(block);
      five_bits(block + 2, block + 6, codes, 16);
      break;
    case FK_Q5_1:
      scales[0] = half_at(block);
      minimums[0] = half_at(block + 2);
      five_bits(block + 4, block + 8, codes, 0);
      break;
    case FK_Q8_0:
      scales[0] = half_at(block);
      memcpy(codes, block + 2, 32);
      break;
    case FK_IQ4_NL:
      scales[0] = half_at(block);
      nibbles(block + 2, codes, 0);
      for (size_t k = 0; k < 32; k++) codes[k] = iq4_values[codes[k]];
      break;
    case FK_Q2_K: expand_q2_k(block, codes, scales, minimums); break;
    case FK_Q3_K: expand_q3_k(block, codes, scales); break;
    case FK_Q4_K: expand_q4_k(block, codes, scales, minimums); break;
    case FK_Q5_K: expand_q5_k(block, codes, scales, minimums); break;
    case FK_Q6_K: expand_q6_k(block, codes, scales); break;
    default: break;
  }
}
