// How products of few rows read their weights where nothing else is said.
// Not the search for something better: Sources/ModelRuntime/Tuning and `tune` of a compiled model.
#pragma once

#include "panel_layout.h"

/// Of integers one panel is read at a time, where floats read two.
static inline struct vlmc_tuning default_tuning(uint32_t format) {
    const int is_integer = panel_layout(format).bits != 0;
    return (struct vlmc_tuning){
        .ahead_bytes = is_integer ? 8192 : 4096,
        .small_chunk_bytes = 32768,
        .long_quarters = 3,
    };
}

/// How this product is read.
static inline struct vlmc_tuning product_tuning(const struct vlmc_product *product) {
    return product->tuning ? *product->tuning : default_tuning(product->weight.format);
}
