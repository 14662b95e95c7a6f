// The ceilings of the machine: which loops it can run, and what they look like without vector instructions.
#include "ceilings.h"

#if defined(__x86_64__)
static int has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
static int has_avx512(void) { return has_avx2() && __builtin_cpu_supports("avx512f"); }
static int has_vnni(void) { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }
static int has_bf16(void) { return has_avx512() && __builtin_cpu_supports("avx512bf16"); }
#endif

enum { ACCUMULATORS = 16 };

static uint64_t read_portable(const void *start, size_t bytes) {
  const uint64_t *words = start;
  uint64_t sums[8] = {0};
  for (size_t i = 0; i + 8 <= bytes / 8; i += 8)
    for (size_t lane = 0; lane < 8; lane++) sums[lane] ^= words[i + lane];
  return sums[0] ^ sums[1] ^ sums[2] ^ sums[3] ^ sums[4] ^ sums[5] ^ sums[6] ^ sums[7];
}

static double int8_portable(size_t rounds, int32_t *sink) {
  uint32_t sums[ACCUMULATORS] = {0};
  int8_t x[ACCUMULATORS], y[ACCUMULATORS];
  for (int i = 0; i < ACCUMULATORS; i++) x[i] = (int8_t)(i + 1), y[i] = (int8_t)(3 - i);
  for (size_t round = 0; round < rounds; round++)
    for (int i = 0; i < ACCUMULATORS; i++) sums[i] += (uint32_t)(x[i] * y[(i + (int)(round & 15)) & 15]);
  for (int i = 0; i < ACCUMULATORS; i++) *sink ^= (int32_t)sums[i];
  return (double)rounds * ACCUMULATORS * 2;
}

static double bf16_portable(size_t rounds, float *sink) {
  float sums[ACCUMULATORS] = {0};
  for (size_t round = 0; round < rounds; round++)
    for (int i = 0; i < ACCUMULATORS; i++) sums[i] = sums[i] * 0.5f + (float)i;
  for (int i = 0; i < ACCUMULATORS; i++) *sink += sums[i];
  return (double)rounds * ACCUMULATORS * 2;
}

uint64_t fathom_ceiling_read(const void *start, size_t bytes) {
#if defined(__x86_64__)
  if (has_avx512()) return fathom_read_avx512(start, bytes);
  if (has_avx2()) return fathom_read_avx2(start, bytes);
#endif
  return read_portable(start, bytes);
}

double fathom_ceiling_int8(size_t rounds, int32_t *sink) {
#if defined(__x86_64__)
  if (has_vnni()) return fathom_int8_avx512(rounds, sink);
  if (has_avx2()) return fathom_int8_avx2(rounds, sink);
#endif
  return int8_portable(rounds, sink);
}

double fathom_ceiling_bf16(size_t rounds, float *sink) {
#if defined(__x86_64__)
  if (has_bf16()) return fathom_bf16_avx512(rounds, sink);
  if (has_avx2()) return fathom_bf16_avx2(rounds, sink);
#endif
  return bf16_portable(rounds, sink);
}
