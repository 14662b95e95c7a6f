// The loops of ceilings_x86.c, chosen in ceilings.c.
#pragma once
#include "../include/fathom_ceilings.h"

#if defined(__x86_64__)
uint64_t fathom_read_avx2(const void *start, size_t bytes);
uint64_t fathom_read_avx512(const void *start, size_t bytes);
double fathom_int8_avx2(size_t rounds, int32_t *sink);
double fathom_int8_avx512(size_t rounds, int32_t *sink);
double fathom_bf16_avx2(size_t rounds, float *sink);
double fathom_bf16_avx512(size_t rounds, float *sink);
#endif
