// Chooses the kernels that this CPU can run. Not the kernels: isa/.
#include "kernel_sets.h"
#include "panel_layout.h"
#include "tuning.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <string.h>

/// All sets of this build, best last among those that may be chosen.
static const struct vlmc_cpu_kernels *const kernel_sets[] = {
#if defined(__x86_64__) && defined(VLMC_EMULATED_KERNELS)
    &vlmc_emulated_bf16_kernels,
#endif
    &vlmc_scalar_kernels,
#if defined(__x86_64__)
    &vlmc_avx2_kernels,   &vlmc_avxvnni_kernels,    &vlmc_avx512_kernels, &vlmc_avx512vnni_kernels,
    &vlmc_avx512bf16_kernels,
#endif
};

#define SET_COUNT ((int32_t)(sizeof kernel_sets / sizeof kernel_sets[0]))

#if defined(__x86_64__)
// Two features that not every compiler's __builtin_cpu_supports knows.
static int has_f16c(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c >> 29 & 1);
}

static int has_avxvnni(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}
#endif

static int can_run(const struct vlmc_cpu_kernels *set) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    const int has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
    const int has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    if (set == &vlmc_avx2_kernels) {
        return has_avx2;
    }
    if (set == &vlmc_avxvnni_kernels) {
        return has_avx2 && has_avxvnni();
    }
    if (set == &vlmc_avx512_kernels) {
        return has_avx512;
    }
    if (set == &vlmc_avx512vnni_kernels) {
        return has_avx512 && __builtin_cpu_supports("avx512vnni");
    }
    if (set == &vlmc_avx512bf16_kernels) {
        return has_avx512 && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16");
    }
#if defined(VLMC_EMULATED_KERNELS)
    if (set == &vlmc_emulated_bf16_kernels) {
        return has_avx512;
    }
#endif
#endif
    return set == &vlmc_scalar_kernels;
}

const struct vlmc_cpu_kernels *vlmc_cpu_kernels_best(void) {
    for (int32_t i = SET_COUNT - 1; i > 0; i--) {
        if (can_run(kernel_sets[i])) {
            return kernel_sets[i];
        }
    }
    return &vlmc_scalar_kernels;
}

const struct vlmc_cpu_kernels *vlmc_cpu_kernels_named(const char *name) {
    for (int32_t i = 0; i < SET_COUNT; i++) {
        if (strcmp(kernel_sets[i]->name, name) == 0) {
            return can_run(kernel_sets[i]) ? kernel_sets[i] : NULL;
        }
    }
    return NULL;
}

const char *vlmc_cpu_kernels_name(int32_t index) {
    return index >= 0 && index < SET_COUNT ? kernel_sets[index]->name : NULL;
}

size_t vlmc_scratch_bytes(void) {
    return VLMC_SCRATCH_BYTES;
}

struct vlmc_tuning vlmc_default_tuning(uint32_t format) {
    return default_tuning(format);
}

size_t vlmc_panel_bytes(uint32_t format, int32_t inputs) {
    return (size_t)panel_layout_bytes(panel_layout(format), inputs);
}

size_t vlmc_packed_input_bytes(int32_t inputs) {
    // The gate, and blocks of 256 inputs of every row, 272 words each at most (templates/packed_rows.h).
    const size_t blocks = ((size_t)inputs + 255) / 256;
    return 128 + blocks * VLMC_ROW_BLOCK * 272 * 4;
}

size_t vlmc_adapter_scratch_bytes(int32_t inner) {
    const size_t blocks = ((size_t)inner + 255) / 256;
    return blocks * VLMC_ROW_BLOCK * VLMC_ADAPTER_ROW_STRIDE * sizeof(float);
}

size_t vlmc_attention_partial_bytes(int32_t threads) {
    // A single thread never splits; otherwise room for the spans of a long context (64 heads x 12,000 tokens of 128).
    return threads > 1 ? (size_t)4 * 1024 * 1024 : 0;
}
