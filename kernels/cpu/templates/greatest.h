// The greatest of a row's outputs, found chunk by chunk while they are made, so that nobody writes or reads them all.
// Not what an output is: linear.h. Which one is the greatest says struct vlmc_greatest_output.
#pragma once

#include "../include/cpu_kernels.h"
#include "../vectors/vector16.h"

/// The greatest output that each lane has seen, and which it is.
struct greatest_lanes {
    v16 values;
    v16i outputs;
};

/// Lanes that have seen nothing greater than minus infinity at `first_output` and after it.
INLINE struct greatest_lanes greatest_from(int32_t first_output) {
    return (struct greatest_lanes){(v16)-INFINITY, v_iota() + first_output};
}

/// Shows the lanes 16 outputs from `output` on, of which `count` exist; in ascending order, so that the first of equal
/// ones stays.
INLINE void see_outputs(struct greatest_lanes *lanes, v16 x, int32_t output, int32_t count) {
    const v16 ranked = v_min(x, (v16)INFINITY); // infinity for what is not a number
    const v16 existing = v_iota() < count ? ranked : (v16)-INFINITY;
    const v16i is_greater = existing > lanes->values;
    lanes->values = is_greater ? existing : lanes->values;
    lanes->outputs = is_greater ? v_iota() + output : lanes->outputs;
}

/// Raises `place` to the greatest that the lanes have seen. The order of outputs is total, so it makes no difference
/// which chunk comes first.
INLINE void raise_to_greatest(uint64_t *place, const struct greatest_lanes *lanes) {
    const float greatest = v_greatest(lanes->values);
    const v16i candidates = lanes->values == (v16)greatest ? lanes->outputs : (v16i)INT32_MAX;
    const uint32_t output = (uint32_t)__builtin_reduce_min(candidates);
    const float value = greatest + 0.0f; // 0 for minus 0, which equals it
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint64_t ordered = (uint64_t)(bits >> 31 ? ~bits : bits | 0x80000000) << 32 | (uint32_t)~output;
    uint64_t known = __atomic_load_n(place, __ATOMIC_RELAXED);
    while (known < ordered &&
           !__atomic_compare_exchange_n(place, &known, ordered, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}
