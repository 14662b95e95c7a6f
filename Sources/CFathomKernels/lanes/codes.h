#include "../blocks.h"

// Products of weights in panels or blocks with activations rounded to 8 bits. A register lane owns a row of weights, so
// the sums need no order but that of the groups of columns; see reference/codes.c.

static void encode_codes(uint8_t *row, const float *x, size_t columns, size_t begin, size_t end) {
  size_t groups = columns / FK_CODE_GROUP;
  int8_t *codes = (int8_t *)row + begin;
  float *scales = (float *)(row + columns);
  int32_t *sums8 = (int32_t *)(scales + groups), *sums128 = sums8 + groups, *sums = sums128 + groups;
  x += begin;
  for (size_t g = begin / FK_CODE_GROUP; g < end / FK_CODE_GROUP; g++, x += FK_CODE_GROUP, codes += FK_CODE_GROUP) {
    v16 low = v16_load(x), high = v16_load(x + 16);
    float largest = v16_largest_magnitude(low, high), trouble = largest - largest;
    v16 factor = v16_set(largest > 0 ? 127.0f / largest : 0);
    scales[g] = largest / 127.0f + trouble;
    sums[2 * g] = v16_encode(codes, v16_mul(low, factor));
    sums[2 * g + 1] = v16_encode(codes + 16, v16_mul(high, factor));
    sums8[g] = -8 * (sums[2 * g] + sums[2 * g + 1]);
    sums128[g] = -128 * (sums[2 * g] + sums[2 * g + 1]);
  }
}

enum { MAX_PANELS = 4, MAX_TOKENS = 8 };

// Where the activations of a tile of tokens and the panels of its rows are.
typedef struct {
  const uint8_t *rows;
  size_t stride, columns, groups;
  const uint8_t *panel;
  // From one panel of a tile to the next: bytes, and rows of weights.
  size_t panel_step, row_step;
  // Whether no other tile of tokens reads the panels.
  bool is_only;
} code_tile;

FK_INLINE const uint8_t *tile_scales(const code_tile *tile, size_t t) {
  return tile->rows + t * tile->stride + tile->columns;
}

// Several tokens make a panel a slow stream, which the machine does not run ahead of by itself. A panel that is read once passes by
// the caches, which hold what the step still needs; that pays for one token too. `panels` and `tokens` are constants.
FK_INLINE void fetch_ahead(const code_tile *tile, const uint8_t *p, size_t panels, size_t tokens) {
  if (panels > 2) return;
  if (tokens < MAX_TOKENS && tile->is_only)
    __builtin_prefetch(p + 6144 / panels, 0, 0);
  else if (tokens > 1)
    __builtin_prefetch(p + 8192 / panels, 0, 2);
}

// sum[p][t] += codes of block b of each panel . codes of each token; bits, panels and tokens are constants.
FK_INLINE void block_products(v16i sums[MAX_PANELS][MAX_TOKENS], const code_tile *tile, size_t bits, size_t panels,
                              size_t tokens, size_t b) {
  const uint8_t *codes = tile->rows + b * FK_CODE_GROUP;
  const uint8_t *weights = tile->panel + fk_panel_codes(bits, b);
#pragma unroll
  for (size_t t = 0; t < tokens; t++) {
    // What the unsigned weights' offset contributes, taken off beforehand.
    v16i offset = v16i_broadcast(tile_scales(tile, t) + (bits == 4 ? 4 : 8) * tile->groups + 4 * b);
#pragma unroll
    for (size_t p = 0; p < panels; p++) sums[p][t] = offset;
  }
#pragma unroll
  for (size_t p = 0; p < panels; p++)
    fetch_ahead(tile, tile->panel + p * tile->panel_step + fk_panel_scales(bits, b), panels, tokens);
#pragma unroll
  for (size_t q = 0; q < 4; q++) {
    v16i low[MAX_PANELS], high[MAX_PANELS];
#pragma unroll
    for (size_t p = 0; p < panels; p++) {
      const uint8_t *at = weights + p * tile->panel_step;
      fetch_ahead(tile, at + q * 16 * bits, panels, tokens);
      if (bits == 8) fetch_ahead(tile, at + q * 128 + 64, panels, tokens);
      if (bits == 4) {
        v16i pair = v16i_load(at + q * 64);
        low[p] = v16i_low_nibbles(pair);
        high[p] = v16i_high_nibbles(pair);
      } else {
        low[p] = v16i_load(at + q * 64);
        high[p] = v16i_load(at + (4 + q) * 64);
      }
    }
#pragma unroll
    for (size_t t = 0; t < tokens; t++) {
      v16i first = v16i_broadcast(codes + t * tile->stride + 4 * q);
      v16i second = v16i_broadcast(codes + t * tile->stride + 16 + 4 * q);
#pragma unroll
      for (size_t p = 0; p < panels; p++) {
        sums[p][t] = v16i_dot(sums[p][t], low[p], first);
        sums[p][t] = v16i_dot(sums[p][t], high[p], second);
      }
    }
  }
}

// Writes up to 16 rows of a token.
FK_INLINE void store_rows(float *y, v16 sum, size_t rows) {
  if (rows >= FK_LANES)
    v16_store(y, sum);
  else
    store_tail(y, sum, rows);
}

// y[t][p * row_step + lane] for panels of `rows` rows each, at most 16.
FK_INLINE void panel_tile(float *y, size_t y_stride, const code_tile *tile, size_t bits, size_t panels, size_t tokens,
                          size_t rows) {
  v16 total[MAX_PANELS][MAX_TOKENS];
#pragma unroll
  for (size_t p = 0; p < panels; p++)
#pragma unroll
    for (size_t t = 0; t < tokens; t++) total[p][t] = v16_set(0);
  for (size_t b = 0; b < tile->groups; b++) {
    v16i sums[MAX_PANELS][MAX_TOKENS];
    block_products(sums, tile, bits, panels, tokens, b);
#pragma unroll
    for (size_t p = 0; p < panels; p++) {
      v16 scale = v16_load_f16(tile->panel + p * tile->panel_step + fk_panel_scales(bits, b));
#pragma unroll
      for (size_t t = 0; t < tokens; t++) {
        v16 both = v16_mul(scale, v16_cast(v16i_broadcast(tile_scales(tile, t) + 4 * b)));
        total[p][t] = v16_fma(v16_from_ints(sums[p][t]), both, total[p][t]);
      }
    }
  }
#pragma unroll
  for (size_t p = 0; p < panels; p++)
#pragma unroll
    for (size_t t = 0; t < tokens; t++) {
      store_rows(y + t * y_stride + p * tile->row_step, total[p][t], rows);
    }
}

// All tokens against `panels` panels, in tiles of `tokens` tokens; what is left of them stays for the next call.
#define FK_PANEL_TOKENS(bits, panels, tokens)                                            \
  for (; t + (tokens) <= count; t += (tokens)) {                                         \
    tile.rows = x->rows + t * x->stride;                                                 \
    tile.is_only = count == (tokens);                                                    \
    panel_tile(y + t * y_stride + n, y_stride, &tile, bits, panels, tokens, row_end - n); \
  }

FK_INLINE void matmul_panels(float *y, size_t y_stride, const fk_codes *x, size_t count, const fk_matrix *w, size_t bits,
                             size_t row_begin, size_t row_end) {
  size_t bytes = fk_panel_bytes(w->dtype, w->cols), n = row_begin;
  code_tile tile = {x->rows, x->stride, x->columns, x->columns / FK_CODE_GROUP, NULL, 0, 0, true};
  size_t streams = w->streams == 1 ? count : 4;
  if (count <= 2 && streams > 1) {
    // One token or two: the weights come from memory, in as many streams as it gives fastest, each as long as can be.
    size_t part = (row_end - row_begin) / (streams * FK_LANES);
    tile.panel_step = part * bytes;
    tile.row_step = part * FK_LANES;
    for (size_t i = 0; i < part; i++, n += FK_LANES) {
      tile.panel = (const uint8_t *)w->data + n / FK_LANES * bytes;
      size_t t = 0;
      if (streams == 2) FK_PANEL_TOKENS(bits, 2, 2)
      FK_PANEL_TOKENS(bits, 4, 2)
      FK_PANEL_TOKENS(bits, 4, 1)
    }
    n = row_begin + streams * part * FK_LANES;
  }
  // More tokens, or what is left of the rows: panel after panel, unpacked once for each tile of tokens.
  for (; n < row_end; n += FK_LANES) {
    tile.panel = (const uint8_t *)w->data + n / FK_LANES * bytes;
    size_t t = 0;
    FK_PANEL_TOKENS(bits, 1, 8)
    FK_PANEL_TOKENS(bits, 1, 4)
    FK_PANEL_TOKENS(bits, 1, 2)
    FK_PANEL_TOKENS(bits, 1, 1)
  }
}

// 256 columns of 16 rows of blocks, taken apart into the order of panels.
typedef struct {
  uint8_t codes[256 / 4][FK_LANES][4];  // plus 128
  float scales[16][FK_LANES], minimums[16][FK_LANES];
} expanded;

FK_INLINE void expand(expanded *space, const fk_matrix *w, fk_dtype dtype, fk_block_format format, size_t n, size_t rows,
                      size_t k, size_t columns) {
  int8_t codes[FK_LANES][256];
  float scales[16], minimums[16];
  if (rows < FK_LANES) memset(space, 0, sizeof *space);
  for (size_t r = 0; r < rows; r++) {
    const uint8_t *block =
        (const uint8_t *)w->data + ((n + r) * (w->cols / format.columns) + k / format.columns) * format.bytes;
    for (size_t begin = 0; begin < columns; begin += format.columns, block += format.bytes) {
      expand_block(dtype, block, codes[r] + begin, scales, minimums);
      for (size_t g = 0; g < format.columns / format.group; g++) {
        space->scales[begin / format.group + g][r] = scales[g];
        space->minimums[begin / format.group + g][r] = format.has_minimum ? minimums[g] : 0;
      }
    }
  }
  // Rows of 16 words become columns of them: each word has 4 columns of a row of weights.
  for (size_t begin = 0; begin < columns; begin += 4 * FK_LANES) {
    v16i words[FK_LANES];
#pragma unroll
    for (size_t r = 0; r < FK_LANES; r++)
      words[r] = v16i_xor(v16i_load(codes[r] + begin), v16i_set((int32_t)0x80808080u));
    v16i_transpose(words);
#pragma unroll
    for (size_t q = 0; q < FK_LANES; q++) v16i_store(space->codes[begin / 4 + q], words[q]);
  }
}

// Adds the groups of an expanded chunk, columns k ..< k + columns of the token's row, to a sum.
FK_INLINE v16 expanded_products(v16 sum, const expanded *space, fk_block_format format, const uint8_t *row,
                                size_t row_columns, size_t k, size_t columns) {
  size_t groups = row_columns / FK_CODE_GROUP;
  const uint8_t *scales = row + row_columns, *sums = scales + 12 * groups;
  for (size_t g = 0; g < columns / format.group; g++) {
    size_t begin = k + g * format.group;
    int32_t total = 0;
    for (size_t j = 0; j < format.group; j += 16) {
      int32_t part;
      memcpy(&part, sums + (begin + j) / 16 * 4, 4);
      total += part;
    }
    v16i product = v16i_set(-128 * total);
    for (size_t j = 0; j < format.group; j += 4)
      product = v16i_dot(product, v16i_load(space->codes[(g * format.group + j) / 4]), v16i_broadcast(row + begin + j));
    float scale;
    memcpy(&scale, scales + begin / FK_CODE_GROUP * 4, 4);
    sum = v16_fma(v16_from_ints(product), v16_mul(v16_load(space->scales[g]), v16_set(scale)), sum);
    if (format.has_minimum) sum = v16_fma(v16_load(space->minimums[g]), v16_set((float)total * scale), sum);
  }
  return sum;
}

// Sums wait in y between chunks of columns, which changes nothing about their order.
FK_INLINE void matmul_blocks(float *y, size_t y_stride, const fk_codes *x, size_t tokens, const fk_matrix *w,
                             fk_dtype dtype, size_t row_begin, size_t row_end) {
  fk_block_format format = fk_block_format_of(dtype);
  expanded space;
  for (size_t n = row_begin; n < row_end; n += FK_LANES) {
    size_t rows = fk_min(FK_LANES, row_end - n);
    for (size_t k = 0; k < w->cols; k += 256) {
      size_t columns = fk_min(256, w->cols - k);
      expand(&space, w, dtype, format, n, rows, k, columns);
      for (size_t t = 0; t < tokens; t++) {
        float *at = y + t * y_stride + n;
        v16 sum = k == 0 ? v16_set(0) : rows == FK_LANES ? v16_load(at) : load_tail(at, FK_F32, rows);
        sum = expanded_products(sum, &space, format, x->rows + t * x->stride, x->columns, k, columns);
        store_rows(at, sum, rows);
      }
    }
  }
}

static void matmul_codes(float *y, size_t y_stride, const fk_codes *x, size_t tokens, const fk_matrix *w,
                         size_t row_begin, size_t row_end) {
#define FK_BLOCKS(dtype)                                                         \
  case dtype:                                                                    \
    matmul_blocks(y, y_stride, x, tokens, w, dtype, row_begin, row_end);         \
    return;
  switch (w->dtype) {
    case FK_Q4_PANEL: matmul_panels(y, y_stride, x, tokens, w, 4, row_begin, row_end); return;
    case FK_Q8_PANEL: matmul_panels(y, y_stride, x, tokens, w, 8, row_begin, row_end); return;
    FK_BLOCKS(FK_Q4_0)
    FK_BLOCKS(FK_Q4_1)
    FK_BLOCKS(FK_Q5_0)
    FK_BLOCKS(FK_Q5_1)
    FK_BLOCKS(FK_Q8_0)
    FK_BLOCKS(FK_Q2_K)
    FK_BLOCKS(FK_Q3_K)
    FK_BLOCKS(FK_Q4_K)
    FK_BLOCKS(FK_Q5_K)
    FK_BLOCKS(FK_Q6_K)
    FK_BLOCKS(FK_IQ4_NL)
    default: return;
  }
#undef FK_BLOCKS
}
