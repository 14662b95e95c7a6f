// Kernels of Fathom: loops over raw pointers. No allocation, no threads, no failure.
//
// Each operation is stated by a plain loop in reference/ and made fast by variants that give the same bits. What makes
// that possible is one fixed order of summation: a sum over a dimension K is kept in 16 partial sums, element k going to
// partial sum k mod 16 by a fused multiply-add, K padded with zeros to a multiple of 16; at the end the partial sums are
// halved 16 -> 8 -> 4 -> 2 -> 1, lane l taking lane l + half. The order depends on K alone: not on the number of tokens,
// on threads or on the width of a vector register.
#ifndef CFATHOM_KERNELS_H
#define CFATHOM_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "fathom_ceilings.h"
#include "fathom_mapping.h"
#include "fathom_training.h"

enum {
  FK_LANES = 16,
  FK_CODE_GROUP = 32,   // columns of activations that share a scale when they are rounded to 8 bits
  FK_BLOCK_ROWS = 64,   // cached rows that attention takes at a time
  FK_SPAN_ROWS = 256    // the most cached rows whose mix is kept apart until all are joined
};

// How stored elements are encoded.
typedef enum {
  FK_F32 = 0,
  FK_F16 = 1,
  FK_BF16 = 2,
  FK_E4M3 = 3,
  // Blocks of GGUF files: small integers with a scale (and, for some, a minimum) per group of 16 or 32 columns.
  FK_Q4_0 = 4,
  FK_Q4_1 = 5,
  FK_Q5_0 = 6,
  FK_Q5_1 = 7,
  FK_Q8_0 = 8,
  FK_Q2_K = 9,
  FK_Q3_K = 10,
  FK_Q4_K = 11,
  FK_Q5_K = 12,
  FK_Q6_K = 13,
  FK_IQ4_NL = 14,
  // The values of Q4_0 and Q8_0 in the order in which the kernels read them: panels of 16 rows.
  FK_Q4_PANEL = 15,
  FK_Q8_PANEL = 16
} fk_dtype;

// A weight matrix, row-major, possibly unaligned. E4M3 has one scale per block_rows x block_cols tile, tiles counted from
// the top left, edge tiles smaller: value = code * scale[row / block_rows][col / block_cols].
typedef struct {
  fk_dtype dtype;
  const void *data;
  size_t rows, cols;
  const float *scales;
  size_t scale_cols, block_rows, block_cols;
  // In how many streams few tokens read panels: one for each where it is 1, otherwise four. Results do not depend on it.
  size_t streams;
} fk_matrix;

// Rows of activations rounded to 8 bits. A row of K columns (a multiple of 32) holds int8 codes[K], then f32 scales[K / 32]
// (largest magnitude / 127), int32 sums8[K / 32] and sums128[K / 32] (sums of the codes times -8 and -128, what the
// offsets of unsigned weights are repaid with), int32 sums[K / 16].
typedef struct {
  const uint8_t *rows;
  size_t stride, columns;
} fk_codes;

// Cached rows of one layer of one sequence: row t is in pages[t / page_tokens], at layer_offset + (t % page_tokens) *
// row_bytes. FK_E4M3 rows carry one ue8m0 scale per part, at scale_offset + part.
typedef struct {
  fk_dtype dtype;
  const uint8_t *const *pages;
  size_t page_tokens, layer_offset, row_bytes, scale_offset;
} fk_cache;

// A run of elements inside a cached row.
typedef struct {
  size_t begin, width, index;
} fk_part;

// One query head against `count` cached rows: the first ones, or those that `rows` numbers in ascending order.
typedef struct {
  fk_part key_a, key_b, value;  // key_b.width may be 0
  const float *query_a, *query_b;
  size_t count;
  float scale;
  float *scores;  // [count] scratch
  float *out;     // [value.width]
  const int32_t *rows;  // [count], or NULL
} fk_head;

// 16 query heads, a lane each, against rows begin ..< end of one layer of a cache; lane l sees rows below limits[l]. Lanes
// may belong to different tokens of one sequence. Products are those of bfloat16 pairs (see matmul_bf16).
typedef struct {
  fk_part key_a, key_b, value;  // key_b.width may be 0
  const uint32_t *query;        // [ceil((key_a.width + key_b.width) / 2)][16] pairs of bf16, made by pack_query
  const int32_t *rows;          // numbers of chosen rows, ascending; NULL means all. begin and end count them
  size_t begin, end;            // of a span
  int32_t limits[FK_LANES];
  float scale;
} fk_lanes;

// What attention over some rows leaves: softmax weights relative to `maximum`, their `sum` and the unnormalised mix.
// mixed: [16][fk_mixed_stride(value.width)], followed in memory by nothing else.
typedef struct {
  float maximum[FK_LANES], sum[FK_LANES];
  float *mixed;
} fk_mix;

typedef enum { FK_ISA_REFERENCE = 0, FK_ISA_AVX2 = 1, FK_ISA_AVX512 = 2, FK_ISA_NEON = 3 } fk_isa;

typedef struct {
  // y[t * y_stride + n] = sum_k x[t * x_stride + k] * w[n][k], for n in [row_begin, row_end).
  void (*matmul)(float *y, size_t y_stride, const float *x, size_t x_stride, size_t tokens, const fk_matrix *w,
                 size_t row_begin, size_t row_end);
  // y[c] = sum over d = 0 ..< count of x[d] * w[row_begin + d][c], in the order of d; c runs over all columns.
  void (*matmul_rows)(float *y, const float *x, const fk_matrix *w, size_t row_begin, size_t count);
  // y[c] = w[row][c]
  void (*decode_row)(float *y, const fk_matrix *w, size_t row);
  // y[k] = x[k] / sqrt(mean(x^2) + eps) * weight[k]
  void (*rms_norm)(float *y, const float *x, const float *weight, size_t width, float eps);
  // y[k] = g / (1 + exp(-g)) * u, where g = min(gate[k], limit) and u is up[k] within -limit ... limit
  void (*swiglu)(float *y, const float *gate, const float *up, size_t width, float limit);
  // y[k] += scale * x[k]
  void (*add_scaled)(float *y, const float *x, float scale, size_t width);
  // y[k] = 1 / (1 + exp(-x[k]))
  void (*sigmoid)(float *y, const float *x, size_t width);
  // y[k] = exp(x[k] - max) / sum; in place allowed
  void (*softmax)(float *y, const float *x, size_t width);
  // head->out = softmax(scale * (query . key_t)) . value_t over the rows of the head
  void (*attend)(const fk_head *head, const fk_cache *cache);
  // dot product in the fixed order
  float (*dot)(const float *x, const float *y, size_t width);

  // Rounds columns begin ..< end of x[columns], multiples of 32, to their part of a row of fk_codes: nearest, even.
  void (*encode_codes)(uint8_t *row, const float *x, size_t columns, size_t begin, size_t end);
  // Like matmul, with rounded activations and weights in blocks or panels; row_begin is a multiple of 16. Sums within a
  // group of columns are exact integers; sum = fma(group sum, weight scale * activation scale, sum), then, for formats
  // with minimums, sum = fma(minimum, sum of the group's codes * activation scale, sum), group after group.
  void (*matmul_codes)(float *y, size_t y_stride, const fk_codes *x, size_t tokens, const fk_matrix *w,
                       size_t row_begin, size_t row_end);
  // Rounds to bfloat16, nearest even.
  void (*encode_bf16)(uint16_t *y, const float *x, size_t width);
  // Like matmul, with bf16 activations and BF16 or E4M3 weights. Columns go to the partial sums in pairs: columns
  // 32 i + 2 l and 32 i + 2 l + 1 to partial sum l, the odd one first, each by a fused multiply-add that takes and leaves
  // subnormal values as zero. K is padded with zeros to a multiple of 32.
  void (*matmul_bf16)(float *y, size_t y_stride, const uint16_t *x, size_t x_stride, size_t tokens,
                      const fk_matrix *w, size_t row_begin, size_t row_end);
  // Packs 16 queries, lane l from lanes[l][width] rounded to bf16, or zeros where that is NULL; an odd width is padded
  // with a zero.
  void (*pack_queries)(uint32_t *query, const float *const *lanes, size_t width);
  // Attention of 16 lanes over the rows of one span. scratch: fk_attend_scratch(...) bytes.
  void (*attend_lanes)(const fk_lanes *lanes, const fk_cache *cache, fk_mix *mix, void *scratch);
  // out[l][c] for lanes lane_begin ..< lane_end: the mixes of all spans of rows, in ascending order, put on one scale,
  // added and divided by the sum of all weights. Lanes without a place to go (NULL) are passed over.
  void (*join_mixes)(float *const *out, const fk_mix *mixes, size_t count, size_t value_width, size_t lane_begin,
                     size_t lane_end);
} fk_kernels;

// The variant for an instruction set, or NULL where this build or this machine has none.
const fk_kernels *fk_kernels_for(fk_isa isa);

// The training kernels of the same.
const ft_kernels *ft_kernels_for(fk_isa isa);

// Bytes of a row of fk_codes.
size_t fk_codes_stride(size_t columns);
// Bytes of one panel of 16 rows of FK_Q4_PANEL or FK_Q8_PANEL: a multiple of 64.
size_t fk_panel_bytes(fk_dtype dtype, size_t columns);
// Packs rows [row_begin, row_end) of Q4_0 or Q8_0 blocks, row_begin a multiple of 16, into the panels that begin at
// `panels`; rows missing at the end become zeros.
void fk_pack_panels(uint8_t *panels, fk_dtype panel_dtype, const uint8_t *blocks, size_t rows, size_t columns);
// How many streams from memory a core of this machine reads fastest while it computes: one, or four.
size_t fk_read_streams(void);
// Asks for the beginnings of the streams in which one token will read these rows of weights, a multiple of 16 of them.
void fk_fetch_ahead(const fk_matrix *w, size_t row_begin, size_t row_end);
// The first row of a span of cached rows: 0, 32, 64, 128, 256, then every FK_SPAN_ROWS. The first are short, so that threads
// can share a short context.
size_t fk_span_begin(size_t span);
// Spans that so many rows reach into.
size_t fk_span_count(size_t rows);
size_t fk_attend_scratch(size_t key_width, size_t value_width);
size_t fk_mixed_stride(size_t value_width);

// Tells the processor that a thread waits for another one by looking again and again.
static inline void fk_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Operations on few values, the same on every machine.

// Rotates neighbouring pairs (x0, x1), (x2, x3), … as DeepSeek's MLA does. cos and sin: [width / 2].
void fk_rope_interleaved(float *x, const float *cos, const float *sin, size_t width);
// Rotates pairs (x[i], x[i + width / 2]) as Llama and Qwen2 do.
void fk_rope_halves(float *x, const float *cos, const float *sin, size_t width);
// Rounds to bfloat16, nearest even, and back to float.
void fk_round_bf16(float *y, const float *x, size_t width);
// Rounds to int8 with one scale per 128 values (max |x| / 127), and back to float.
void fk_round_int8(float *y, const float *x, size_t width);
// Stores `width` values as elements of a cached row; FK_E4M3 picks the part's power-of-two scale and writes it.
void fk_cache_store(uint8_t *row, fk_dtype dtype, fk_part part, size_t scale_offset, const float *x);

// The index of the largest value, the lowest of equals; `width`, at least 1, if a value is infinite or no number.
size_t fk_largest(const float *x, size_t width);

// What a block of a quantised format is: `columns` neighbouring values of a row in `bytes` bytes, in groups of `group`
// values that share a scale. All zero for other formats. `has_minimum` says whether groups add a minimum.
typedef struct {
  size_t columns, bytes, group;
  int has_minimum;
} fk_block_format;
fk_block_format fk_block_format_of(fk_dtype dtype);
// Takes one block apart: value k = codes[k] * scales[k / group] + minimums[k / group]. Formats without minimums write
// zeros there. codes: [columns]; scales, minimums: [columns / group].
void fk_expand_block(fk_dtype dtype, const void *block, int8_t *codes, float *scales, float *minimums);
// Rounds x[columns], a multiple of 32, to blocks of FK_Q4_0 (the scale of least squared error among some) or FK_Q8_0
// (largest magnitude / 127). Values are finite.
void fk_quantize_blocks(uint8_t *blocks, fk_dtype dtype, const float *x, size_t columns);

float fk_decode_e4m3(uint8_t code);
uint8_t fk_encode_e4m3(float value);  // nearest even, saturating at +-448; NaN stays NaN
float fk_decode_f16(uint16_t bits);
uint16_t fk_encode_f16(float value);  // nearest even
float fk_decode_bf16(uint16_t bits);
uint16_t fk_encode_bf16(float value);
float fk_decode_e8m0(uint8_t code);

#endif
