// Kernels of training: products of matrices in any orientation, and the forward and backward passes of the operations
// around them. Like the others they neither allocate nor lock nor fail, and every variant gives the same bits: sums over a
// contraction run in blocks of `depth` in ascending order, element after element; see training/products.h.
#ifndef FATHOM_TRAINING_H
#define FATHOM_TRAINING_H

#include <stddef.h>
#include <stdint.h>

enum {
  FT_DEPTH = 256,       // columns of a contraction that are summed before they are added to what was there
  FT_TILE = 128,        // columns, and rows of weights, that share a scale in FP8
  FT_SLACK = 16,        // words that packing may write behind the last panel
  FT_QUERY_BLOCK = 64   // queries that attention takes at a time
};

// How the elements of a product are rounded before they are multiplied. Sums are f32.
typedef enum {
  FT_F32 = 0,
  FT_BF16 = 1,
  // e4m3 with a scale for each row and FT_TILE columns of the contraction (activations and their gradients) or for each
  // tile of FT_TILE x FT_TILE (weights); scales are rounded up to powers of two.
  FT_E4M3_ROWS = 2,
  FT_E4M3_TILES = 3
} ft_rounding;

// One side of a product: element (i, k) at data[i * row_stride + k * depth_stride], k along the contraction.
typedef struct {
  const float *data;
  size_t row_stride, depth_stride, rows, depth;
} ft_side;

// Causal attention of one head over one row of a batch. Token t sees tokens starts[t] ... t; starts ascend. Strides are in
// floats from token to token. q, k: [tokens][qk_width], v, out: [tokens][v_width].
typedef struct {
  const float *q, *k, *v;
  size_t q_stride, k_stride, v_stride, qk_width, v_width, tokens;
  const int32_t *starts;
  float scale;
  ft_rounding rounding;  // of its products: FT_F32 or FT_BF16
} ft_attention;

// AdamW with decoupled decay: moments m, v; value *= 1 - rate * decay, value -= rate * m' / (sqrt(v') + epsilon), where m'
// and v' are divided by what the moments still lack of their steps.
typedef struct {
  float rate, beta1, beta2, epsilon, decay, correction1, correction2;
} ft_adam;

typedef struct {
  // Rows of the panels that the left and the right side of a product are packed in.
  size_t left_rows, right_rows;
  // Packs columns depth_begin ..< depth_begin + depth, at most FT_DEPTH of them (FT_TILE in FP8), of rows row_begin ..< row_end
  // into panels of `panel` rows (left_rows or right_rows), missing rows as zeros. row_begin is a multiple of the panel, and in
  // FP8 tiles of FT_TILE for FT_E4M3_TILES.
  void (*pack)(uint32_t *packed, const ft_side *side, ft_rounding rounding, size_t panel, size_t row_begin, size_t row_end,
               size_t depth_begin, size_t depth);
  // c[i][j] (+)= sum over the packed columns of left i and right j, both packed with the same rounding.
  void (*multiply)(float *c, size_t c_stride, const uint32_t *left, const uint32_t *right, ft_rounding rounding, size_t rows,
                   size_t columns, size_t depth, int accumulate);

  // y = x * inverse * weight, inverse = 1 / sqrt(mean(x^2) + epsilon), returned.
  float (*norm_forward)(float *y, const float *x, const float *weight, size_t width, float epsilon);
  // dx (+)= the gradient by x; dweight += that by the weight.
  void (*norm_backward)(float *dx, float *dweight, const float *dy, const float *x, const float *weight, float inverse,
                        size_t width, int accumulate);
  // y = silu(min(gate, limit)) * clamp(up, -limit, limit)
  void (*swiglu_forward)(float *y, const float *gate, const float *up, size_t width, float limit);
  // Gradients take the places of gate and up.
  void (*swiglu_backward)(const float *dy, float *gate, float *up, size_t width, float limit);
  // Cross entropy of one row: logits become weight * (softmax - one at target); returns weight * -log softmax(target).
  float (*cross_entropy)(float *logits, size_t width, size_t target, float weight);
  // out, and for each token the logarithm of its sum of exponentials.
  void (*attention_forward)(const ft_attention *attention, float *out, size_t out_stride, float *log_sums, float *scratch);
  // dq, dk, dv have the strides of q, k, v; they are written, not added to.
  void (*attention_backward)(const ft_attention *attention, const float *out, const float *dout, size_t out_stride,
                             const float *log_sums, float *dq, float *dk, float *dv, float *scratch);
  void (*adam)(float *value, const float *gradient, float *m, float *v, size_t count, const ft_adam *step);
  // sum of squares, in 16 partial sums
  float (*sum_of_squares)(const float *x, size_t count);
  // y = a * x + b * y
  void (*blend)(float *y, const float *x, float a, float b, size_t count);
  // Divergence of p = softmax(logits) from q = softmax(teacher), sum of p (log p - log q), nats, which is returned; logits
  // become weight * its gradient. Also the entropy of p. Equal logits give exactly 0.
  float (*reverse_kl)(float *logits, const float *teacher, size_t width, float weight, float *entropy);
} ft_kernels;

// Words of `rows` rows and `depth` columns packed in panels of `panel` rows, slack included.
size_t ft_packed_words(ft_rounding rounding, size_t panel, size_t rows, size_t depth);
// Floats of scratch that attention needs over `tokens` tokens.
size_t ft_attention_scratch(size_t tokens, size_t qk_width, size_t v_width);
// Rounds to e4m3 with the scale of FP8 training: the value and, through `scale`, the power of two it is a multiple of.
float ft_tile_scale(float largest);

#endif
