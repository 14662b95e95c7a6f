// Products of packed matrices, over the v16 of an instruction set: see lanes/kernels.h. A panel holds FT_LEFT or FT_RIGHT
// rows; for each column of the contraction (each pair of columns in bfloat16) it has a word for each of its rows. One
// register of 16 words of the right side meets one word after the other of the left.
//
// The order of a sum depends on the contraction alone: blocks of columns one after the other, in a block one column (pair)
// after the other, each by a fused multiply-add to a sum that starts at zero and is then added to what was there.

enum { FT_RIGHT = FT_RIGHT_LANES * FK_LANES };

#ifndef FT_ROUNDS_PAIRS
FK_INLINE void round_half(uint16_t *to, v16 x) {
  float values[FK_LANES];
  v16_store(values, x);
  for (size_t i = 0; i < FK_LANES; i++) to[i] = fk_bf16_of(fabsf(values[i]) < FLT_MIN ? 0 : values[i]);
}
// 32 values as bfloat16, nearest even, subnormal ones as zero: those of a, then those of b.
FK_INLINE v16i v16i_bf16_of(v16 a, v16 b) {
  uint16_t halves[2 * FK_LANES];
  round_half(halves, a);
  round_half(halves + FK_LANES, b);
  return v16i_load(halves);
}
// Element i of a beside element i of b, rounded alike.
FK_INLINE v16i v16i_bf16_pairs(v16 a, v16 b) {
  uint16_t even[FK_LANES], odd[FK_LANES];
  round_half(even, a);
  round_half(odd, b);
  return v16i_interleave(even, odd);
}
#endif

// Up to 16 rows, and columns k ..< k + depth of a side: 16 columns in f32, 32 in bfloat16, turned so that word j of a row becomes
// register j of all rows. Missing rows and columns are zeros.
FK_INLINE void turned_block(v16i *words, const ft_side *side, int is_f32, size_t i, size_t rows, size_t k, size_t depth) {
  enum { ROUNDED = 2 * FK_LANES };
  const float *from = side->data + i * side->row_stride + k * side->depth_stride;
  if (rows == FK_LANES && side->row_stride == 1) {
    for (size_t c = 0; c < FK_LANES; c++) {
      if (is_f32) {
        words[c] = c < depth ? v16i_load(from + c * side->depth_stride) : v16i_set(0);
        continue;
      }
      v16 even = 2 * c < depth ? v16_load(from + 2 * c * side->depth_stride) : v16_set(0);
      v16 odd = 2 * c + 1 < depth ? v16_load(from + (2 * c + 1) * side->depth_stride) : v16_set(0);
      words[c] = v16i_bf16_pairs(even, odd);
    }
    return;
  }
  size_t columns = is_f32 ? FK_LANES : ROUNDED;
  float block[FK_LANES][ROUNDED];
  size_t stride = side->row_stride;
  if (rows < FK_LANES || depth < columns || side->depth_stride != 1) {
    memset(block, 0, sizeof block);
    for (size_t r = 0; r < rows; r++)
      for (size_t c = 0; c < depth; c++) block[r][c] = from[r * side->row_stride + c * side->depth_stride];
    from = block[0];
    stride = ROUNDED;
  }
#pragma unroll
  for (size_t r = 0; r < FK_LANES; r++) {
    const float *row = from + r * stride;
    words[r] = is_f32 ? v16i_load(row) : v16i_bf16_of(v16_load(row), v16_load(row + FK_LANES));
  }
  v16i_transpose(words);
}

// Rows i ..< i + rows (at most 16), columns k ..< k + depth: written from lane 0 of a panel on.
FK_INLINE void pack_rows(uint32_t *panel, size_t panel_rows, const ft_side *side, int is_f32, size_t i, size_t rows,
                         size_t k, size_t depth) {
  size_t step = is_f32 ? FK_LANES : 2 * FK_LANES;
  for (size_t c = 0; c < depth; c += step) {
    v16i words[FK_LANES];
    size_t count = fk_min(step, depth - c), steps = is_f32 ? count : (count + 1) / 2;
    turned_block(words, side, is_f32, i, rows, k + c, count);
    for (size_t j = 0; j < steps; j++) v16i_store(panel + j * panel_rows, words[j]);
    panel += steps * panel_rows;
  }
}

static void ft_pack(uint32_t *packed, const ft_side *side, ft_rounding rounding, size_t panel, size_t row_begin,
                    size_t row_end, size_t depth_begin, size_t depth) {
  size_t words = panel * (rounding == FT_F32 ? depth : (depth + 1) / 2);
  float rounded[FT_TILE * FT_RIGHT];
  for (size_t i = row_begin; i < row_end; i += panel, packed += words) {
    ft_side from = *side;
    size_t rows = fk_min(panel, row_end - i), first = i, begin = depth_begin;
    if (rounding >= FT_E4M3_ROWS) {
      round_rows(rounded, side, rounding, i, rows, depth_begin, depth);
      from = (ft_side){rounded, FT_TILE, 1, rows, depth};
      first = begin = 0;
    }
    // 16 rows at a time; what a smaller panel has no room for is overwritten by its next column.
    for (size_t r = 0; r < panel; r += FK_LANES) {
      size_t left = first + r < from.rows ? from.rows - first - r : 0;
      if (rounding == FT_F32)
        pack_rows(packed + r, panel, &from, 1, first + r, fk_min(FK_LANES, left), begin, depth);
      else
        pack_rows(packed + r, panel, &from, 0, first + r, fk_min(FK_LANES, left), begin, depth);
    }
  }
}

FK_INLINE void product_tile(float *c, size_t c_stride, const uint32_t *left, const uint32_t *right, int is_f32,
                            size_t depth, int accumulate) {
  v16 sums[FT_LEFT][FT_RIGHT_LANES];
#pragma unroll
  for (size_t r = 0; r < FT_LEFT; r++)
#pragma unroll
    for (size_t l = 0; l < FT_RIGHT_LANES; l++) sums[r][l] = v16_set(0);
  size_t steps = is_f32 ? depth : (depth + 1) / 2;
  unsigned state = is_f32 ? 0 : v16_flush_begin();
  for (size_t k = 0; k < steps; k++, left += FT_LEFT, right += FT_RIGHT) {
    v16i columns[FT_RIGHT_LANES];
#pragma unroll
    for (size_t l = 0; l < FT_RIGHT_LANES; l++) columns[l] = v16i_load(right + l * FK_LANES);
#pragma unroll
    for (size_t r = 0; r < FT_LEFT; r++) {
      v16i one = v16i_broadcast(left + r);
#pragma unroll
      for (size_t l = 0; l < FT_RIGHT_LANES; l++)
        sums[r][l] = is_f32 ? v16_fma(v16_cast(one), v16_cast(columns[l]), sums[r][l])
                            : v16_dot_pairs(sums[r][l], one, columns[l]);
    }
  }
  if (!is_f32) v16_flush_end(state);
#pragma unroll
  for (size_t r = 0; r < FT_LEFT; r++)
#pragma unroll
    for (size_t l = 0; l < FT_RIGHT_LANES; l++) {
      float *at = c + r * c_stride + l * FK_LANES;
      v16_store(at, accumulate ? v16_add(v16_load(at), sums[r][l]) : sums[r][l]);
    }
}

FK_INLINE void multiply_panels(float *c, size_t c_stride, const uint32_t *left, const uint32_t *right, int is_f32,
                               size_t rows, size_t columns, size_t depth, int accumulate) {
  size_t steps = is_f32 ? depth : (depth + 1) / 2;
  for (size_t j = 0; j < columns; j += FT_RIGHT) {
    const uint32_t *panel = right + j * steps;
    for (size_t i = 0; i < rows; i += FT_LEFT) {
      float *at = c + i * c_stride + j;
      if (i + FT_LEFT <= rows && j + FT_RIGHT <= columns) {
        product_tile(at, c_stride, left + i * steps, panel, is_f32, depth, accumulate);
        continue;
      }
      float edge[FT_LEFT * FT_RIGHT];
      product_tile(edge, FT_RIGHT, left + i * steps, panel, is_f32, depth, 0);
      for (size_t r = 0; r < fk_min(FT_LEFT, rows - i); r++)
        for (size_t l = 0; l < fk_min(FT_RIGHT, columns - j); l++) {
          float sum = edge[r * FT_RIGHT + l];
          at[r * c_stride + l] = accumulate ? at[r * c_stride + l] + sum : sum;
        }
    }
  }
}

static void ft_multiply(float *c, size_t c_stride, const uint32_t *left, const uint32_t *right, ft_rounding rounding,
                        size_t rows, size_t columns, size_t depth, int accumulate) {
  if (rounding == FT_F32)
    multiply_panels(c, c_stride, left, right, 1, rows, columns, depth, accumulate);
  else
    multiply_panels(c, c_stride, left, right, 0, rows, columns, depth, accumulate);
}

// 16 values of an AdamW step.
FK_INLINE void adam_lanes(float *value, const float *gradient, float *m, float *v, const ft_adam *step) {
  v16 g = v16_load(gradient);
  v16 first = v16_add(v16_mul(v16_set(step->beta1), v16_load(m)), v16_mul(v16_set(1.0f - step->beta1), g));
  v16 second = v16_add(v16_mul(v16_set(step->beta2), v16_load(v)), v16_mul(v16_mul(v16_set(1.0f - step->beta2), g), g));
  v16 root = v16_add(v16_sqrt(v16_mul(second, v16_set(1.0f / step->correction2))), v16_set(step->epsilon));
  v16 change = v16_div(v16_mul(v16_set(step->rate / step->correction1), first), root);
  v16_store(m, first);
  v16_store(v, second);
  v16_store(value, v16_sub(v16_mul(v16_load(value), v16_set(1.0f - step->rate * step->decay)), change));
}

static void ft_adam_step(float *value, const float *gradient, float *m, float *v, size_t count, const ft_adam *step) {
  size_t k = 0;
  for (; k + FK_LANES <= count; k += FK_LANES) adam_lanes(value + k, gradient + k, m + k, v + k, step);
  if (k == count) return;
  float rest[4][FK_LANES] = {{0}};
  size_t bytes = (count - k) * sizeof(float);
  memcpy(rest[0], value + k, bytes);
  memcpy(rest[1], gradient + k, bytes);
  memcpy(rest[2], m + k, bytes);
  memcpy(rest[3], v + k, bytes);
  adam_lanes(rest[0], rest[1], rest[2], rest[3], step);
  memcpy(value + k, rest[0], bytes);
  memcpy(m + k, rest[2], bytes);
  memcpy(v + k, rest[3], bytes);
}
