// Products of packed matrices, over the v16 of an instruction set: see lanes/kernels.h. A panel holds FT_LEFT or FT_RIGHT
// rows; for each column of the contraction (each pair of columns in bfloat16) it has a word for each of its rows. One
// register of 16 words of the right side meets one word after the other of the left.
//
// The order of a sum depends on the contraction alone: blocks of columns one after the other, in a block one column (pair)
// after the other, each by a fused multiply-add to a sum that starts at zero and is then added to what was there.

enum { FT_RIGHT = FT_RIGHT_LANES * FK_LANES };

// Up to 16 rows and 16 columns of a side, turned so that element k holds column k of all rows.
FK_INLINE void turned_block(v16 *columns, const ft_side *side, size_t i, size_t rows, size_t k, size_t depth) {
  const float *from = side->data + i * side->row_stride + k * side->depth_stride;
  if (rows == FK_LANES && side->row_stride == 1) {
    for (size_t c = 0; c < FK_LANES; c++) columns[c] = c < depth ? v16_load(from + c * side->depth_stride) : v16_set(0);
    return;
  }
  v16i words[FK_LANES];
  if (rows == FK_LANES && depth == FK_LANES && side->depth_stride == 1) {
#pragma unroll
    for (size_t r = 0; r < FK_LANES; r++) words[r] = v16i_load(from + r * side->row_stride);
  } else {
    float block[FK_LANES][FK_LANES] = {0};
    for (size_t r = 0; r < rows; r++)
      for (size_t c = 0; c < depth; c++) block[r][c] = from[r * side->row_stride + c * side->depth_stride];
#pragma unroll
    for (size_t r = 0; r < FK_LANES; r++) words[r] = v16i_load(block[r]);
  }
  v16i_transpose(words);
#pragma unroll
  for (size_t c = 0; c < FK_LANES; c++) columns[c] = v16_cast(words[c]);
}

// Rows i ..< i + rows (at most 16), columns k ..< k + depth: written to lane `lane` of a panel.
FK_INLINE void pack_rows(uint32_t *panel, size_t panel_rows, const ft_side *side, ft_rounding rounding, size_t i,
                         size_t rows, size_t k, size_t depth) {
  for (size_t c = 0; c < depth; c += FK_LANES) {
    v16 columns[FK_LANES];
    size_t count = fk_min(FK_LANES, depth - c);
    turned_block(columns, side, i, rows, k + c, count);
    if (rounding == FT_F32) {
      for (size_t j = 0; j < count; j++) v16_store((float *)(panel + (c + j) * panel_rows), columns[j]);
    } else {
      if (count % 2 != 0) columns[count] = v16_set(0);
      for (size_t j = 0; j < count; j += 2)
        v16i_store(panel + (c + j) / 2 * panel_rows,
                   v16i_or(v16i_high_to_low(v16i_round_bf16(columns[j])), v16i_round_bf16(columns[j + 1])));
    }
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
      pack_rows(packed + r, panel, &from, rounding, first + r, fk_min(FK_LANES, left), begin, depth);
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
