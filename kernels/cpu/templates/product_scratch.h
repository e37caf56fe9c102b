// What a worker keeps while it multiplies. Not the loops: float_product.h and int_product.h.
#pragma once

#include "tile.h"

/// Panels whose sums a chunk keeps at a time, at most: a head of 256, or 16 panels of a linear.
#define SUM_PANELS 16
/// Sums of a chunk lie this many floats apart from row to row.
#define SUM_STRIDE (16 * SUM_PANELS + 16)

struct product_scratch {
    float sums[VLMC_ROW_BLOCK * SUM_STRIDE];
    float widened[2][256 * 16]; ///< a block of two panels in another form
};
