// Which variants this machine can run.
#include "include/CFathomKernels.h"

extern const fk_kernels fk_reference_kernels;
extern const ft_kernels ft_reference_kernels;

#if defined(__x86_64__)
extern const fk_kernels fk_avx2_kernels, fk_avx512_kernels;
extern const ft_kernels ft_avx2_kernels, ft_avx512_kernels;

static int has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

static int has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16");
}
#elif defined(__aarch64__)
extern const fk_kernels fk_neon_kernels;
extern const ft_kernels ft_neon_kernels;
#endif

size_t fk_read_streams(void) {
#if defined(__x86_64__)
  // Zen 4 was measured with four, Zen 5 with one; others are left with four.
  return __builtin_cpu_is("amd") && !__builtin_cpu_is("amdfam17h") && !__builtin_cpu_is("amdfam19h") ? 1 : 4;
#else
  return 4;
#endif
}

const fk_kernels *fk_kernels_for(fk_isa isa) {
  switch (isa) {
    case FK_ISA_REFERENCE: return &fk_reference_kernels;
#if defined(__x86_64__)
    case FK_ISA_AVX2: return has_avx2() ? &fk_avx2_kernels : NULL;
    case FK_ISA_AVX512: return has_avx512() ? &fk_avx512_kernels : NULL;
#elif defined(__aarch64__)
    case FK_ISA_NEON: return &fk_neon_kernels;
#endif
    default: return NULL;
  }
}

const ft_kernels *ft_kernels_for(fk_isa isa) {
  switch (isa) {
    case FK_ISA_REFERENCE: return &ft_reference_kernels;
#if defined(__x86_64__)
    case FK_ISA_AVX2: return has_avx2() ? &ft_avx2_kernels : NULL;
    case FK_ISA_AVX512: return has_avx512() ? &ft_avx512_kernels : NULL;
#elif defined(__aarch64__)
    case FK_ISA_NEON: return &ft_neon_kernels;
#endif
    default: return NULL;
  }
}
