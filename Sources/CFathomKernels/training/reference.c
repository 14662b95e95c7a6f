// The training kernels as plain loops; each variant gives the same bits.
#include "../reference/reference.h"

#define FK_INLINE static inline
enum { FT_LEFT = 4, FT_RIGHT = 8 };
#define FT_TABLE ft_reference_kernels
#include "rounding.h"
#include "plain_products.h"
#include "rows.h"
#include "attention.h"
#include "table.h"
