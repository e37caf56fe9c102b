// All kernels for one instruction set, as one table. An isa/*.c file defines the tile and what the machine can do,
// opens a target attribute, includes this, and names the table.
#pragma once

#include "adapters.h"
#include "attention.h"
#include "elementwise.h"
#include "heads.h"
#include "linear.h"
#include "packing.h"
#include "rows.h"

_Static_assert(QUERY_ROWS > 0 && QUERY_ROWS % TILE_ROWS == 0, "a tile of queries is a whole number of register tiles");
_Static_assert(PAIR_ROWS <= TILE_ROWS, "two panels need more registers than one");
_Static_assert(INT_PAIR_ROWS <= INT_TILE_ROWS, "two panels need more registers than one");
_Static_assert(sizeof(struct product_scratch) <= VLMC_SCRATCH_BYTES, "scratch is too small for products");
_Static_assert(sizeof(struct attention_scratch) <= VLMC_SCRATCH_BYTES, "scratch is too small for attention");

#define KERNEL_SET(set_name)                                                                                           \
    {                                                                                                                  \
        .name = set_name,                                                                                              \
        .linear_plan = linear_plan,                                                                                    \
        .linear = linear,                                                                                              \
        .adapter_down_plan = adapter_down_plan,                                                                        \
        .adapter_down = adapter_down,                                                                                  \
        .project_heads_plan = project_heads_plan,                                                                      \
        .project_heads = project_heads,                                                                                \
        .attention_plan = attention_plan,                                                                              \
        .attention = attention,                                                                                        \
        .attention_merge = attention_merge,                                                                            \
        .norm_rows_plan = norm_rows_plan,                                                                              \
        .norm_rows = norm_rows,                                                                                        \
        .embedding_plan = embedding_plan,                                                                              \
        .embedding = embedding,                                                                                        \
        .gather_rows_plan = move_rows_plan,                                                                            \
        .gather_rows = gather_rows,                                                                                    \
        .scatter_rows_plan = move_rows_plan,                                                                           \
        .scatter_rows = scatter_rows,                                                                                  \
        .elementwise_plan = elementwise_plan,                                                                          \
        .elementwise = elementwise,                                                                                    \
        .rotary_table_plan = rotary_table_plan,                                                                        \
        .rotary_table = rotary_table,                                                                                  \
        .pack_panels = pack_panels,                                                                                    \
        .pack_quantized_panels = pack_quantized_panels,                                                                \
        .unpack_panel = unpack_panel,                                                                                  \
    }
