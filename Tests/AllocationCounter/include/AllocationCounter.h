#ifndef FATHOM_ALLOCATION_COUNTER_H
#define FATHOM_ALLOCATION_COUNTER_H
#include <stdint.h>

enum { FATHOM_LARGE = 1024 };

// Allocations of the calling thread since the program began, and those of at least FATHOM_LARGE bytes. Where the C library's
// allocator cannot be stood before, and under a sanitizer, -1.
int64_t fathom_allocations(void);
int64_t fathom_large_allocations(void);

#endif
