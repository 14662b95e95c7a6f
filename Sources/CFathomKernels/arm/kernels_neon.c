// NEON: four registers hold the 16 partial sums.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "../scalar.h"

#define FK_INLINE static inline __attribute__((always_inline))

typedef float32x4x4_t v16;

#define FK_EACH(result, expression)              \
  do {                                           \
    for (int i = 0; i < 4; i++) (result).val[i] = (expression); \
  } while (0)

FK_INLINE v16 v16_set(float x) {
  v16 y;
  FK_EACH(y, vdupq_n_f32(x));
  return y;
}
FK_INLINE v16 v16_load(const void *p) {
  v16 y;
  FK_EACH(y, vreinterpretq_f32_u8(vld1q_u8((const uint8_t *)p + 16 * i)));
  return y;
}
FK_INLINE void v16_store(float *p, v16 x) {
  for (int i = 0; i < 4; i++) vst1q_f32(p + 4 * i, x.val[i]);
}
FK_INLINE v16 v16_fma(v16 a, v16 b, v16 c) {
  v16 y;
  FK_EACH(y, vfmaq_f32(c.val[i], a.val[i], b.val[i]));
  return y;
}
FK_INLINE v16 v16_add(v16 a, v16 b) {
  v16 y;
  FK_EACH(y, vaddq_f32(a.val[i], b.val[i]));
  return y;
}
FK_INLINE v16 v16_sub(v16 a, v16 b) {
  v16 y;
  FK_EACH(y, vsubq_f32(a.val[i], b.val[i]));
  return y;
}
FK_INLINE v16 v16_mul(v16 a, v16 b) {
  v16 y;
  FK_EACH(y, vmulq_f32(a.val[i], b.val[i]));
  return y;
}
FK_INLINE v16 v16_div(v16 a, v16 b) {
  v16 y;
  FK_EACH(y, vdivq_f32(a.val[i], b.val[i]));
  return y;
}
FK_INLINE v16 v16_sqrt(v16 x) {
  v16 y;
  FK_EACH(y, vsqrtq_f32(x.val[i]));
  return y;
}
// Like a < b ? b : a, and a > b ? b : a; a NaN in b is kept.
FK_INLINE v16 v16_max(v16 a, v16 b) {
  v16 y;
  FK_EACH(y, vbslq_f32(vcgtq_f32(a.val[i], b.val[i]), a.val[i], b.val[i]));
  return y;
}
FK_INLINE v16 v16_min(v16 a, v16 b) {
  v16 y;
  FK_EACH(y, vbslq_f32(vcltq_f32(a.val[i], b.val[i]), a.val[i], b.val[i]));
  return y;
}
FK_INLINE uint16x4_t load_halves(const void *p, int i) {
  return vreinterpret_u16_u8(vld1_u8((const uint8_t *)p + 8 * i));
}
FK_INLINE v16 v16_load_bf16(const void *p) {
  v16 y;
  FK_EACH(y, vreinterpretq_f32_u32(vshll_n_u16(load_halves(p, i), 16)));
  return y;
}
FK_INLINE v16 v16_load_f16(const void *p) {
  v16 y;
  FK_EACH(y, vcvt_f32_f16(vreinterpret_f16_u16(load_halves(p, i))));
  return y;
}
// Sign, exponent and fraction moved to their places in a half-precision float make the value times 2^-8.
FK_INLINE float32x4_t decode_e4m3(uint16x4_t half) {
  float32x4_t value = vmulq_f32(vcvt_f32_f16(vreinterpret_f16_u16(half)), vdupq_n_f32(256.0f));
  uint16x4_t nan = vceq_u16(vorr_u16(half, vdup_n_u16(0x8000)), vdup_n_u16(0xBF80));
  return vbslq_f32(vreinterpretq_u32_s32(vmovl_s16(vreinterpret_s16_u16(nan))), vdupq_n_f32(NAN), value);
}
FK_INLINE v16 v16_load_e4m3(const void *p) {
  int8x16_t codes = vreinterpretq_s8_u8(vld1q_u8(p));
  uint16x8_t mask = vdupq_n_u16(0xBF80);
  uint16x8_t low = vandq_u16(vreinterpretq_u16_s16(vshll_n_s8(vget_low_s8(codes), 7)), mask);
  uint16x8_t high = vandq_u16(vreinterpretq_u16_s16(vshll_n_s8(vget_high_s8(codes), 7)), mask);
  v16 y;
  y.val[0] = decode_e4m3(vget_low_u16(low));
  y.val[1] = decode_e4m3(vget_high_u16(low));
  y.val[2] = decode_e4m3(vget_low_u16(high));
  y.val[3] = decode_e4m3(vget_high_u16(high));
  return y;
}
// Halves 16 -> 8 -> 4 -> 2 -> 1, lane l taking lane l + half.
FK_INLINE float v16_halve(v16 x) {
  float32x4_t four = vaddq_f32(vaddq_f32(x.val[0], x.val[2]), vaddq_f32(x.val[1], x.val[3]));
  float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
// The sums of a tile's rows, each added up as v16_halve does.
FK_INLINE void v16_halve_tile(float *y, const v16 *x) {
  y[0] = v16_halve(x[0]);
  y[1] = v16_halve(x[1]);
}
// 2^n for the integer n held in the low bits of FK_EXP_MAGIC + n.
FK_INLINE v16 v16_power_of_two(v16 shifted) {
  v16 y;
  FK_EACH(y, vreinterpretq_f32_u32(
                 vaddq_u32(vshlq_n_u32(vreinterpretq_u32_f32(shifted.val[i]), 23), vdupq_n_u32(0x3F800000))));
  return y;
}

FK_INLINE uint32x4_t magnitude(float32x4_t x) { return vreinterpretq_u32_f32(vabsq_f32(x)); }
FK_INLINE uint32x4_t magnitudes(v16 x) {
  return vmaxq_u32(vmaxq_u32(magnitude(x.val[0]), magnitude(x.val[1])),
                   vmaxq_u32(magnitude(x.val[2]), magnitude(x.val[3])));
}
// The largest magnitude; NaN is above all.
FK_INLINE float v16_largest_magnitude(v16 a, v16 b) {
  uint32_t bits = vmaxvq_u32(vmaxq_u32(magnitudes(a), magnitudes(b)));
  float largest;
  memcpy(&largest, &bits, 4);
  return largest;
}

// 64 bytes: 16 integers, or 16 lanes of 4 bytes or 2 halves.
typedef int32x4x4_t v16i;

FK_INLINE v16i v16i_set(int32_t x) {
  v16i y;
  FK_EACH(y, vdupq_n_s32(x));
  return y;
}
FK_INLINE v16i v16i_load(const void *p) {
  v16i y;
  FK_EACH(y, vreinterpretq_s32_u8(vld1q_u8((const uint8_t *)p + 16 * i)));
  return y;
}
FK_INLINE void v16i_store(void *p, v16i x) {
  for (size_t i = 0; i < 4; i++) vst1q_s32((int32_t *)p + 4 * i, x.val[i]);
}
FK_INLINE v16i v16i_broadcast(const void *p) {
  int32_t x;
  memcpy(&x, p, 4);
  return v16i_set(x);
}
FK_INLINE v16i v16i_xor(v16i a, v16i b) {
  v16i y;
  FK_EACH(y, veorq_s32(a.val[i], b.val[i]));
  return y;
}
FK_INLINE v16i v16i_or(v16i a, v16i b) {
  v16i y;
  FK_EACH(y, vorrq_s32(a.val[i], b.val[i]));
  return y;
}
FK_INLINE uint32x4_t bits_of(int32x4_t x) { return vreinterpretq_u32_s32(x); }
FK_INLINE int32x4_t shifted_right(int32x4_t x, int count) {
  return vreinterpretq_s32_u32(vshlq_u32(bits_of(x), vdupq_n_s32(-count)));
}
FK_INLINE v16i v16i_high_to_low(v16i x) {
  v16i y;
  FK_EACH(y, shifted_right(x.val[i], 16));
  return y;
}
FK_INLINE v16 v16_cast(v16i x) {
  v16 y;
  FK_EACH(y, vreinterpretq_f32_s32(x.val[i]));
  return y;
}
FK_INLINE v16 v16_from_ints(v16i x) {
  v16 y;
  FK_EACH(y, vcvtq_f32_s32(x.val[i]));
  return y;
}
FK_INLINE v16 v16_where_greater(v16i a, v16i b, v16 yes, v16 no) {
  v16 y;
  FK_EACH(y, vbslq_f32(vcgtq_s32(a.val[i], b.val[i]), yes.val[i], no.val[i]));
  return y;
}
FK_INLINE v16i v16i_low_nibbles(v16i x) {
  v16i y;
  FK_EACH(y, vandq_s32(x.val[i], vdupq_n_s32(0x0F0F0F0F)));
  return y;
}
FK_INLINE v16i v16i_high_nibbles(v16i x) {
  v16i y;
  FK_EACH(y, vandq_s32(shifted_right(x.val[i], 4), vdupq_n_s32(0x0F0F0F0F)));
  return y;
}
FK_INLINE int32x4_t dot_bytes(int32x4_t sum, int32x4_t bytes, int32x4_t codes) {
  uint8x16_t u = vreinterpretq_u8_s32(bytes);
  int8x16_t s = vreinterpretq_s8_s32(codes);
  int16x8_t u0 = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(u))), u1 = vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(u)));
  int16x8_t s0 = vmovl_s8(vget_low_s8(s)), s1 = vmovl_s8(vget_high_s8(s));
  int32x4_t a = vmull_s16(vget_low_s16(u0), vget_low_s16(s0)), b = vmull_s16(vget_high_s16(u0), vget_high_s16(s0));
  int32x4_t c = vmull_s16(vget_low_s16(u1), vget_low_s16(s1)), d = vmull_s16(vget_high_s16(u1), vget_high_s16(s1));
  return vaddq_s32(sum, vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d)));
}
// Each lane: sum + 4 products of unsigned and signed bytes.
FK_INLINE v16i v16i_dot(v16i sum, v16i bytes, v16i codes) {
  v16i y;
  FK_EACH(y, dot_bytes(sum.val[i], bytes.val[i], codes.val[i]));
  return y;
}
// Rounds to bytes and returns their sum.
FK_INLINE int32_t v16_encode(int8_t *codes, v16 x) {
  v16i whole;
  FK_EACH(whole, vcvtnq_s32_f32(x.val[i]));
  int16x8_t low = vcombine_s16(vmovn_s32(whole.val[0]), vmovn_s32(whole.val[1]));
  int16x8_t high = vcombine_s16(vmovn_s32(whole.val[2]), vmovn_s32(whole.val[3]));
  vst1q_s8(codes, vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
  return vaddvq_s32(vaddq_s32(vaddq_s32(whole.val[0], whole.val[1]), vaddq_s32(whole.val[2], whole.val[3])));
}
FK_INLINE uint32x4_t round_bf16(float32x4_t x) {
  uint32x4_t bits = vreinterpretq_u32_f32(x);
  uint32x4_t even = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
  bits = vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7FFF)), even);
  return vandq_u32(bits, vdupq_n_u32(0xFFFF0000));
}
// Rounded to bfloat16, nearest even, in the high halves.
FK_INLINE v16i v16i_round_bf16(v16 x) {
  v16i y;
  FK_EACH(y, vreinterpretq_s32_u32(round_bf16(x.val[i])));
  return y;
}
FK_INLINE void v16_store_bf16(uint16_t *p, v16 x) {
  for (int i = 0; i < 4; i++) {
    uint32x4_t quiet = vorrq_u32(vreinterpretq_u32_f32(x.val[i]), vdupq_n_u32(0x400000));
    uint32x4_t bits = vbslq_u32(vceqq_f32(x.val[i], x.val[i]), round_bf16(x.val[i]), quiet);
    vst1_u8((uint8_t *)(p + 4 * i), vreinterpret_u8_u16(vshrn_n_u32(bits, 16)));
  }
}
// 16 halves of each, side by side.
FK_INLINE v16i v16i_interleave(const void *even, const void *odd) {
  v16i y;
  FK_EACH(y, vreinterpretq_s32_u32(vorrq_u32(vmovl_u16(load_halves(even, i)), vshll_n_u16(load_halves(odd, i), 16))));
  return y;
}
FK_INLINE float32x4_t odd_half(int32x4_t x) {
  return vreinterpretq_f32_u32(vandq_u32(bits_of(x), vdupq_n_u32(0xFFFF0000)));
}
FK_INLINE float32x4_t even_half(int32x4_t x) { return vreinterpretq_f32_s32(vshlq_n_s32(x, 16)); }
FK_INLINE v16 v16_dot_pairs(v16 sum, v16i a, v16i b) {
  v16 y;
  FK_EACH(y, vfmaq_f32(vfmaq_f32(sum.val[i], odd_half(a.val[i]), odd_half(b.val[i])), even_half(a.val[i]),
                       even_half(b.val[i])));
  return y;
}
// Subnormal numbers count as zero, going in and coming out, until the state is given back.
FK_INLINE unsigned v16_flush_begin(void) {
  uint64_t state;
  __asm__ volatile("mrs %0, fpcr" : "=r"(state));
  __asm__ volatile("msr fpcr, %0" ::"r"(state | 1u << 24) : "memory");
  return (unsigned)state;
}
FK_INLINE void v16_flush_end(unsigned state) { __asm__ volatile("msr fpcr, %0" ::"r"((uint64_t)state) : "memory"); }
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
#define FK_TABLE fk_neon_kernels
#include "../lanes/kernels.h"

#define FT_LEFT 6
#define FT_RIGHT_LANES 1
#define FT_TABLE ft_neon_kernels
#include "../training/rounding.h"
#include "../training/products.h"
#include "../training/rows.h"
#include "../training/attention.h"
#include "../training/table.h"
#endif
