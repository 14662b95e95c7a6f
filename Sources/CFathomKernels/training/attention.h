// Causal attention, forward and backward, out of the products of this instruction set. A block of queries meets all tokens
// that one of them may see; scores are formed again on the way back instead of being kept.
//
// Source: FlashAttention-2 (arXiv 2307.08691), section 3, for the sums of exponentials and dS = P * (dP - sum(P * dP)).

// c[i][j] (+)= sum_k left(i, k) right(j, k)
static void attention_product(float *c, size_t c_stride, ft_side left, ft_side right, ft_rounding rounding, int accumulate,
                              uint32_t *packed) {
  for (size_t begin = 0; begin < left.depth; begin += FT_DEPTH) {
    size_t depth = fk_min(FT_DEPTH, left.depth - begin);
    uint32_t *second = packed + ft_packed_words(rounding, FT_LEFT, left.rows, depth);
    ft_pack(packed, &left, rounding, FT_LEFT, 0, left.rows, begin, depth);
    ft_pack(second, &right, rounding, FT_RIGHT, 0, right.rows, begin, depth);
    ft_multiply(c, c_stride, packed, second, rounding, left.rows, right.rows, depth, accumulate || begin > 0);
  }
}

FK_INLINE ft_side tokens_of(const float *data, size_t stride, size_t begin, size_t end, size_t width) {
  return (ft_side){data + begin * stride, stride, 1, end - begin, width};
}

FK_INLINE ft_side turned(ft_side side) {
  return (ft_side){side.data, side.depth_stride, side.row_stride, side.depth, side.rows};
}

// Where a block of queries is: queries q0 ..< q1, and the tokens t0 ..< q1 that one of them sees.
typedef struct {
  size_t q0, q1, t0;
} query_block;

FK_INLINE query_block block_at(const ft_attention *a, size_t q0) {
  return (query_block){q0, fk_min(q0 + FT_QUERY_BLOCK, a->tokens), (size_t)a->starts[q0]};
}

// scores[q][t] = q . k, for the tokens of a block.
static void block_scores(float *scores, const ft_attention *a, query_block b, uint32_t *packed) {
  attention_product(scores, b.q1 - b.t0, tokens_of(a->q, a->q_stride, b.q0, b.q1, a->qk_width),
                    tokens_of(a->k, a->k_stride, b.t0, b.q1, a->qk_width), a->rounding, 0, packed);
}

static void ft_attention_forward(const ft_attention *a, float *out, size_t out_stride, float *log_sums, float *scratch) {
  uint32_t *packed = (uint32_t *)(scratch + 2 * FT_QUERY_BLOCK * a->tokens);
  for (size_t q0 = 0; q0 < a->tokens; q0 += FT_QUERY_BLOCK) {
    query_block b = block_at(a, q0);
    size_t width = b.q1 - b.t0;
    block_scores(scratch, a, b, packed);
    for (size_t q = b.q0; q < b.q1; q++) {
      float *row = scratch + (q - b.q0) * width, largest = -INFINITY, sum;
      size_t first = (size_t)a->starts[q] - b.t0, end = q + 1 - b.t0;
      for (size_t t = first; t < end; t++) largest = row[t] > largest ? row[t] : largest;
      for (size_t t = 0; t < first; t++) row[t] = 0;
      for (size_t t = first; t < end; t++) row[t] = fk_exp((row[t] - largest) * a->scale);
      for (size_t t = end; t < width; t++) row[t] = 0;
      FT_SUM(sum, end, row[k]);
      float inverse = 1.0f / sum;
      for (size_t t = first; t < end; t++) row[t] *= inverse;
      log_sums[q] = largest * a->scale + logf(sum);
    }
    attention_product(out + b.q0 * out_stride, out_stride, (ft_side){scratch, width, 1, b.q1 - b.q0, width},
                      turned(tokens_of(a->v, a->v_stride, b.t0, b.q1, a->v_width)), a->rounding, 0, packed);
  }
}

static void clear_tokens(float *x, size_t stride, size_t tokens, size_t width) {
  for (size_t t = 0; t < tokens; t++) memset(x + t * stride, 0, width * sizeof(float));
}

static void ft_attention_backward(const ft_attention *a, const float *out, const float *dout, size_t out_stride,
                                  const float *log_sums, float *dq, float *dk, float *dv, float *scratch) {
  float *weights = scratch, *gradients = scratch + FT_QUERY_BLOCK * a->tokens;
  uint32_t *packed = (uint32_t *)(gradients + FT_QUERY_BLOCK * a->tokens);
  clear_tokens(dk, a->k_stride, a->tokens, a->qk_width);
  clear_tokens(dv, a->v_stride, a->tokens, a->v_width);
  for (size_t q0 = 0; q0 < a->tokens; q0 += FT_QUERY_BLOCK) {
    query_block b = block_at(a, q0);
    size_t width = b.q1 - b.t0, queries = b.q1 - b.q0;
    ft_side douts = tokens_of(dout, out_stride, b.q0, b.q1, a->v_width);
    block_scores(weights, a, b, packed);
    attention_product(gradients, width, douts, tokens_of(a->v, a->v_stride, b.t0, b.q1, a->v_width), a->rounding, 0, packed);
    for (size_t q = b.q0; q < b.q1; q++) {
      float *p = weights + (q - b.q0) * width, *d = gradients + (q - b.q0) * width, along;
      const float *o = out + q * out_stride, *g = dout + q * out_stride;
      FT_SUM(along, a->v_width, o[k] * g[k]);
      size_t first = (size_t)a->starts[q] - b.t0, end = q + 1 - b.t0;
      for (size_t t = 0; t < first; t++) p[t] = d[t] = 0;
      for (size_t t = first; t < end; t++) {
        p[t] = fk_exp(p[t] * a->scale - log_sums[q]);
        d[t] = p[t] * (d[t] - along) * a->scale;
      }
      for (size_t t = end; t < width; t++) p[t] = d[t] = 0;
    }
    ft_side p = {weights, width, 1, queries, width}, d = {gradients, width, 1, queries, width};
    attention_product(dv + b.t0 * a->v_stride, a->v_stride, turned(p), turned(douts), a->rounding, 1, packed);
    attention_product(dq + b.q0 * a->q_stride, a->q_stride, d,
                      turned(tokens_of(a->k, a->k_stride, b.t0, b.q1, a->qk_width)), a->rounding, 0, packed);
    attention_product(dk + b.t0 * a->k_stride, a->k_stride, turned(d),
                      turned(tokens_of(a->q, a->q_stride, b.q0, b.q1, a->qk_width)), a->rounding, 1, packed);
  }
}
