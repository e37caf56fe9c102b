// norm(input) times a packed matrix, for a range of its panels, into a block of sums, in one call of the thread pool:
// its first chunks pack the rows, the others wait for them (packed_rows.h), so that threads meet once.
// Not what becomes of the sums: linear.h and heads.h.
#pragma once

#include "adapters.h"
#include "float_product.h"
#include "int_product.h"

/// The products of all rows with panel `first_panel + i`, i < panels, without what adapters add.
INLINE void multiply_packed_rows(const struct vlmc_product *product, int32_t first_panel, int32_t panels,
                                 struct product_scratch *scratch) {
    const int is_integer = panel_layout(product->weight.format).bits != 0;
    if (product->rows > (is_integer ? INT_TILE_ROWS : TILE_ROWS)) {
        (is_integer ? multiply_int_blocks : multiply_blocks)(product, first_panel, panels, scratch);
        return;
    }
    const int32_t most_panels = !is_integer && product->rows <= PAIR_ROWS ? 2 : 1;
    for (int32_t p = 0; p < panels;) {
        const int32_t count = panels - p < most_panels ? panels - p : most_panels;
        if (is_integer) {
            stream_int_panel(product, first_panel + p, scratch->sums + 16 * p);
        } else {
            stream_panels(product, first_panel + p, count, scratch->sums + 16 * p);
        }
        p += count;
    }
}

/// scratch->sums[row][16 * i + output] = the products of all rows with panel `first_panel + i`, i < panels.
static void multiply_panels(const struct vlmc_product *product, int32_t first_panel, int32_t panels,
                            struct product_scratch *scratch) {
    fetch_panel(product, first_panel);
    await_packed_rows(product);
    multiply_packed_rows(product, first_panel, panels, scratch);
    if (product->adapters) {
        add_adapters(product, first_panel, panels, scratch->sums);
    }
}
