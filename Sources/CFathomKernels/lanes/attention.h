// Attention of 16 lanes, each a query head, over cached rows; see reference/pairs.c. A block of 64 rows is scored, turned
// into weights and mixed before the next is touched, so its rows are read from memory once.

// 32 columns of all lanes at a time: rounded row by row, then turned around.
static void pack_queries(uint32_t *query, const float *const *lanes, size_t width) {
  enum { COLUMNS = 2 * FK_LANES };
  for (size_t k = 0; k < width; k += COLUMNS, query += COLUMNS / 2 * FK_LANES) {
    size_t columns = fk_min(COLUMNS, width - k);
    uint16_t rounded[FK_LANES][COLUMNS] = {0};
    for (size_t lane = 0; lane < FK_LANES; lane++) {
      if (!lanes[lane]) continue;
      const float *x = lanes[lane] + k;
      size_t c = 0;
      for (; c + FK_LANES <= columns; c += FK_LANES) v16_store_bf16(rounded[lane] + c, v16_load(x + c));
      for (; c < columns; c++) rounded[lane][c] = fk_bf16_of(x[c]);
    }
    v16i words[FK_LANES];
#pragma unroll
    for (size_t lane = 0; lane < FK_LANES; lane++) words[lane] = v16i_load(rounded[lane]);
    v16i_transpose(words);
    for (size_t pair = 0; pair < (columns + 1) / 2; pair++) v16i_store(query + pair * FK_LANES, words[pair]);
  }
}

// A block of rows as bfloat16: keys at `keys`, values at `values`, `stride` bytes from row to row. The keys of the block behind it
// are at `next`, where they are read in place; else these are its own.
typedef struct {
  const uint8_t *keys, *values, *next;
  size_t stride, rows, first;
} cached_block;

FK_INLINE void gather_part(uint16_t *to, const fk_cache *cache, const uint8_t *row, fk_part part) {
  if (cache->dtype == FK_BF16) {
    memcpy(to, row + 2 * part.begin, 2 * part.width);
    return;
  }
  float scale = fk_part_scale(cache, row, part);
  size_t size = fk_element_bytes(cache->dtype), c = 0;
  for (; c + FK_LANES <= part.width; c += FK_LANES)
    v16_store_bf16(to + c, v16_mul(load_elements(row + (part.begin + c) * size, cache->dtype), v16_set(scale)));
  for (; c < part.width; c++)
    to[c] = fk_bf16_of(fk_load_element(row, cache->dtype, part.begin + c) * scale);
}

static inline size_t gathered_stride(size_t key_width, size_t value_width) {
  return ((key_width + 31) & ~(size_t)31) + fk_mixed_stride(value_width);
}

// Rows that lie side by side as bfloat16 are read where they are; others are gathered first.
FK_INLINE cached_block take_block(const fk_lanes *lanes, const fk_cache *cache, size_t begin, size_t end,
                                  uint16_t *space) {
  size_t width = lanes->key_a.width + lanes->key_b.width;
  int in_place = cache->dtype == FK_BF16 && !lanes->rows && cache->page_tokens % FK_BLOCK_ROWS == 0 && width % 2 == 0 &&
                 lanes->value.width % FK_LANES == 0 &&
                 (lanes->key_b.width == 0 || lanes->key_b.begin == lanes->key_a.begin + lanes->key_a.width);
  if (in_place) {
    const uint8_t *row = fk_cache_row(cache, begin), *next = end < lanes->end ? fk_cache_row(cache, end) : row;
    return (cached_block){row + 2 * lanes->key_a.begin, row + 2 * lanes->value.begin, next + 2 * lanes->key_a.begin,
                          cache->row_bytes, end - begin, begin};
  }
  size_t stride = gathered_stride(width, lanes->value.width), values = stride - fk_mixed_stride(lanes->value.width);
  for (size_t t = begin; t < end; t++) {
    const uint8_t *row = fk_cache_row(cache, lanes->rows ? (size_t)lanes->rows[t] : t);
    uint16_t *to = space + (t - begin) * stride;
    memset(to, 0, 2 * stride);
    gather_part(to, cache, row, lanes->key_a);
    if (lanes->key_b.width > 0) gather_part(to + lanes->key_a.width, cache, row, lanes->key_b);
    gather_part(to + values, cache, row, lanes->value);
  }
  return (cached_block){(uint8_t *)space, (uint8_t *)(space + values), (uint8_t *)space, 2 * stride, end - begin, begin};
}

// scores[t] = key_t . query for rows t ..< t + rows of the block; rows is a constant.
FK_INLINE void score_rows(v16 *scores, const fk_lanes *lanes, const cached_block *block, size_t pairs, size_t t,
                          size_t rows) {
  v16 sums[FK_SCORE_ROWS];
  const uint8_t *key = block->keys + t * block->stride;
  // What is scored next: 16 steps are a line of each row.
  const uint8_t *next = t + 2 * rows <= block->rows ? key + rows * block->stride : block->next;
#pragma unroll
  for (size_t r = 0; r < rows; r++) sums[r] = v16_set(0);
  for (size_t k = 0; k < pairs; k++) {
    v16i query = v16i_load(lanes->query + k * FK_LANES);
    if (rows == FK_SCORE_ROWS && k % FK_LANES < rows) __builtin_prefetch(next + k % FK_LANES * block->stride + k / FK_LANES * 64);
#pragma unroll
    for (size_t r = 0; r < rows; r++)
      sums[r] = v16_dot_pairs(sums[r], query, v16i_broadcast(key + r * block->stride + 4 * k));
  }
#pragma unroll
  for (size_t r = 0; r < rows; r++) scores[t + r] = sums[r];
}

FK_INLINE void score_block(v16 *scores, const fk_lanes *lanes, const cached_block *block) {
  size_t pairs = (lanes->key_a.width + lanes->key_b.width + 1) / 2, t = 0;
  unsigned state = v16_flush_begin();
  for (; t + FK_SCORE_ROWS <= block->rows; t += FK_SCORE_ROWS) score_rows(scores, lanes, block, pairs, t, FK_SCORE_ROWS);
  for (; t + 4 <= block->rows; t += 4) score_rows(scores, lanes, block, pairs, t, 4);
  for (; t < block->rows; t++) score_rows(scores, lanes, block, pairs, t, 1);
  v16_flush_end(state);
}

// Turns scores into weights relative to the largest so far, pairs of rows side by side; returns the correction for what
// was mixed before.
FK_INLINE v16 weigh_block(v16i *weights, v16 *scores, const fk_lanes *lanes, const cached_block *block, fk_mix *mix) {
  v16i limits = v16i_load(lanes->limits);
  v16 before = v16_load(mix->maximum), maximum = before, none = v16_set(FK_NO_MAXIMUM);
  for (size_t t = 0; t < block->rows; t++) {
    scores[t] = v16_where_greater(limits, v16i_set((int32_t)(block->first + t)), v16_mul(scores[t], v16_set(lanes->scale)),
                                  none);
    maximum = v16_max(scores[t], maximum);
  }
  v16 correction = v16_exp(v16_sub(before, maximum));
  v16 sum = v16_mul(v16_load(mix->sum), correction);
  for (size_t t = 0; t < block->rows; t++) {
    v16 weight = v16_exp(v16_sub(scores[t], maximum));
    weight = v16_where_greater(limits, v16i_set((int32_t)(block->first + t)), weight, v16_set(0));
    v16i rounded = v16i_round_bf16(weight);  // in the high halves
    sum = v16_add(sum, v16_cast(rounded));
    weights[t / 2] = t % 2 ? v16i_or(weights[t / 2], rounded) : v16i_high_to_low(rounded);
  }
  v16_store(mix->maximum, maximum);
  v16_store(mix->sum, sum);
  return correction;
}

// mixed[lane][c] for `groups` times 16 columns and 16 lanes: 16 sums at a time. `groups` is a constant, 1 or 2; two of them are a line
// of each row.
FK_INLINE void mix_columns(float *mixed, size_t mixed_stride, const v16i *weights, const float *correction,
                           const cached_block *block, size_t c, size_t groups) {
  size_t lanes = FK_LANES / groups;
  for (size_t first = 0; first < FK_LANES; first += lanes) {
    float *at = mixed + first * mixed_stride + c;
    v16 sums[FK_LANES][2];
#pragma unroll
    for (size_t l = 0; l < lanes; l++)
#pragma unroll
      for (size_t g = 0; g < groups; g++)
        sums[l][g] = v16_mul(v16_load(at + l * mixed_stride + g * FK_LANES), v16_set(correction[first + l]));
    for (size_t t = 0; t < block->rows; t += 2) {
      const uint8_t *even = block->values + t * block->stride + 2 * c;
      const uint8_t *odd = t + 1 < block->rows ? even + block->stride : even;
      v16i values[2];
#pragma unroll
      for (size_t g = 0; g < groups; g++) values[g] = v16i_interleave(even + 2 * g * FK_LANES, odd + 2 * g * FK_LANES);
      const uint8_t *pair = (const uint8_t *)(weights + t / 2) + 4 * first;
#pragma unroll
      for (size_t l = 0; l < lanes; l++) {
        v16i weight = v16i_broadcast(pair + 4 * l);
#pragma unroll
        for (size_t g = 0; g < groups; g++) sums[l][g] = v16_dot_pairs(sums[l][g], values[g], weight);
      }
    }
#pragma unroll
    for (size_t l = 0; l < lanes; l++)
#pragma unroll
      for (size_t g = 0; g < groups; g++) v16_store(at + l * mixed_stride + g * FK_LANES, sums[l][g]);
  }
}

static void attend_lanes(const fk_lanes *lanes, const fk_cache *cache, fk_mix *mix, void *scratch) {
  size_t stride = fk_mixed_stride(lanes->value.width);
  v16_store(mix->maximum, v16_set(FK_NO_MAXIMUM));
  v16_store(mix->sum, v16_set(0));
  memset(mix->mixed, 0, FK_LANES * stride * sizeof(float));
  for (size_t begin = lanes->begin; begin < lanes->end; begin += FK_BLOCK_ROWS) {
    v16 scores[FK_BLOCK_ROWS];
    v16i weights[FK_BLOCK_ROWS / 2];
    float correction[FK_LANES];
    cached_block block = take_block(lanes, cache, begin, fk_min(begin + FK_BLOCK_ROWS, lanes->end), scratch);
    score_block(scores, lanes, &block);
    v16_store(correction, weigh_block(weights, scores, lanes, &block, mix));
    unsigned state = v16_flush_begin();
    enum { COLUMNS = 2 * FK_LANES };
    size_t c = 0;
    for (; c + COLUMNS <= stride; c += COLUMNS) mix_columns(mix->mixed, stride, weights, correction, &block, c, 2);
    if (c < stride) mix_columns(mix->mixed, stride, weights, correction, &block, c, 1);
    v16_flush_end(state);
  }
}

static void join_mixes(float *const *out, const fk_mix *mixes, size_t count, size_t value_width, size_t lane_begin,
                       size_t lane_end) {
  enum { GROUPS = 4, TOGETHER = 64 };
  size_t stride = fk_mixed_stride(value_width);
  v16 maximum = v16_set(FK_NO_MAXIMUM), sum = v16_set(0);
  for (size_t i = 0; i < count; i++) maximum = v16_max(v16_load(mixes[i].maximum), maximum);
  for (size_t i = 0; i < count; i++)
    sum = v16_fma(v16_load(mixes[i].sum), v16_exp(v16_sub(v16_load(mixes[i].maximum), maximum)), sum);
  float inverses[FK_LANES], factors[TOGETHER][FK_LANES];
  v16_store(inverses, v16_div(v16_set(1.0f), sum));
  for (size_t first = 0; first < count; first += TOGETHER) {
    size_t last = fk_min(first + TOGETHER, count);
    for (size_t i = first; i < last; i++)
      v16_store(factors[i - first], v16_exp(v16_sub(v16_load(mixes[i].maximum), maximum)));
    for (size_t lane = lane_begin; lane < lane_end; lane++) {
      if (!out[lane]) continue;
      for (size_t c = 0; c < value_width; c += GROUPS * FK_LANES) {
        v16 totals[GROUPS];
        size_t groups = fk_min(GROUPS, (value_width - c + FK_LANES - 1) / FK_LANES);
        // Sums that have begun wait in `out`.
        for (size_t g = 0; g < groups; g++) {
          size_t at = c + g * FK_LANES;
          totals[g] = first == 0 ? v16_set(0) : load_tail(out[lane] + at, FK_F32, fk_min(FK_LANES, value_width - at));
        }
        for (size_t i = first; i < last; i++) {
          const float *mixed = mixes[i].mixed + lane * stride + c;
          v16 factor = v16_set(factors[i - first][lane]);
          for (size_t g = 0; g < groups; g++) totals[g] = v16_fma(v16_load(mixed + g * FK_LANES), factor, totals[g]);
        }
        v16 scale = v16_set(last == count ? inverses[lane] : 1.0f);
        for (size_t g = 0; g < groups; g++)
          store_rows(out[lane] + c + g * FK_LANES, v16_mul(totals[g], scale), value_width - c - g * FK_LANES);
      }
    }
  }
}
