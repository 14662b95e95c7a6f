// AVX-512: one register holds the 16 partial sums.
#if defined(__x86_64__)
#include <immintrin.h>

#include "../scalar.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,avx512bf16,avx2,fma,f16c"))), \
                             apply_to = function)
#define FK_INLINE static inline __attribute__((always_inline))

typedef __m512 v16;

FK_INLINE v16 v16_set(float x) { return _mm512_set1_ps(x); }
FK_INLINE v16 v16_load(const void *p) { return _mm512_loadu_ps(p); }
FK_INLINE void v16_store(float *p, v16 x) { _mm512_storeu_ps(p, x); }
FK_INLINE v16 v16_fma(v16 a, v16 b, v16 c) { return _mm512_fmadd_ps(a, b, c); }
FK_INLINE v16 v16_add(v16 a, v16 b) { return _mm512_add_ps(a, b); }
FK_INLINE v16 v16_sub(v16 a, v16 b) { return _mm512_sub_ps(a, b); }
FK_INLINE v16 v16_mul(v16 a, v16 b) { return _mm512_mul_ps(a, b); }
FK_INLINE v16 v16_div(v16 a, v16 b) { return _mm512_div_ps(a, b); }
FK_INLINE v16 v16_sqrt(v16 x) { return _mm512_sqrt_ps(x); }
// Like a < b ? b : a, and a > b ? b : a; a NaN in b is kept.
FK_INLINE v16 v16_max(v16 a, v16 b) { return _mm512_max_ps(a, b); }
FK_INLINE v16 v16_min(v16 a, v16 b) { return _mm512_min_ps(a, b); }
FK_INLINE v16 v16_load_bf16(const void *p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(p)), 16));
}
FK_INLINE v16 v16_load_f16(const void *p) { return _mm512_cvtph_ps(_mm256_loadu_si256(p)); }
// Sign, exponent and fraction moved to their places in a half-precision float make the value times 2^-8. (Straight to
// single precision, small codes would be subnormal and slow.)
FK_INLINE v16 v16_load_e4m3(const void *p) {
  __m256i spread = _mm256_slli_epi16(_mm256_cvtepi8_epi16(_mm_loadu_si128(p)), 7);
  __m256i half = _mm256_and_si256(spread, _mm256_set1_epi16((short)0xBF80));
  __m512 value = _mm512_mul_ps(_mm512_cvtph_ps(half), _mm512_set1_ps(256.0f));
  __m256i magnitude = _mm256_or_si256(half, _mm256_set1_epi16((short)0x8000));
  __mmask16 nan = _mm256_cmpeq_epi16_mask(magnitude, _mm256_set1_epi16((short)0xBF80));
  return _mm512_mask_mov_ps(value, nan, _mm512_set1_ps(NAN));
}
// Halves 16 -> 8 -> 4 -> 2 -> 1, lane l taking lane l + half.
FK_INLINE float v16_halve(v16 x) {
  __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
// The four sums of x[0] to x[3], each added up as v16_halve does.
FK_INLINE void v16_halve_tile(float *y, const v16 *x) {
  __m512 a = _mm512_add_ps(_mm512_shuffle_f32x4(x[0], x[1], 0x44), _mm512_shuffle_f32x4(x[0], x[1], 0xEE));
  __m512 b = _mm512_add_ps(_mm512_shuffle_f32x4(x[2], x[3], 0x44), _mm512_shuffle_f32x4(x[2], x[3], 0xEE));
  __m512 fours = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xDD));
  __m512 twos = _mm512_add_ps(fours, _mm512_permute_ps(fours, 0x0E));
  __m512 ones = _mm512_add_ps(twos, _mm512_movehdup_ps(twos));
  __m512i firsts = _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  _mm_storeu_ps(y, _mm512_castps512_ps128(_mm512_permutexvar_ps(firsts, ones)));
}
// 2^n for the integer n held in the low bits of FK_EXP_MAGIC + n.
FK_INLINE v16 v16_power_of_two(v16 shifted) {
  __m512i bits = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
  return _mm512_castsi512_ps(_mm512_add_epi32(bits, _mm512_set1_epi32(0x3F800000)));
}

// The largest magnitude; NaN is above all.
FK_INLINE float v16_largest_magnitude(v16 a, v16 b) {
  __m512i most = _mm512_max_epi32(_mm512_castps_si512(_mm512_abs_ps(a)), _mm512_castps_si512(_mm512_abs_ps(b)));
  __m256i eight = _mm256_max_epi32(_mm512_castsi512_si256(most), _mm512_extracti32x8_epi32(most, 1));
  __m128i four = _mm_max_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  __m128i two = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4E));
  return _mm_cvtss_f32(_mm_castsi128_ps(_mm_max_epi32(two, _mm_shuffle_epi32(two, 0xB1))));
}

// 64 bytes: 16 integers, or 16 lanes of 4 bytes or 2 halves.
typedef __m512i v16i;

FK_INLINE v16i v16i_set(int32_t x) { return _mm512_set1_epi32(x); }
FK_INLINE v16i v16i_load(const void *p) { return _mm512_loadu_si512(p); }
FK_INLINE void v16i_store(void *p, v16i x) { _mm512_storeu_si512(p, x); }
FK_INLINE v16i v16i_broadcast(const void *p) {
  int32_t x;
  memcpy(&x, p, 4);
  return _mm512_set1_epi32(x);
}
FK_INLINE v16i v16i_xor(v16i a, v16i b) { return _mm512_xor_si512(a, b); }
// Word i of register j goes to word j of register i.
FK_INLINE void v16i_transpose(v16i x[16]) {
  v16i y[16];
#pragma unroll
  for (int i = 0; i < 16; i += 2) {
    y[i] = _mm512_unpacklo_epi32(x[i], x[i + 1]);
    y[i + 1] = _mm512_unpackhi_epi32(x[i], x[i + 1]);
  }
  // Within each quarter of a register: words 0 to 3 of four rows.
#pragma unroll
  for (int i = 0; i < 16; i += 4) {
    x[i] = _mm512_unpacklo_epi64(y[i], y[i + 2]);
    x[i + 1] = _mm512_unpackhi_epi64(y[i], y[i + 2]);
    x[i + 2] = _mm512_unpacklo_epi64(y[i + 1], y[i + 3]);
    x[i + 3] = _mm512_unpackhi_epi64(y[i + 1], y[i + 3]);
  }
  // Quarters of four registers come together.
#pragma unroll
  for (int i = 0; i < 4; i++) {
    v16i low = _mm512_shuffle_i32x4(x[i], x[i + 4], 0x44), high = _mm512_shuffle_i32x4(x[i], x[i + 4], 0xEE);
    v16i low8 = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0x44), high8 = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0xEE);
    y[i] = _mm512_shuffle_i32x4(low, low8, 0x88);
    y[i + 4] = _mm512_shuffle_i32x4(low, low8, 0xDD);
    y[i + 8] = _mm512_shuffle_i32x4(high, high8, 0x88);
    y[i + 12] = _mm512_shuffle_i32x4(high, high8, 0xDD);
  }
#pragma unroll
  for (int i = 0; i < 16; i++) x[i] = y[i];
}
FK_INLINE v16i v16i_or(v16i a, v16i b) { return _mm512_or_si512(a, b); }
FK_INLINE v16i v16i_high_to_low(v16i x) { return _mm512_srli_epi32(x, 16); }
FK_INLINE v16 v16_cast(v16i x) { return _mm512_castsi512_ps(x); }
FK_INLINE v16 v16_from_ints(v16i x) { return _mm512_cvtepi32_ps(x); }
FK_INLINE v16 v16_where_greater(v16i a, v16i b, v16 yes, v16 no) {
  return _mm512_mask_mov_ps(no, _mm512_cmpgt_epi32_mask(a, b), yes);
}
FK_INLINE v16i v16i_low_nibbles(v16i x) { return _mm512_and_si512(x, _mm512_set1_epi8(0xF)); }
FK_INLINE v16i v16i_high_nibbles(v16i x) {
  return _mm512_and_si512(_mm512_srli_epi16(x, 4), _mm512_set1_epi8(0xF));
}
// Each lane: sum + 4 products of unsigned and signed bytes.
FK_INLINE v16i v16i_dot(v16i sum, v16i bytes, v16i codes) { return _mm512_dpbusd_epi32(sum, bytes, codes); }
// Of 16 signed bytes; the instruction adds unsigned ones.
FK_INLINE int32_t sum_of_bytes(__m128i bytes) {
  __m128i halves = _mm_sad_epu8(_mm_xor_si128(bytes, _mm_set1_epi8(-128)), _mm_setzero_si128());
  return _mm_cvtsi128_si32(halves) + _mm_extract_epi32(halves, 2) - 16 * 128;
}
// Rounds to bytes and returns their sum; what is not a number becomes 0.
FK_INLINE int32_t v16_encode(int8_t *codes, v16 x) {
  __m128i bytes = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(x));
  _mm_storeu_si128((__m128i *)codes, bytes);
  return sum_of_bytes(bytes);
}
// Rounded to bfloat16, nearest even, in the high halves.
FK_INLINE v16i v16i_round_bf16(v16 x) {
  v16i bits = _mm512_castps_si512(x);
  v16i even = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  bits = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7FFF)), even);
  return _mm512_and_si512(bits, _mm512_set1_epi32((int)0xFFFF0000));
}
FK_INLINE void v16_store_bf16(uint16_t *p, v16 x) {
  v16i quiet = _mm512_or_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x400000));
  v16i bits = _mm512_mask_mov_epi32(v16i_round_bf16(x), _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), quiet);
  _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(bits, 16)));
}
// 16 halves of each, side by side.
FK_INLINE v16i v16i_interleave(const void *even, const void *odd) {
  const v16i order = _mm512_set_epi32(0x2F000F, 0x2E000E, 0x2D000D, 0x2C000C, 0x2B000B, 0x2A000A, 0x290009, 0x280008,
                                      0x270007, 0x260006, 0x250005, 0x240004, 0x230003, 0x220002, 0x210001, 0x200000);
  return _mm512_permutex2var_epi16(_mm512_castsi256_si512(_mm256_loadu_si256(even)), order,
                                   _mm512_castsi256_si512(_mm256_loadu_si256(odd)));
}
// 32 values as bfloat16, nearest even, subnormal ones as zero: those of a, then those of b.
FK_INLINE v16i v16i_bf16_of(v16 a, v16 b) { return (__m512i)_mm512_cvtne2ps_pbh(b, a); }
// Element i of a beside element i of b, rounded alike.
FK_INLINE v16i v16i_bf16_pairs(v16 a, v16 b) {
  const v16i order = _mm512_set_epi32(0x1F000F, 0x1E000E, 0x1D000D, 0x1C000C, 0x1B000B, 0x1A000A, 0x190009, 0x180008,
                                      0x170007, 0x160006, 0x150005, 0x140004, 0x130003, 0x120002, 0x110001, 0x100000);
  return _mm512_permutexvar_epi16(order, v16i_bf16_of(a, b));
}
FK_INLINE v16 v16_dot_pairs(v16 sum, v16i a, v16i b) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }
// The instruction takes and leaves subnormal numbers as zero by itself.
FK_INLINE unsigned v16_flush_begin(void) { return 0; }
FK_INLINE void v16_flush_end(unsigned state) { (void)state; }
// bfloat16 of every e4m3 code without its sign, low bytes and high bytes apart: two registers each.
static const uint8_t e4m3_low[128] __attribute__((aligned(64))) = {
    0x00, 0x00, 0x80, 0xC0, 0x00, 0x20, 0x40, 0x60, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0,
    0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0,
    0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0,
    0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0,
    0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0,
    0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0,
    0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xF0,
    0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0xC0,
};
static const uint8_t e4m3_high[128] __attribute__((aligned(64))) = {
    0x00, 0x3B, 0x3B, 0x3B, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C, 0x3C,
    0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D, 0x3D,
    0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E,
    0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F, 0x3F,
    0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40,
    0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41, 0x41,
    0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42,
    0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x43, 0x7F,
};
// Each code twice, to look up its low byte and its high byte.
static const uint8_t e4m3_twice[64] __attribute__((aligned(64))) = {
    0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7,
    8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15,
    16, 16, 17, 17, 18, 18, 19, 19, 20, 20, 21, 21, 22, 22, 23, 23,
    24, 24, 25, 25, 26, 26, 27, 27, 28, 28, 29, 29, 30, 30, 31, 31,
};
FK_INLINE v16i v16i_load_e4m3_pairs(const void *p) {
  v16i codes = _mm512_permutexvar_epi8(v16i_load(e4m3_twice), _mm512_castsi256_si512(_mm256_loadu_si256(p)));
  v16i low = _mm512_permutex2var_epi8(v16i_load(e4m3_low), codes, v16i_load(e4m3_low + 64));
  v16i high = _mm512_permutex2var_epi8(v16i_load(e4m3_high), codes, v16i_load(e4m3_high + 64));
  v16i value = _mm512_mask_mov_epi8(low, 0xAAAAAAAAAAAAAAAAull, high);
  // value | codes & 0x8000
  return _mm512_ternarylogic_epi32(value, codes, _mm512_set1_epi16((short)0x8000), 0xF8);
}

#define FK_TILE_ROWS 4
#define FK_TILE_TOKENS 4
#define FK_SCORE_ROWS 16
#define FK_TABLE fk_avx512_kernels
#include "../lanes/kernels.h"

#define FT_LEFT 14
#define FT_ROUNDS_PAIRS
#define FT_RIGHT_LANES 2
#define FT_TABLE ft_avx512_kernels
#include "../training/rounding.h"
#include "../training/products.h"
#include "../training/rows.h"
#include "../training/attention.h"
#include "../training/table.h"

#pragma clang attribute pop
#endif
