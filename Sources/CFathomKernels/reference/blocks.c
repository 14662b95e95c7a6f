// Blocks of quantised formats: small integers that share a scale, as GGUF files hold them.
#include "../blocks.h"

fk_block_format fk_block_format_of(fk_dtype dtype) {
  switch (dtype) {
    case FK_Q4_0: return (fk_block_format){32, 18, 32, 0};
    case FK_Q4_1: return (fk_block_format){32, 20, 32, 1};
    case FK_Q5_0: return (fk_block_format){32, 22, 32, 0};
    case FK_Q5_1: return (fk_block_format){32, 24, 32, 1};
    case FK_Q8_0: return (fk_block_format){32, 34, 32, 0};
    case FK_IQ4_NL: return (fk_block_format){32, 18, 32, 0};
    case FK_Q2_K: return (fk_block_format){256, 84, 16, 1};
    case FK_Q3_K: return (fk_block_format){256, 110, 16, 0};
    case FK_Q4_K: return (fk_block_format){256, 144, 32, 1};
    case FK_Q5_K: return (fk_block_format){256, 176, 32, 1};
    case FK_Q6_K: return (fk_block_format){256, 210, 16, 0};
    default: return (fk_block_format){0, 0, 0, 0};
  }
}

void fk_expand_block(fk_dtype dtype, const void *block, int8_t *codes, float *scales, float *minimums) {
  expand_block(dtype, block, codes, scales, minimums);
}
