// Ceilings on x86: as many independent accumulators as hide the latency of the instruction, and nothing else in the
// loop. The empty assembly statements keep operands in registers and the loops from being folded.
#if defined(__x86_64__)
#include <immintrin.h>

#include "ceilings.h"

#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16,avx2,fma")))

AVX2 uint64_t fathom_read_avx2(const void *start, size_t bytes) {
  const __m256i *p = start;
  __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
  for (size_t i = 0; i + 8 <= bytes / 32; i += 8) {
    _mm_prefetch((const char *)(p + i) + 4096, _MM_HINT_T0);
    _mm_prefetch((const char *)(p + i) + 4096 + 64, _MM_HINT_T0);
    _mm_prefetch((const char *)(p + i) + 4096 + 128, _MM_HINT_T0);
    _mm_prefetch((const char *)(p + i) + 4096 + 192, _MM_HINT_T0);
    a = _mm256_xor_si256(a, _mm256_xor_si256(_mm256_loadu_si256(p + i), _mm256_loadu_si256(p + i + 4)));
    b = _mm256_xor_si256(b, _mm256_xor_si256(_mm256_loadu_si256(p + i + 1), _mm256_loadu_si256(p + i + 5)));
    c = _mm256_xor_si256(c, _mm256_xor_si256(_mm256_loadu_si256(p + i + 2), _mm256_loadu_si256(p + i + 6)));
    d = _mm256_xor_si256(d, _mm256_xor_si256(_mm256_loadu_si256(p + i + 3), _mm256_loadu_si256(p + i + 7)));
  }
  a = _mm256_xor_si256(_mm256_xor_si256(a, b), _mm256_xor_si256(c, d));
  uint64_t words[4];
  _mm256_storeu_si256((__m256i *)words, a);
  return words[0] ^ words[1] ^ words[2] ^ words[3];
}

AVX512 uint64_t fathom_read_avx512(const void *start, size_t bytes) {
  const char *p = start;
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
  for (size_t i = 0; i + 512 <= bytes; i += 512) {
    for (int line = 0; line < 8; line++) _mm_prefetch(p + i + 4096 + line * 64, _MM_HINT_T0);
    a = _mm512_xor_si512(a, _mm512_xor_si512(_mm512_loadu_si512(p + i), _mm512_loadu_si512(p + i + 256)));
    b = _mm512_xor_si512(b, _mm512_xor_si512(_mm512_loadu_si512(p + i + 64), _mm512_loadu_si512(p + i + 320)));
    c = _mm512_xor_si512(c, _mm512_xor_si512(_mm512_loadu_si512(p + i + 128), _mm512_loadu_si512(p + i + 384)));
    d = _mm512_xor_si512(d, _mm512_xor_si512(_mm512_loadu_si512(p + i + 192), _mm512_loadu_si512(p + i + 448)));
  }
  a = _mm512_xor_si512(_mm512_xor_si512(a, b), _mm512_xor_si512(c, d));
  uint64_t words[8];
  _mm512_storeu_si512(words, a);
  return words[0] ^ words[1] ^ words[2] ^ words[3] ^ words[4] ^ words[5] ^ words[6] ^ words[7];
}

AVX512 double fathom_int8_avx512(size_t rounds, int32_t *sink) {
  __m512i x = _mm512_set1_epi8(3), y = _mm512_set1_epi8(5);
  __m512i s0 = x, s1 = x, s2 = x, s3 = x, s4 = x, s5 = x, s6 = x, s7 = x;
  for (size_t round = 0; round < rounds; round++) {
    s0 = _mm512_dpbusd_epi32(s0, x, y);
    s1 = _mm512_dpbusd_epi32(s1, x, y);
    s2 = _mm512_dpbusd_epi32(s2, x, y);
    s3 = _mm512_dpbusd_epi32(s3, x, y);
    s4 = _mm512_dpbusd_epi32(s4, x, y);
    s5 = _mm512_dpbusd_epi32(s5, x, y);
    s6 = _mm512_dpbusd_epi32(s6, x, y);
    s7 = _mm512_dpbusd_epi32(s7, x, y);
    __asm__ volatile("" : "+v"(s0), "+v"(s1), "+v"(s2), "+v"(s3), "+v"(s4), "+v"(s5), "+v"(s6), "+v"(s7), "+v"(x));
  }
  s0 = _mm512_add_epi32(_mm512_add_epi32(s0, s1), _mm512_add_epi32(s2, s3));
  s4 = _mm512_add_epi32(_mm512_add_epi32(s4, s5), _mm512_add_epi32(s6, s7));
  *sink ^= _mm512_reduce_add_epi32(_mm512_add_epi32(s0, s4));
  return (double)rounds * 8 * 64 * 2;
}

AVX512 double fathom_bf16_avx512(size_t rounds, float *sink) {
  __m512bh x = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(0.25f));
  __m512bh y = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.125f), _mm512_set1_ps(0.75f));
  __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  __m512 s8 = s0, s9 = s0, s10 = s0, s11 = s0;
  for (size_t round = 0; round < rounds; round++) {
    s0 = _mm512_dpbf16_ps(s0, x, y);
    s1 = _mm512_dpbf16_ps(s1, x, y);
    s2 = _mm512_dpbf16_ps(s2, x, y);
    s3 = _mm512_dpbf16_ps(s3, x, y);
    s4 = _mm512_dpbf16_ps(s4, x, y);
    s5 = _mm512_dpbf16_ps(s5, x, y);
    s6 = _mm512_dpbf16_ps(s6, x, y);
    s7 = _mm512_dpbf16_ps(s7, x, y);
    s8 = _mm512_dpbf16_ps(s8, x, y);
    s9 = _mm512_dpbf16_ps(s9, x, y);
    s10 = _mm512_dpbf16_ps(s10, x, y);
    s11 = _mm512_dpbf16_ps(s11, x, y);
    __asm__ volatile("" : "+v"(s0), "+v"(s1), "+v"(s2), "+v"(s3), "+v"(s4), "+v"(s5));
    __asm__ volatile("" : "+v"(s6), "+v"(s7), "+v"(s8), "+v"(s9), "+v"(s10), "+v"(s11));
  }
  s0 = _mm512_add_ps(_mm512_add_ps(s0, s1), _mm512_add_ps(s2, s3));
  s4 = _mm512_add_ps(_mm512_add_ps(s4, s5), _mm512_add_ps(s6, s7));
  s8 = _mm512_add_ps(_mm512_add_ps(s8, s9), _mm512_add_ps(s10, s11));
  *sink += _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(s0, s4), s8));
  return (double)rounds * 12 * 32 * 2;
}

AVX2 double fathom_int8_avx2(size_t rounds, int32_t *sink) {
  __m256i x = _mm256_set1_epi8(3), y = _mm256_set1_epi8(5), ones = _mm256_set1_epi16(1);
  __m256i s0 = x, s1 = x, s2 = x, s3 = x;
  for (size_t round = 0; round < rounds; round++) {
    s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(_mm256_maddubs_epi16(x, y), ones));
    s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(_mm256_maddubs_epi16(y, x), ones));
    __asm__ volatile("" : "+x"(x));
    s2 = _mm256_add_epi32(s2, _mm256_madd_epi16(_mm256_maddubs_epi16(x, y), ones));
    s3 = _mm256_add_epi32(s3, _mm256_madd_epi16(_mm256_maddubs_epi16(y, x), ones));
    __asm__ volatile("" : "+x"(s0), "+x"(s1), "+x"(s2), "+x"(s3), "+x"(x));
  }
  int32_t lanes[8];
  _mm256_storeu_si256((__m256i *)lanes, _mm256_add_epi32(_mm256_add_epi32(s0, s1), _mm256_add_epi32(s2, s3)));
  for (int lane = 0; lane < 8; lane++) *sink ^= lanes[lane];
  return (double)rounds * 4 * 32 * 2;
}

AVX2 double fathom_bf16_avx2(size_t rounds, float *sink) {
  __m256 x = _mm256_set1_ps(0.5f), y = _mm256_set1_ps(0.25f);
  __m256 s0 = y, s1 = y, s2 = y, s3 = y, s4 = y, s5 = y, s6 = y, s7 = y, s8 = y, s9 = y;
  for (size_t round = 0; round < rounds; round++) {
    s0 = _mm256_fmadd_ps(s0, x, y);
    s1 = _mm256_fmadd_ps(s1, x, y);
    s2 = _mm256_fmadd_ps(s2, x, y);
    s3 = _mm256_fmadd_ps(s3, x, y);
    s4 = _mm256_fmadd_ps(s4, x, y);
    s5 = _mm256_fmadd_ps(s5, x, y);
    s6 = _mm256_fmadd_ps(s6, x, y);
    s7 = _mm256_fmadd_ps(s7, x, y);
    s8 = _mm256_fmadd_ps(s8, x, y);
    s9 = _mm256_fmadd_ps(s9, x, y);
    __asm__ volatile("" : "+x"(s0), "+x"(s1), "+x"(s2), "+x"(s3), "+x"(s4));
    __asm__ volatile("" : "+x"(s5), "+x"(s6), "+x"(s7), "+x"(s8), "+x"(s9));
  }
  s0 = _mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3));
  s4 = _mm256_add_ps(_mm256_add_ps(s4, s5), _mm256_add_ps(s6, s7));
  float lanes[8];
  _mm256_storeu_ps(lanes, _mm256_add_ps(_mm256_add_ps(s0, s4), _mm256_add_ps(s8, s9)));
  for (int lane = 0; lane < 8; lane++) *sink += lanes[lane];
  return (double)rounds * 10 * 8 * 2;
}
#endif
