// AVX2: two registers hold the 16 partial sums.
#if defined(__x86_64__)
#include <immintrin.h>

#include "../scalar.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define FK_INLINE static inline __attribute__((always_inline))

typedef struct {
  __m256 low, high;
} v16;

#define FK_BOTH(expression_low, expression_high) ((v16){expression_low, expression_high})

FK_INLINE v16 v16_set(float x) { return FK_BOTH(_mm256_set1_ps(x), _mm256_set1_ps(x)); }
FK_INLINE v16 v16_load(const void *p) {
  return FK_BOTH(_mm256_loadu_ps(p), _mm256_loadu_ps((const float *)p + 8));
}
FK_INLINE void v16_store(float *p, v16 x) {
  _mm256_storeu_ps(p, x.low);
  _mm256_storeu_ps(p + 8, x.high);
}
FK_INLINE v16 v16_fma(v16 a, v16 b, v16 c) {
  return FK_BOTH(_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high));
}
FK_INLINE v16 v16_add(v16 a, v16 b) { return FK_BOTH(_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)); }
FK_INLINE v16 v16_sub(v16 a, v16 b) { return FK_BOTH(_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)); }
FK_INLINE v16 v16_mul(v16 a, v16 b) { return FK_BOTH(_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)); }
FK_INLINE v16 v16_div(v16 a, v16 b) { return FK_BOTH(_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)); }
FK_INLINE v16 v16_sqrt(v16 x) { return FK_BOTH(_mm256_sqrt_ps(x.low), _mm256_sqrt_ps(x.high)); }
// Like a < b ? b : a, and a > b ? b : a; a NaN in b is kept.
FK_INLINE v16 v16_max(v16 a, v16 b) { return FK_BOTH(_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)); }
FK_INLINE v16 v16_min(v16 a, v16 b) { return FK_BOTH(_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)); }

FK_INLINE __m256 widen_bf16(__m128i x) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16));
}
FK_INLINE v16 v16_load_bf16(const void *p) {
  return FK_BOTH(widen_bf16(_mm_loadu_si128(p)), widen_bf16(_mm_loadu_si128((const __m128i *)p + 1)));
}
FK_INLINE v16 v16_load_f16(const void *p) {
  return FK_BOTH(_mm256_cvtph_ps(_mm_loadu_si128(p)), _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p + 1)));
}
// Sign, exponent and fraction moved to their places in a half-precision float make the value times 2^-8. (Straight to
// single precision, small codes would be subnormal and slow.)
FK_INLINE __m256 decode_e4m3(__m128i half) {
  __m256 value = _mm256_mul_ps(_mm256_cvtph_ps(half), _mm256_set1_ps(256.0f));
  __m128i magnitude = _mm_or_si128(half, _mm_set1_epi16((short)0x8000));
  __m128i nan = _mm_cmpeq_epi16(magnitude, _mm_set1_epi16((short)0xBF80));
  return _mm256_blendv_ps(value, _mm256_set1_ps(NAN), _mm256_castsi256_ps(_mm256_cvtepi16_epi32(nan)));
}
FK_INLINE v16 v16_load_e4m3(const void *p) {
  __m256i spread = _mm256_slli_epi16(_mm256_cvtepi8_epi16(_mm_loadu_si128(p)), 7);
  __m256i half = _mm256_and_si256(spread, _mm256_set1_epi16((short)0xBF80));
  return FK_BOTH(decode_e4m3(_mm256_castsi256_si128(half)), decode_e4m3(_mm256_extracti128_si256(half, 1)));
}
// Halves 16 -> 8 -> 4 -> 2 -> 1, lane l taking lane l + half.
FK_INLINE float v16_halve(v16 x) {
  __m256 eight = _mm256_add_ps(x.low, x.high);
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
// The sums of a tile's rows, each added up as v16_halve does.
FK_INLINE void v16_halve_tile(float *y, const v16 *x) {
  y[0] = v16_halve(x[0]);
  y[1] = v16_halve(x[1]);
}
FK_INLINE __m256 power_of_two(__m256 shifted) {
  __m256i bits = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(bits, _mm256_set1_epi32(0x3F800000)));
}
// 2^n for the integer n held in the low bits of FK_EXP_MAGIC + n.
FK_INLINE v16 v16_power_of_two(v16 shifted) { return FK_BOTH(power_of_two(shifted.low), power_of_two(shifted.high)); }

FK_INLINE __m256i magnitudes(v16 x) {
  __m256i rest = _mm256_set1_epi32(0x7FFFFFFF);
  return _mm256_max_epi32(_mm256_and_si256(_mm256_castps_si256(x.low), rest),
                          _mm256_and_si256(_mm256_castps_si256(x.high), rest));
}
// The largest magnitude; NaN is above all.
FK_INLINE float v16_largest_magnitude(v16 a, v16 b) {
  __m256i eight = _mm256_max_epi32(magnitudes(a), magnitudes(b));
  __m128i four = _mm_max_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  __m128i two = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4E));
  return _mm_cvtss_f32(_mm_castsi128_ps(_mm_max_epi32(two, _mm_shuffle_epi32(two, 0xB1))));
}

// 64 bytes: 16 integers, or 16 lanes of 4 bytes or 2 halves.
typedef struct {
  __m256i low, high;
} v16i;

#define FK_INTS(expression_low, expression_high) ((v16i){expression_low, expression_high})

FK_INLINE v16i v16i_set(int32_t x) { return FK_INTS(_mm256_set1_epi32(x), _mm256_set1_epi32(x)); }
FK_INLINE v16i v16i_load(const void *p) {
  return FK_INTS(_mm256_loadu_si256(p), _mm256_loadu_si256((const __m256i *)p + 1));
}
FK_INLINE void v16i_store(void *p, v16i x) {
  _mm256_storeu_si256(p, x.low);
  _mm256_storeu_si256((__m256i *)p + 1, x.high);
}
FK_INLINE v16i v16i_broadcast(const void *p) {
  int32_t x;
  memcpy(&x, p, 4);
  return v16i_set(x);
}
FK_INLINE v16i v16i_xor(v16i a, v16i b) {
  return FK_INTS(_mm256_xor_si256(a.low, b.low), _mm256_xor_si256(a.high, b.high));
}
FK_INLINE v16i v16i_or(v16i a, v16i b) {
  return FK_INTS(_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high));
}
FK_INLINE v16i v16i_high_to_low(v16i x) {
  return FK_INTS(_mm256_srli_epi32(x.low, 16), _mm256_srli_epi32(x.high, 16));
}
FK_INLINE v16 v16_cast(v16i x) { return FK_BOTH(_mm256_castsi256_ps(x.low), _mm256_castsi256_ps(x.high)); }
FK_INLINE v16 v16_from_ints(v16i x) { return FK_BOTH(_mm256_cvtepi32_ps(x.low), _mm256_cvtepi32_ps(x.high)); }
FK_INLINE __m256 where_greater(__m256i a, __m256i b, __m256 yes, __m256 no) {
  return _mm256_blendv_ps(no, yes, _mm256_castsi256_ps(_mm256_cmpgt_epi32(a, b)));
}
FK_INLINE v16 v16_where_greater(v16i a, v16i b, v16 yes, v16 no) {
  return FK_BOTH(where_greater(a.low, b.low, yes.low, no.low), where_greater(a.high, b.high, yes.high, no.high));
}
FK_INLINE v16i v16i_low_nibbles(v16i x) {
  __m256i mask = _mm256_set1_epi8(0xF);
  return FK_INTS(_mm256_and_si256(x.low, mask), _mm256_and_si256(x.high, mask));
}
FK_INLINE v16i v16i_high_nibbles(v16i x) {
  return v16i_low_nibbles(FK_INTS(_mm256_srli_epi16(x.low, 4), _mm256_srli_epi16(x.high, 4)));
}
// Even and odd bytes apart, widened to 16 bits, since the instruction for pairs of bytes saturates.
FK_INLINE __m256i dot_bytes(__m256i sum, __m256i bytes, __m256i codes) {
  __m256i even = _mm256_madd_epi16(_mm256_and_si256(bytes, _mm256_set1_epi16(0xFF)),
                                   _mm256_srai_epi16(_mm256_slli_epi16(codes, 8), 8));
  __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(bytes, 8), _mm256_srai_epi16(codes, 8));
  return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}
// Each lane: sum + 4 products of unsigned and signed bytes.
FK_INLINE v16i v16i_dot(v16i sum, v16i bytes, v16i codes) {
  return FK_INTS(dot_bytes(sum.low, bytes.low, codes.low), dot_bytes(sum.high, bytes.high, codes.high));
}
// Nearest even; what is not a number becomes 0.
FK_INLINE __m256i round_or_zero(__m256 x) {
  return _mm256_cvtps_epi32(_mm256_and_ps(x, _mm256_cmp_ps(x, x, _CMP_ORD_Q)));
}
// Of 16 signed bytes; the instruction adds unsigned ones.
FK_INLINE int32_t sum_of_bytes(__m128i bytes) {
  __m128i halves = _mm_sad_epu8(_mm_xor_si128(bytes, _mm_set1_epi8(-128)), _mm_setzero_si128());
  return _mm_cvtsi128_si32(halves) + _mm_extract_epi32(halves, 2) - 16 * 128;
}
// Rounds to bytes and returns their sum.
FK_INLINE int32_t v16_encode(int8_t *codes, v16 x) {
  __m256i low = round_or_zero(x.low), high = round_or_zero(x.high);
  // The instruction packs the halves of its operands side by side.
  __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xD8);
  __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128((__m128i *)codes, bytes);
  return sum_of_bytes(bytes);
}
FK_INLINE __m256i round_bf16(__m256 x) {
  __m256i bits = _mm256_castps_si256(x);
  __m256i even = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  bits = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7FFF)), even);
  return _mm256_and_si256(bits, _mm256_set1_epi32((int)0xFFFF0000));
}
// Rounded to bfloat16, nearest even, in the high halves.
FK_INLINE v16i v16i_round_bf16(v16 x) { return FK_INTS(round_bf16(x.low), round_bf16(x.high)); }
FK_INLINE __m256i quiet_bf16(__m256 x) {
  __m256i quiet = _mm256_or_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x400000));
  __m256 nan = _mm256_cmp_ps(x, x, _CMP_UNORD_Q);
  __m256i bits = _mm256_blendv_epi8(round_bf16(x), quiet, _mm256_castps_si256(nan));
  return _mm256_srli_epi32(bits, 16);
}
FK_INLINE void v16_store_bf16(uint16_t *p, v16 x) {
  __m256i words = _mm256_packus_epi32(quiet_bf16(x.low), quiet_bf16(x.high));
  _mm256_storeu_si256((__m256i *)p, _mm256_permute4x64_epi64(words, 0xD8));
}
FK_INLINE __m256i interleave(__m128i even, __m128i odd) {
  return _mm256_or_si256(_mm256_cvtepu16_epi32(even), _mm256_slli_epi32(_mm256_cvtepu16_epi32(odd), 16));
}
// 16 halves of each, side by side.
FK_INLINE v16i v16i_interleave(const void *even, const void *odd) {
  return FK_INTS(interleave(_mm_loadu_si128(even), _mm_loadu_si128(odd)),
                 interleave(_mm_loadu_si128((const __m128i *)even + 1), _mm_loadu_si128((const __m128i *)odd + 1)));
}
FK_INLINE __m256 dot_pairs(__m256 sum, __m256i a, __m256i b) {
  __m256i high = _mm256_set1_epi32((int)0xFFFF0000);
  sum = _mm256_fmadd_ps(_mm256_castsi256_ps(_mm256_and_si256(a, high)), _mm256_castsi256_ps(_mm256_and_si256(b, high)),
                        sum);
  return _mm256_fmadd_ps(_mm256_castsi256_ps(_mm256_slli_epi32(a, 16)), _mm256_castsi256_ps(_mm256_slli_epi32(b, 16)),
                         sum);
}
FK_INLINE v16 v16_dot_pairs(v16 sum, v16i a, v16i b) {
  return FK_BOTH(dot_pairs(sum.low, a.low, b.low), dot_pairs(sum.high, a.high, b.high));
}
// Subnormal numbers count as zero, going in and coming out, until the state is given back.
FK_INLINE unsigned v16_flush_begin(void) {
  unsigned state = _mm_getcsr();
  _mm_setcsr(state | 0x8040);
  return state;
}
FK_INLINE void v16_flush_end(unsigned state) { _mm_setcsr(state); }
FK_INLINE v16i v16i_load_e4m3_pairs(const void *p) {
  uint16_t halves[32];
  v16_store_bf16(halves, v16_load_e4m3(p));
  v16_store_bf16(halves + 16, v16_load_e4m3((const uint8_t *)p + 16));
  return v16i_load(halves);
}

#define FK_PLAIN_TRANSPOSE
#define FK_TILE_ROWS 2
#define FK_TILE_TOKENS 2
#define FK_SCORE_ROWS 8
#define FK_TABLE fk_avx2_kernels
#include "../lanes/kernels.h"

#define FT_LEFT 6
#define FT_RIGHT_LANES 1
#define FT_TABLE ft_avx2_kernels
#include "../training/rounding.h"
#include "../training/products.h"
#include "../training/rows.h"
#include "../training/attention.h"
#include "../training/table.h"

#pragma clang attribute pop
#endif
