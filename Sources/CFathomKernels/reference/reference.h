// What the files of the reference share.
#ifndef FATHOM_REFERENCE_H
#define FATHOM_REFERENCE_H

#include <float.h>

#include "../scalar.h"

void fk_reference_encode_codes(uint8_t *row, const float *x, size_t columns, size_t begin, size_t end);
void fk_reference_matmul_codes(float *y, size_t y_stride, const fk_codes *x, size_t tokens, const fk_matrix *w,
                               size_t row_begin, size_t row_end);
void fk_reference_encode_bf16(uint16_t *y, const float *x, size_t width);
void fk_reference_matmul_bf16(float *y, size_t y_stride, const uint16_t *x, size_t x_stride, size_t tokens,
                              const fk_matrix *w, size_t row_begin, size_t row_end);
void fk_reference_pack_queries(uint32_t *query, const float *const *lanes, size_t width);
void fk_reference_attend_lanes(const fk_lanes *lanes, const fk_cache *cache, fk_mix *mix, void *scratch);
void fk_reference_join_mixes(float *const *out, const fk_mix *mixes, size_t count, size_t value_width,
                             size_t lane_begin, size_t lane_end);

static inline float fk_flushed(float x) { return fabsf(x) < FLT_MIN ? copysignf(0, x) : x; }

static inline float fk_fma_flushed(float a, float b, float sum) {
  return fk_flushed(fmaf(fk_flushed(a), fk_flushed(b), fk_flushed(sum)));
}

// Adds the products of a bfloat16 pair, the odd element first.
static inline float fk_add_pair(float sum, float a0, float a1, float b0, float b1) {
  return fk_fma_flushed(a0, b0, fk_fma_flushed(a1, b1, sum));
}

// Halves 16 partial sums to one.
static inline float fk_halve(float *sums) {
  for (size_t half = FK_LANES / 2; half > 0; half /= 2)
    for (size_t lane = 0; lane < half; lane++) sums[lane] += sums[lane + half];
  return sums[0];
}

#endif
