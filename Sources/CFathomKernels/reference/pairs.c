// The meaning of products of bfloat16 pairs: the arithmetic of AVX-512's VDPBF16PS.
#include "reference.h"

void fk_reference_encode_bf16(uint16_t *y, const float *x, size_t width) {
  for (size_t k = 0; k < width; k++) y[k] = fk_encode_bf16(x[k]);
}

static float weight_at(const fk_matrix *w, size_t n, size_t k, size_t end) {
  return k < end ? fk_load_element(w->data, w->dtype, n * w->cols + k) : 0.0f;
}

static void add_pairs(float *sums, const uint16_t *x, const fk_matrix *w, size_t n, size_t begin, size_t end) {
  for (size_t k = begin; k < end; k += 2) {
    float x1 = k + 1 < end ? fk_decode_bf16(x[k + 1]) : 0.0f;
    float *sum = sums + (k - begin) / 2 % FK_LANES;
    *sum = fk_add_pair(*sum, fk_decode_bf16(x[k]), x1, weight_at(w, n, k, end), weight_at(w, n, k + 1, end));
  }
}

static float row_dot(const uint16_t *x, const fk_matrix *w, size_t n) {
  float total[FK_LANES] = {0};
  if (w->dtype == FK_BF16) {
    add_pairs(total, x, w, n, 0, w->cols);
    return fk_halve(total);
  }
  for (size_t begin = 0; begin < w->cols; begin += w->block_cols) {
    float block[FK_LANES] = {0};
    add_pairs(block, x, w, n, begin, fk_min(begin + w->block_cols, w->cols));
    float scale = w->scales[n / w->block_rows * w->scale_cols + begin / w->block_cols];
    for (size_t lane = 0; lane < FK_LANES; lane++) total[lane] = fmaf(scale, block[lane], total[lane]);
  }
  return fk_halve(total);
}

void fk_reference_matmul_bf16(float *y, size_t y_stride, const uint16_t *x, size_t x_stride, size_t tokens,
                              const fk_matrix *w, size_t row_begin, size_t row_end) {
  for (size_t t = 0; t < tokens; t++)
    for (size_t n = row_begin; n < row_end; n++) y[t * y_stride + n] = row_dot(x + t * x_stride, w, n);
}

void fk_reference_pack_queries(uint32_t *query, const float *const *lanes, size_t width) {
  for (size_t lane = 0; lane < FK_LANES; lane++) {
    const float *x = lanes[lane];
    for (size_t k = 0; k < width; k += 2) {
      uint32_t even = x ? fk_encode_bf16(x[k]) : 0, odd = x && k + 1 < width ? fk_encode_bf16(x[k + 1]) : 0;
      query[k / 2 * FK_LANES + lane] = even | odd << 16;
    }
  }
}

static float low_half(uint32_t pair) { return fk_decode_bf16((uint16_t)pair); }
static float high_half(uint32_t pair) { return fk_decode_bf16((uint16_t)(pair >> 16)); }

// Element `index` of a part of a cached row, exact in bfloat16 for every type of cache but f32.
static float cached(const fk_cache *cache, const uint8_t *row, fk_part part, size_t index) {
  return fk_load_element(row, cache->dtype, part.begin + index) * fk_part_scale(cache, row, part);
}

static float key_at(const fk_lanes *lanes, const fk_cache *cache, const uint8_t *row, size_t k) {
  if (k < lanes->key_a.width) return cached(cache, row, lanes->key_a, k);
  k -= lanes->key_a.width;
  return k < lanes->key_b.width ? cached(cache, row, lanes->key_b, k) : 0.0f;
}

static const uint8_t *lane_row(const fk_lanes *lanes, const fk_cache *cache, size_t t) {
  return fk_cache_row(cache, lanes->rows ? (size_t)lanes->rows[t] : t);
}

// One block of rows for one lane.
static void attend_block(const fk_lanes *lanes, const fk_cache *cache, fk_mix *mix, size_t lane, size_t begin,
                         size_t end) {
  size_t width = lanes->key_a.width + lanes->key_b.width;
  float weights[FK_BLOCK_ROWS] = {0};
  float maximum = mix->maximum[lane];
  for (size_t t = begin; t < end; t++) {
    const uint8_t *row = lane_row(lanes, cache, t);
    float score = 0;
    for (size_t k = 0; k < width; k += 2) {
      uint32_t pair = lanes->query[k / 2 * FK_LANES + lane];
      score = fk_add_pair(score, low_half(pair), high_half(pair), key_at(lanes, cache, row, k),
                       key_at(lanes, cache, row, k + 1));
    }
    score = (int32_t)t < lanes->limits[lane] ? score * lanes->scale : FK_NO_MAXIMUM;
    weights[t - begin] = score;
    maximum = score > maximum ? score : maximum;
  }
  float correction = fk_exp(mix->maximum[lane] - maximum);
  float sum = mix->sum[lane] * correction;
  for (size_t t = begin; t < end; t++) {
    float weight = (int32_t)t < lanes->limits[lane] ? fk_exp(weights[t - begin] - maximum) : 0;
    weights[t - begin] = fk_decode_bf16(fk_encode_bf16(weight));
    sum += weights[t - begin];
  }
  mix->maximum[lane] = maximum;
  mix->sum[lane] = sum;
  float *mixed = mix->mixed + lane * fk_mixed_stride(lanes->value.width);
  for (size_t c = 0; c < lanes->value.width; c++) {
    float total = mixed[c] * correction;
    for (size_t t = begin; t < end; t += 2) {
      // A pair beyond the last row repeats it with the weight zero.
      size_t odd = t + 1 < end ? t + 1 : t;
      total = fk_add_pair(total, weights[t - begin], t + 1 < end ? weights[t + 1 - begin] : 0,
                       cached(cache, lane_row(lanes, cache, t), lanes->value, c),
                       cached(cache, lane_row(lanes, cache, odd), lanes->value, c));
    }
    mixed[c] = total;
  }
}

void fk_reference_attend_lanes(const fk_lanes *lanes, const fk_cache *cache, fk_mix *mix, void *scratch) {
  (void)scratch;
  for (size_t lane = 0; lane < FK_LANES; lane++) {
    mix->maximum[lane] = FK_NO_MAXIMUM;
    mix->sum[lane] = 0;
  }
  memset(mix->mixed, 0, FK_LANES * fk_mixed_stride(lanes->value.width) * sizeof(float));
  for (size_t begin = lanes->begin; begin < lanes->end; begin += FK_BLOCK_ROWS)
    for (size_t lane = 0; lane < FK_LANES; lane++)
      attend_block(lanes, cache, mix, lane, begin, fk_min(begin + FK_BLOCK_ROWS, lanes->end));
}

void fk_reference_join_mixes(float *const *out, const fk_mix *mixes, size_t count, size_t value_width,
                             size_t lane_begin, size_t lane_end) {
  size_t stride = fk_mixed_stride(value_width);
  for (size_t lane = lane_begin; lane < lane_end; lane++) {
    if (!out[lane]) continue;
    float maximum = FK_NO_MAXIMUM, sum = 0;
    for (size_t i = 0; i < count; i++) maximum = mixes[i].maximum[lane] > maximum ? mixes[i].maximum[lane] : maximum;
    for (size_t i = 0; i < count; i++) sum = fmaf(mixes[i].sum[lane], fk_exp(mixes[i].maximum[lane] - maximum), sum);
    for (size_t c = 0; c < value_width; c++) {
      float total = 0;
      for (size_t i = 0; i < count; i++)
        total = fmaf(mixes[i].mixed[lane * stride + c], fk_exp(mixes[i].maximum[lane] - maximum), total);
      out[lane][c] = total * (1.0f / sum);
    }
  }
}
