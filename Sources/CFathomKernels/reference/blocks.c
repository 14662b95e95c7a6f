// Blocks of quantised formats: small integers that share a scale.
#include "../include/CFathomKernels.h"

#include <string.h>

static float half_at(const uint8_t *p) {
  uint16_t bits;
  memcpy(&bits, p, 2);
  return fk_decode_f16(bits);
}

fk_block_format fk_block_format_of(fk_dtype dtype) {
  switch (dtype) {
    case FK_Q4_0: return (fk_block_format){32, 18, 32, 0};
    case FK_Q8_0: return (fk_block_format){32, 34, 32, 0};
    default: return (fk_block_format){0, 0, 0, 0};
  }
}

// f16 scale; 16 bytes: low nibbles are values 0 ..< 16, high ones 16 ..< 32, both less 8.
static void expand_q4_0(const uint8_t *block, int8_t *codes, float *scales) {
  scales[0] = half_at(block);
  for (size_t k = 0; k < 16; k++) {
    codes[k] = (int8_t)((block[2 + k] & 0xF) - 8);
    codes[k + 16] = (int8_t)((block[2 + k] >> 4) - 8);
  }
}

// f16 scale; 32 signed bytes.
static void expand_q8_0(const uint8_t *block, int8_t *codes, float *scales) {
  scales[0] = half_at(block);
  memcpy(codes, block + 2, 32);
}

void fk_expand_block(fk_dtype dtype, const void *block, int8_t *codes, float *scales, float *minimums) {
  minimums[0] = 0;
  switch (dtype) {
    case FK_Q4_0: expand_q4_0(block, codes, scales); break;
    case FK_Q8_0: expand_q8_0(block, codes, scales); break;
    default: break;
  }
}
