// What a machine can do at best: loops that do nothing but read, or nothing but multiply and add.
// Speeds are stated as parts of these ceilings, measured in the same minutes.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Reads `bytes` bytes, a multiple of 512, in the widest loads there are; the result depends on all of them.
uint64_t fathom_ceiling_read(const void *start, size_t bytes);

// Runs `rounds` rounds of multiply-adds in registers and returns how many operations they were, a multiplication and an
// addition counting as two. `sink` takes what was computed. int8 products summed in int32; bfloat16 products summed in
// float (float ones where the machine has none).
double fathom_ceiling_int8(size_t rounds, int32_t *sink);
double fathom_ceiling_bf16(size_t rounds, float *sink);
