// Arithmetic on single values, shared by the reference loops and by the tails of the fast ones.
#ifndef FATHOM_SCALAR_H
#define FATHOM_SCALAR_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "include/CFathomKernels.h"

#pragma STDC FP_CONTRACT OFF

// exp(x) = 2^n * exp(r), |r| <= ln 2 / 2; a polynomial of degree 6, below 2 ulp. Arguments are clamped so that the result
// is a normal float.
#define FK_EXP_HIGH 88.02f
#define FK_EXP_LOW -87.33f
#define FK_EXP_LOG2E 1.44269504f
#define FK_EXP_MAGIC 12582912.0f  // 1.5 * 2^23: adding it rounds to the nearest integer
#define FK_EXP_LN2_HIGH 0.693145752f
#define FK_EXP_LN2_LOW 1.42860677e-6f
#define FK_EXP_C6 1.3888889e-3f
#define FK_EXP_C5 8.3333333e-3f
#define FK_EXP_C4 4.1666667e-2f
#define FK_EXP_C3 1.6666667e-1f
#define FK_EXP_C2 0.5f

static inline float fk_exp(float x) {
  x = FK_EXP_HIGH < x ? FK_EXP_HIGH : x;
  x = FK_EXP_LOW > x ? FK_EXP_LOW : x;
  float shifted = fmaf(x, FK_EXP_LOG2E, FK_EXP_MAGIC);
  float n = shifted - FK_EXP_MAGIC;
  float r = fmaf(n, -FK_EXP_LN2_HIGH, x);
  r = fmaf(n, -FK_EXP_LN2_LOW, r);
  float p = FK_EXP_C6;
  p = fmaf(p, r, FK_EXP_C5);
  p = fmaf(p, r, FK_EXP_C4);
  p = fmaf(p, r, FK_EXP_C3);
  p = fmaf(p, r, FK_EXP_C2);
  p = fmaf(p, r, 1.0f);
  p = fmaf(p, r, 1.0f);
  // The low bits of `shifted` hold n; moved into the exponent they make 2^n.
  uint32_t bits;
  memcpy(&bits, &shifted, 4);
  bits = (bits << 23) + 0x3F800000u;
  float power;
  memcpy(&power, &bits, 4);
  return p * power;
}

// Rounded to bfloat16, nearest even; NaN keeps its sign and stays a NaN. In a loop it becomes vectors.
static inline uint16_t fk_bf16_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  uint32_t rounded = (bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16, quiet = bits >> 16 | 0x40u;
  return (uint16_t)((bits & 0x7FFFFFFFu) > 0x7F800000u ? quiet : rounded);
}

// Below every score: the maximum of a lane that has seen no row.
#define FK_NO_MAXIMUM -1e30f

static inline size_t fk_min(size_t a, size_t b) { return a < b ? a : b; }

static inline size_t fk_element_bytes(fk_dtype dtype) {
  return dtype == FK_F32 ? 4 : dtype == FK_E4M3 ? 1 : 2;
}

static inline float fk_load_element(const void *data, fk_dtype dtype, size_t index) {
  switch (dtype) {
    case FK_F32: {
      float value;
      memcpy(&value, (const char *)data + 4 * index, 4);
      return value;
    }
    case FK_F16:
    case FK_BF16: {
      uint16_t bits;
      memcpy(&bits, (const char *)data + 2 * index, 2);
      return dtype == FK_F16 ? fk_decode_f16(bits) : fk_decode_bf16(bits);
    }
    default:
      return fk_decode_e4m3(((const uint8_t *)data)[index]);
  }
}

// Columns of blocks and panels that are decoded at a time.
enum { FK_DECODED_COLUMNS = 256 };

// Where block `b` of a panel of 4 or 8 bits is: two blocks have their scales in one line, before the codes of both.
static inline size_t fk_panel_scales(size_t bits, size_t b) { return b / 2 * (64 + 128 * bits) + b % 2 * 32; }
static inline size_t fk_panel_codes(size_t bits, size_t b) {
  return b / 2 * (64 + 128 * bits) + 64 + b % 2 * 64 * bits;
}

static inline int fk_is_panel(fk_dtype dtype) { return dtype == FK_Q4_PANEL || dtype == FK_Q8_PANEL; }

static inline int fk_is_block(fk_dtype dtype) { return dtype >= FK_Q4_0; }

// Decodes columns begin ..< begin + count of a row in blocks or panels; both are multiples of the block.
void fk_decode_columns(float *y, const fk_matrix *w, size_t row, size_t begin, size_t count);

static inline const uint8_t *fk_cache_row(const fk_cache *cache, size_t t) {
  return cache->pages[t / cache->page_tokens] + cache->layer_offset + (t % cache->page_tokens) * cache->row_bytes;
}

// Row number i among those a head looks at.
static inline const uint8_t *fk_head_row(const fk_head *head, const fk_cache *cache, size_t i) {
  return fk_cache_row(cache, head->rows ? (size_t)head->rows[i] : i);
}

static inline float fk_part_scale(const fk_cache *cache, const uint8_t *row, fk_part part) {
  return cache->dtype == FK_E4M3 ? fk_decode_e8m0(row[cache->scale_offset + part.index]) : 1.0f;
}

#endif
