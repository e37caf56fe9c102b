// Makes a panel of packed weights from rows of a checkpoint.
// Not which rows: the caller picks 16 for each panel, so that it can stack tensors or alternate gates and ups.
#pragma once

#include "../vectors/vector16.h"

/// Elements `i` ... `i + 15` of a row as floats, zeros from `inputs` on. f64 rounds to f32.
INLINE v16 load_source(const void *row, uint32_t type, int32_t i, int32_t inputs) {
    const ptrdiff_t size = type == VLMC_SOURCE_F64 ? 8 : type == VLMC_SOURCE_F32 ? 4 : 2;
    const char *from = (const char *)row + size * i;
    char rest[16 * 8] = {0};
    if (inputs - i < 16) {
        memcpy(rest, from, (size_t)((inputs - i) * size));
        from = rest;
    }
    v16 x;
    v16h halves;
    v16d doubles;
    switch (type) {
    case VLMC_SOURCE_F32:
        memcpy(&x, from, sizeof x);
        return x;
    case VLMC_SOURCE_F64:
        memcpy(&doubles, from, sizeof doubles);
        return __builtin_convertvector(doubles, v16);
    default:
        memcpy(&halves, from, sizeof halves);
        return type == VLMC_SOURCE_BF16 ? v_widen_bf16(halves) : v_widen_f16(halves);
    }
}

/// 64 bytes of one output from input `i` on: 16 floats, or 32 bfloat16 (rounded to nearest, ties to even; what was f64
/// is rounded to f32 before). Adds to `special` the elements that are not finite.
INLINE v16 packed_words(const void *row, uint32_t type, uint32_t format, int32_t i, int32_t inputs, v16i *special) {
    v16 parts[2];
    const int32_t count = format == VLMC_FORMAT_F32 ? 1 : 2;
    for (int32_t p = 0; p < count; p++) {
        const int32_t at = i + 16 * p;
        parts[p] = at < inputs ? load_source(row, type, at, inputs) : (v16)0.0f;
        *special -= (parts[p] - parts[p]) != 0.0f; // true is -1
    }
    if (count == 1) {
        return parts[0];
    }
    const v16h low = v_round_bf16(parts[0]), high = v_round_bf16(parts[1]);
    return (v16)__builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
                                        20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
}

static int64_t pack_panels(const struct vlmc_pack_panels *arguments) {
    const int32_t inputs = arguments->inputs;
    const uint32_t format = arguments->format;
    const int32_t group = format == VLMC_FORMAT_F32 ? 1 : 2;
    const int32_t words = (inputs + group - 1) / group;
    v16i special = 0;
    for (int32_t panel = 0; panel < arguments->panels; panel++) {
        const void *const *rows = arguments->rows + 16 * (ptrdiff_t)panel;
        const uint32_t *types = arguments->source_types + 16 * (ptrdiff_t)panel;
        float *to = (float *)arguments->destination + (ptrdiff_t)panel * words * 16;
        for (int32_t first = 0; first < words; first += 16) {
            v16 block[16];
            for (int32_t output = 0; output < 16; output++) {
                block[output] = (v16)0.0f;
                if (rows[output]) {
                    block[output] = packed_words(rows[output], types[output], format, first * group, inputs, &special);
                }
            }
            v_transpose(block);
            for (int32_t word = 0; word < 16 && first + word < words; word++) {
                v_store(to + (ptrdiff_t)(first + word) * 16, block[word]);
            }
        }
    }
    int64_t count = 0;
    for (int32_t lane = 0; lane < 16; lane++) {
        count += special[lane];
    }
    return count;
}
