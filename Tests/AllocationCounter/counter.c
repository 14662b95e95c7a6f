// Stands before glibc's allocator in the test program, and counts.
#include "AllocationCounter.h"

#include <stddef.h>

#if defined(__GLIBC__) || defined(__linux__)
#include <errno.h>
#include <features.h>
#endif

// A sanitizer's allocator stands there already.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FATHOM_SANITIZED
#endif
#endif

#if defined(__GLIBC__) && !defined(FATHOM_SANITIZED)
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static _Thread_local int64_t allocations, large;

int64_t fathom_allocations(void) { return allocations; }
int64_t fathom_large_allocations(void) { return large; }

static void count(size_t size) {
  allocations++;
  if (size >= FATHOM_LARGE) large++;
}

void *malloc(size_t size) {
  count(size);
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count(number * size);
  return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
  count(size);
  return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count(size);
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
  count(size);
  *result = __libc_memalign(alignment, size);
  return *result ? 0 : ENOMEM;
}
#else
int64_t fathom_allocations(void) { return -1; }
int64_t fathom_large_allocations(void) { return -1; }
#endif
