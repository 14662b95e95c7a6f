// The meaning of every kernel, as plain loops. Slow on purpose; each variant gives the same bits.
#include "reference.h"

// Adds the products of up to 16 elements to the 16 partial sums; missing elements count as zero.
static void add_products(float *sums, const float *x, const void *w, fk_dtype dtype, size_t offset, size_t count) {
  for (size_t lane = 0; lane < FK_LANES; lane++) {
    float a = lane < count ? x[lane] : 0.0f;
    float b = lane < count ? fk_load_element(w, dtype, offset + lane) : 0.0f;
    sums[lane] = fmaf(a, b, sums[lane]);
  }
}

// Partial sums over x[begin ..< end] and the same columns of a row that starts at element `row`.
static void products(float *sums, const float *x, const void *w, fk_dtype dtype, size_t row, size_t begin, size_t end) {
  for (size_t k = begin; k < end; k += FK_LANES)
    add_products(sums, x + k, w, dtype, row + k, fk_min(FK_LANES, end - k));
}

static float row_dot(const float *x, const fk_matrix *w, size_t n) {
  float total[FK_LANES] = {0};
  if (fk_is_block(w->dtype)) {
    float values[FK_DECODED_COLUMNS];
    for (size_t k = 0; k < w->cols; k += FK_DECODED_COLUMNS) {
      size_t count = fk_min(FK_DECODED_COLUMNS, w->cols - k);
      fk_decode_columns(values, w, n, k, count);
      products(total, x + k, values, FK_F32, 0, 0, count);
    }
    return fk_halve(total);
  }
  if (w->dtype != FK_E4M3) {
    products(total, x, w->data, w->dtype, n * w->cols, 0, w->cols);
    return fk_halve(total);
  }
  for (size_t begin = 0; begin < w->cols; begin += w->block_cols) {
    float block[FK_LANES] = {0};
    products(block, x, w->data, w->dtype, n * w->cols, begin, fk_min(begin + w->block_cols, w->cols));
    float scale = w->scales[n / w->block_rows * w->scale_cols + begin / w->block_cols];
    for (size_t lane = 0; lane < FK_LANES; lane++) total[lane] = fmaf(scale, block[lane], total[lane]);
  }
  return fk_halve(total);
}

static void matmul(float *y, size_t y_stride, const float *x, size_t x_stride, size_t tokens, const fk_matrix *w,
                   size_t row_begin, size_t row_end) {
  for (size_t t = 0; t < tokens; t++)
    for (size_t n = row_begin; n < row_end; n++) y[t * y_stride + n] = row_dot(x + t * x_stride, w, n);
}

static float scale_at(const fk_matrix *w, size_t n, size_t c) {
  return w->dtype == FK_E4M3 ? w->scales[n / w->block_rows * w->scale_cols + c / w->block_cols] : 1.0f;
}

// matmul_rows over blocks, some columns at a time.
static void sum_block_rows(float *y, const float *x, const fk_matrix *w, size_t row_begin, size_t count) {
  float values[FK_DECODED_COLUMNS];
  for (size_t c = 0; c < w->cols; c += FK_DECODED_COLUMNS) {
    size_t width = fk_min(FK_DECODED_COLUMNS, w->cols - c);
    for (size_t k = 0; k < width; k++) y[c + k] = 0;
    for (size_t d = 0; d < count; d++) {
      fk_decode_columns(values, w, row_begin + d, c, width);
      for (size_t k = 0; k < width; k++) y[c + k] = fmaf(x[d], values[k], y[c + k]);
    }
  }
}

static void matmul_rows(float *y, const float *x, const fk_matrix *w, size_t row_begin, size_t count) {
  if (fk_is_block(w->dtype)) {
    sum_block_rows(y, x, w, row_begin, count);
    return;
  }
  for (size_t c = 0; c < w->cols; c++) {
    float sum = 0;
    for (size_t d = 0; d < count; d++) {
      size_t n = row_begin + d;
      sum = fmaf(x[d] * scale_at(w, n, c), fk_load_element(w->data, w->dtype, n * w->cols + c), sum);
    }
    y[c] = sum;
  }
}

static void decode_row(float *y, const fk_matrix *w, size_t row) {
  if (fk_is_block(w->dtype)) {
    fk_decode_columns(y, w, row, 0, w->cols);
    return;
  }
  for (size_t c = 0; c < w->cols; c++)
    y[c] = fk_load_element(w->data, w->dtype, row * w->cols + c) * scale_at(w, row, c);
}

static float dot(const float *x, const float *y, size_t width) {
  float sums[FK_LANES] = {0};
  products(sums, x, y, FK_F32, 0, 0, width);
  return fk_halve(sums);
}

static void rms_norm(float *y, const float *x, const float *weight, size_t width, float eps) {
  float mean = dot(x, x, width) / (float)width;
  float inverse = 1.0f / sqrtf(mean + eps);
  for (size_t k = 0; k < width; k++) y[k] = x[k] * inverse * weight[k];
}

static void swiglu(float *y, const float *gate, const float *up, size_t width, float limit) {
  for (size_t k = 0; k < width; k++) {
    float g = limit < gate[k] ? limit : gate[k], u = limit < up[k] ? limit : up[k];
    u = -limit > u ? -limit : u;
    y[k] = g / (1.0f + fk_exp(-g)) * u;
  }
}

static void add_scaled(float *y, const float *x, float scale, size_t width) {
  for (size_t k = 0; k < width; k++) y[k] = fmaf(scale, x[k], y[k]);
}

static void sigmoid(float *y, const float *x, size_t width) {
  for (size_t k = 0; k < width; k++) y[k] = 1.0f / (1.0f + fk_exp(-x[k]));
}

// y = exp(x - max); returns the sum of y in the fixed order.
static float exponentials(float *y, const float *x, size_t width) {
  float largest = x[0];
  for (size_t k = 1; k < width; k++) largest = largest < x[k] ? x[k] : largest;
  float sums[FK_LANES] = {0};
  for (size_t k = 0; k < width; k++) {
    y[k] = fk_exp(x[k] - largest);
    sums[k % FK_LANES] += y[k];
  }
  return fk_halve(sums);
}

static void softmax(float *y, const float *x, size_t width) {
  float inverse = 1.0f / exponentials(y, x, width);
  for (size_t k = 0; k < width; k++) y[k] *= inverse;
}

static void add_part(float *total, const float *query, const fk_cache *cache, const uint8_t *row, fk_part part) {
  float sums[FK_LANES] = {0};
  products(sums, query, row, cache->dtype, part.begin, 0, part.width);
  float scale = fk_part_scale(cache, row, part);
  for (size_t lane = 0; lane < FK_LANES; lane++) total[lane] = fmaf(scale, sums[lane], total[lane]);
}

static void attend(const fk_head *head, const fk_cache *cache) {
  for (size_t t = 0; t < head->count; t++) {
    const uint8_t *row = fk_head_row(head, cache, t);
    float total[FK_LANES] = {0};
    add_part(total, head->query_a, cache, row, head->key_a);
    if (head->key_b.width > 0) add_part(total, head->query_b, cache, row, head->key_b);
    head->scores[t] = fk_halve(total) * head->scale;
  }
  float inverse = 1.0f / exponentials(head->scores, head->scores, head->count);
  for (size_t d = 0; d < head->value.width; d++) {
    float sum = 0;
    for (size_t t = 0; t < head->count; t++) {
      const uint8_t *row = fk_head_row(head, cache, t);
      float weight = head->scores[t] * fk_part_scale(cache, row, head->value);
      sum = fmaf(weight, fk_load_element(row, cache->dtype, head->value.begin + d), sum);
    }
    head->out[d] = sum * inverse;
  }
}

const fk_kernels fk_reference_kernels = {matmul, matmul_rows, decode_row, rms_norm, swiglu,
                                         add_scaled, sigmoid, softmax, attend, dot,
                                         fk_reference_encode_codes, fk_reference_matmul_codes,
                                         fk_reference_encode_bf16, fk_reference_matmul_bf16,
                                         fk_reference_pack_queries, fk_reference_attend_lanes,
                                         fk_reference_join_mixes};
