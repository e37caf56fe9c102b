// The elementwise kernel: sums, products and activations that no product could take along.
// Not the epilogue of a product: linear.h.
#pragma once

#include "activations.h"

static int32_t elementwise_plan(struct vlmc_elementwise *arguments, int32_t threads) {
    const int64_t share = (arguments->count / (4 * threads) + 16) & ~(int64_t)15;
    arguments->chunk_elements = share > 16384 ? share : 16384;
    return (int32_t)((arguments->count + arguments->chunk_elements - 1) / arguments->chunk_elements);
}

static void elementwise(const void *arguments, int32_t chunk, void *scratch) {
    const struct vlmc_elementwise *call = arguments;
    (void)scratch;
    const int64_t first = chunk * call->chunk_elements;
    const int64_t rest = call->count - first;
    const int64_t count = rest < call->chunk_elements ? rest : call->chunk_elements;
    const float *left = call->left + first;
    const float *right = call->right ? call->right + first : left;
    float *output = call->output + first;
    for (int64_t i = 0; i < count; i += 16) {
        const v16 x = v_load_first(left + i, count - i);
        const v16 y = v_load_first(right + i, count - i);
        v16 result;
        switch (call->operation) {
        case VLMC_ELEMENTWISE_ADD:
            result = x + y;
            break;
        case VLMC_ELEMENTWISE_MULTIPLY:
            result = x * y;
            break;
        default:
            result = v_activate(x, call->activation);
            break;
        }
        v_store_first(output + i, result, count - i);
    }
}
