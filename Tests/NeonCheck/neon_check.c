// Compares the NEON kernels with the reference loops bit for bit. Built for aarch64 and run under an emulator by
// `make neon`, because the machines that test everything else are x86.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../Sources/CFathomKernels/include/CFathomKernels.h"

static uint64_t state = 1;
static uint32_t next(void) {
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return (uint32_t)(state >> 33);
}
static float number(void) { return (float)(next() % 20001) / 10000.0f - 1.0f; }

static int failures, comparisons;
static void compare(const char *what, size_t width, const float *a, const float *b, size_t count) {
  comparisons++;
  if (memcmp(a, b, count * sizeof(float)) == 0) return;
  failures++;
  printf("%s differs at width %zu\n", what, width);
}

enum { MAX = 512, ROWS = 9, TOKENS = 5 };

// Products with rounded activations: blocks and panels of every format against 8 bits, bf16 and FP8 against bf16.
static void check_rounded(const fk_kernels *plain, const fk_kernels *neon) {
  enum { COLUMNS = 512, N = 33, T = 9 };
  static float x[T * COLUMNS], a[T * N], b[T * N], scales[64];
  static uint8_t blocks[48 * COLUMNS * 2], panels[48 * COLUMNS * 2], codes[T * 2048], other[T * 2048];
  static uint16_t pairs[T * COLUMNS];
  size_t stride = fk_codes_stride(COLUMNS);
  for (size_t j = 0; j < T * COLUMNS; j++) x[j] = number();
  for (size_t j = 0; j < 64; j++) scales[j] = number();
  for (size_t t = 0; t < T; t++) {
    plain->encode_codes(codes + t * stride, x + t * COLUMNS, COLUMNS, 0, COLUMNS);
    neon->encode_codes(other + t * stride, x + t * COLUMNS, COLUMNS, 0, 64);
    neon->encode_codes(other + t * stride, x + t * COLUMNS, COLUMNS, 64, COLUMNS);
    neon->encode_bf16(pairs + t * COLUMNS, x + t * COLUMNS, COLUMNS);
  }
  compare("encode_codes", COLUMNS, (float *)codes, (float *)other, T * stride / 4);
  fk_codes rows = {codes, stride, COLUMNS};
  for (int dtype = FK_Q4_0; dtype <= FK_IQ4_NL; dtype++) {
    fk_block_format format = fk_block_format_of((fk_dtype)dtype);
    size_t count = N * COLUMNS / format.columns;
    for (size_t j = 0; j < count * format.bytes; j++) blocks[j] = (uint8_t)next();
    // Halves that are no numbers would make every sum one.
    for (size_t j = 0; j < count * format.bytes; j += 2) blocks[j + 1] &= 0xBB;
    fk_matrix w = {(fk_dtype)dtype, blocks, N, COLUMNS, NULL, 0, N, COLUMNS};
    plain->matmul_codes(a, N, &rows, T, &w, 0, N);
    neon->matmul_codes(b, N, &rows, T, &w, 0, N);
    compare("matmul_codes", (size_t)dtype, a, b, T * N);
    if (dtype != FK_Q4_0 && dtype != FK_Q8_0) continue;
    w.dtype = dtype == FK_Q4_0 ? FK_Q4_PANEL : FK_Q8_PANEL;
    w.data = panels;
    fk_pack_panels(panels, w.dtype, blocks, N, COLUMNS);
    for (size_t tokens = 1; tokens <= T; tokens++) {
      neon->matmul_codes(b, N, &rows, tokens, &w, 0, N);
      compare("matmul_codes, packed", tokens, a, b, tokens * N);
    }
  }
  for (int dtype = FK_BF16; dtype <= FK_E4M3; dtype++) {
    for (size_t j = 0; j < N * COLUMNS; j++) {
      uint16_t bits = fk_encode_bf16(number());
      if (dtype == FK_BF16) memcpy(blocks + 2 * j, &bits, 2);
      else blocks[j] = (uint8_t)(next() % 0x7F) | (uint8_t)(next() & 0x80);
    }
    fk_matrix w = {(fk_dtype)dtype, blocks, N, COLUMNS, scales, 4, 16, 128};
    plain->matmul_bf16(a, N, pairs, COLUMNS, T, &w, 0, N);
    neon->matmul_bf16(b, N, pairs, COLUMNS, T, &w, 0, N);
    compare("matmul_bf16", (size_t)dtype, a, b, T * N);
  }
}

// Attention of 16 lanes over bf16 and FP8 rows.
static void check_lanes(const fk_kernels *plain, const fk_kernels *neon) {
  enum { KEY = 72, VALUE = 48, TOKENS_CACHED = 150, PAGE = 64 };
  static uint8_t memory[3][PAGE * 256];
  static float x[KEY], mixed[2][FK_LANES * VALUE], outs[2][FK_LANES * VALUE];
  static uint32_t query[KEY / 2 * FK_LANES], same[KEY / 2 * FK_LANES];
  static uint8_t scratch[1 << 18];
  static float queries[FK_LANES][KEY];
  const float *lane_queries[FK_LANES];
  const uint8_t *pages[3] = {memory[0], memory[1], memory[2]};
  fk_part key_a = {0, VALUE, 0}, key_b = {VALUE, KEY - VALUE, 1};
  for (int fp8 = 0; fp8 < 2; fp8++) {
    fk_cache cache = {fp8 ? FK_E4M3 : FK_BF16, pages, PAGE, 0, fp8 ? KEY + 2 : 2 * KEY, KEY};
    for (size_t t = 0; t < TOKENS_CACHED; t++) {
      for (size_t k = 0; k < KEY; k++) x[k] = number();
      uint8_t *row = memory[t / PAGE] + t % PAGE * cache.row_bytes;
      fk_cache_store(row, cache.dtype, key_a, KEY, x);
      fk_cache_store(row, cache.dtype, key_b, KEY, x + VALUE);
    }
    fk_lanes lanes = {key_a, key_b, key_a, query, NULL, 0, TOKENS_CACHED, {0}, 0.2f};
    for (size_t l = 0; l < FK_LANES; l++) {
      lanes.limits[l] = (int32_t)(TOKENS_CACHED - 3 * l);
      for (size_t k = 0; k < KEY; k++) queries[l][k] = number();
      lane_queries[l] = l == 5 ? NULL : queries[l];
    }
    plain->pack_queries(query, lane_queries, KEY);
    neon->pack_queries(same, lane_queries, KEY);
    compare("pack_queries", KEY, (float *)query, (float *)same, KEY / 2 * FK_LANES);
    for (int which = 0; which < 2; which++) {
      fk_mix mix = {.mixed = mixed[which]};
      float *out[FK_LANES];
      for (size_t l = 0; l < FK_LANES; l++) out[l] = outs[which] + l * VALUE;
      (which ? neon : plain)->attend_lanes(&lanes, &cache, &mix, scratch);
      (which ? neon : plain)->join_mixes(out, &mix, 1, VALUE, 0, FK_LANES);
    }
    compare("attend_lanes", (size_t)fp8, outs[0], outs[1], FK_LANES * VALUE);
  }
}

// A product of two sides, packed and multiplied as a training step does it.
static void train_product(const ft_kernels *k, float *c, size_t m, size_t n, ft_side left, ft_side right, ft_rounding rounding) {
  static uint32_t a[1 << 16], b[1 << 16];
  size_t block = rounding >= FT_E4M3_ROWS ? FT_TILE : FT_DEPTH;
  for (size_t begin = 0; begin < left.depth; begin += block) {
    size_t depth = left.depth - begin < block ? left.depth - begin : block;
    k->pack(a, &left, rounding, k->left_rows, 0, m, begin, depth);
    k->pack(b, &right, rounding, k->right_rows, 0, n, begin, depth);
    k->multiply(c, n, a, b, rounding, m, n, depth, begin > 0);
  }
}

static void check_training(const ft_kernels *plain, const ft_kernels *neon) {
  enum { M = 37, N = 45, K = 300, T = 70, QK = 12, V = 10 };
  static float x[M * K + T * 64], w[N * K], a[M * N], b[M * N], scratch[1 << 17], q[T * QK], k[T * QK], v[T * V];
  static float outs[2][T * V], sums[2][T], dq[2][T * QK], dk[2][T * QK], dv[2][T * V];
  int32_t starts[T];
  for (size_t i = 0; i < sizeof x / 4; i++) x[i] = number();
  for (size_t i = 0; i < N * K; i++) w[i] = number();
  for (int turned = 0; turned < 2; turned++)
    for (int rounding = FT_F32; rounding <= FT_E4M3_TILES; rounding++) {
      ft_side left = {x, turned ? 1 : K, turned ? M : 1, M, K}, right = {w, turned ? 1 : K, turned ? N : 1, N, K};
      train_product(plain, a, M, N, left, right, (ft_rounding)rounding);
      train_product(neon, b, M, N, left, right, (ft_rounding)rounding);
      compare("training product", (size_t)rounding, a, b, M * N);
    }
  for (size_t i = 0; i < T * QK; i++) q[i] = number(), k[i] = number();
  for (size_t i = 0; i < T * V; i++) v[i] = number();
  for (int t = 0; t < T; t++) starts[t] = t < 30 ? 0 : 30;
  ft_attention attention = {q, k, v, QK, QK, V, QK, V, T, starts, 0.3f, FT_BF16};
  for (int which = 0; which < 2; which++) {
    const ft_kernels *kernels = which ? neon : plain;
    kernels->attention_forward(&attention, outs[which], V, sums[which], scratch);
    kernels->attention_backward(&attention, outs[which], x, V, sums[which], dq[which], dk[which], dv[which], scratch);
  }
  compare("attention_forward", T, outs[0], outs[1], T * V);
  compare("attention_backward", T, dq[0], dq[1], T * QK);
  compare("attention_backward", T, dk[0], dk[1], T * QK);
  compare("attention_backward", T, dv[0], dv[1], T * V);
  ft_adam step = {1e-3f, 0.9f, 0.95f, 1e-8f, 0.1f, 0.1f, 0.05f};
  for (size_t width = 1; width < 70; width += 23) {
    float y[2][80], g[2][80], u[2][80], r[2];
    for (int which = 0; which < 2; which++) {
      const ft_kernels *kernels = which ? neon : plain;
      memcpy(y[which], x + 100, sizeof y[which]);
      memcpy(g[which], x + 200, sizeof g[which]);
      memcpy(u[which], x + 300, sizeof u[which]);
      r[which] = kernels->norm_forward(y[which], x, x + 400, width, 1e-6f);
      kernels->norm_backward(g[which], u[which], x, x + 500, x + 400, r[which], width, 1);
      kernels->swiglu_backward(x, g[which], u[which], width, 0.5f);
      r[which] += kernels->cross_entropy(y[which], width, 0, 0.5f) + kernels->sum_of_squares(x, width);
      kernels->adam(y[which], x, g[which], u[which], width, &step);
      float entropy;
      r[which] += kernels->reverse_kl(u[which], x + 600, width, 0.5f, &entropy);
      r[which] += entropy;
    }
    compare("training rows", width, y[0], y[1], width);
    compare("training rows", width, g[0], g[1], width);
    compare("training rows", width, u[0], u[1], width);
    compare("training rows", width, r, r + 1, 1);
  }
}

int main(void) {
  const fk_kernels *plain = fk_kernels_for(FK_ISA_REFERENCE), *neon = fk_kernels_for(FK_ISA_NEON);
  if (!neon) return puts("no NEON kernels in this build"), 2;
  static float x[TOKENS * MAX], a[TOKENS * MAX], b[TOKENS * MAX], scales[256];
  static uint8_t w[ROWS * MAX * 4];
  const size_t widths[] = {1, 7, 15, 16, 17, 31, 48, 64, 65, 100, 129, 200, 264};
  for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
    size_t k = widths[i];
    for (size_t j = 0; j < TOKENS * MAX; j++) x[j] = number();
    for (size_t j = 0; j < 256; j++) scales[j] = number();
    for (int dtype = FK_F32; dtype <= FK_E4M3; dtype++) {
      for (size_t j = 0; j < ROWS * k; j++) {
        float value = number();
        uint16_t bits = dtype == FK_BF16 ? fk_encode_bf16(value) : (uint16_t)(next() % 0x4000);
        uint8_t code = (uint8_t)(next() % 0x7F);
        if (dtype == FK_F32) memcpy(w + 4 * j, &value, 4);
        else if (dtype == FK_E4M3) w[j] = code | (uint8_t)(next() & 0x80);
        else memcpy(w + 2 * j, &bits, 2);
      }
      fk_matrix m = {(fk_dtype)dtype, w, ROWS, k, scales, (k + 47) / 48, 4, 48};
      plain->matmul(a, ROWS, x, MAX, TOKENS, &m, 0, ROWS);
      neon->matmul(b, ROWS, x, MAX, TOKENS, &m, 0, ROWS);
      compare("matmul", k, a, b, ROWS * TOKENS);
      plain->matmul_rows(a, x, &m, 1, ROWS - 2);
      neon->matmul_rows(b, x, &m, 1, ROWS - 2);
      compare("matmul_rows", k, a, b, k);
      // The same bytes read as cached rows.
      if (dtype == FK_F16) continue;
      uint8_t rows[ROWS][MAX * 4 + 1];
      const uint8_t *pages[ROWS];
      fk_part part = {0, k, 0};
      for (size_t t = 0; t < ROWS; t++) {
        fk_cache_store(rows[t], (fk_dtype)dtype, part, MAX * 4, x + (t % TOKENS) * MAX);
        pages[t] = rows[t];
      }
      fk_cache cache = {(fk_dtype)dtype, pages, 1, 0, sizeof rows[0], MAX * 4};
      float scores[ROWS];
      fk_head head = {part, {0, 0, 0}, part, x, NULL, ROWS, 0.3f, scores, a, NULL};
      plain->attend(&head, &cache);
      head.out = b;
      neon->attend(&head, &cache);
      compare("attend", k, a, b, k);
    }
#define CHECK(name, call)                      \
  do {                                         \
    const fk_kernels *kernels = plain;         \
    float *y = memcpy(a, x + MAX, 4 * k);      \
    call;                                      \
    kernels = neon;                            \
    y = memcpy(b, x + MAX, 4 * k);             \
    call;                                      \
    compare(name, k, a, b, k);                 \
  } while (0)
    CHECK("rms_norm", kernels->rms_norm(y, x, x + 2 * MAX, k, 1e-6f));
    CHECK("swiglu", kernels->swiglu(y, x, x + 2 * MAX, k, INFINITY));
    CHECK("swiglu, clamped", kernels->swiglu(y, x, x + 2 * MAX, k, 0.5f));
    CHECK("add_scaled", kernels->add_scaled(y, x, 0.37f, k));
    CHECK("sigmoid", kernels->sigmoid(y, x, k));
    CHECK("softmax", kernels->softmax(y, x, k));
  }
  check_rounded(plain, neon);
  check_lanes(plain, neon);
  check_training(ft_kernels_for(FK_ISA_REFERENCE), ft_kernels_for(FK_ISA_NEON));
  printf("%d comparisons, %d differences\n", comparisons, failures);
  return failures != 0;
}
