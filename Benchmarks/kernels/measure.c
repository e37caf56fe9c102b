// Measures linear calls of kernels/cpu, packing, norm and joins included, beside the limits of the same minute.
// Not a test of results: Tests/ModelRuntimeTests/CPU. Usage: see run.
#include "limits.h"
#include "pool.h"

#include "cpu_threads.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MEMORY_BYTES ((size_t)640 << 20)
#define MAXIMUM_ROWS 5476

struct shape {
    const char *name;
    int32_t inputs, outputs;
    uint32_t gated;
};

static const struct shape small_shapes[] = {
    {"gate/up", 960, 2560, 1}, {"down", 2560, 960, 0}, {"qkv", 960, 1600, 0}, {"head", 960, 49152, 0}};
static const struct shape large_shapes[] = {{"gate/up", 2048, 11008, 1},
                                            {"down", 11008, 2048, 0},
                                            {"qkv", 2048, 2560, 0},
                                            {"attention output", 2048, 2048, 0},
                                            {"head", 2048, 151936, 0}};
static const struct shape image_shapes[] = {{"gate/up", 1280, 3420, 1},
                                            {"down", 3420, 1280, 0},
                                            {"qkv", 1280, 3840, 0},
                                            {"attention output", 1280, 1280, 0}};

static const struct {
    const char *name;
    uint32_t tag;
} formats[] = {{"f32", VLMC_FORMAT_F32},     {"bf16", VLMC_FORMAT_BF16}, {"f16", VLMC_FORMAT_F16},
             {"w8g32", VLMC_FORMAT_W8G32}, {"w8", VLMC_FORMAT_W8},     {"w4g32", VLMC_FORMAT_W4G32},
             {"w4g128", VLMC_FORMAT_W4G128}};

static const struct vlmc_cpu_kernels *kernels;
static char *memory, *scratch, *packed;
static float *input, *output, *vector;

static void *huge(size_t bytes) {
    char *start = aligned_alloc(2 << 20, (bytes + (2 << 20) - 1) & ~(size_t)((2 << 20) - 1));
    if (!getenv("SMALL_PAGES")) {
        madvise(start, bytes, MADV_HUGEPAGE);
    }
    return start;
}

static void run_call(vlmc_chunk_function function, const void *arguments, int32_t chunks) {
    struct vlmc_job job = {function, arguments, scratch, vlmc_scratch_bytes()};
    pool_run(chunks, &job, vlmc_run_job);
}

static void call_linear(struct vlmc_linear *linear, int32_t rows) {
    const int32_t blocks = (rows + VLMC_ROW_BLOCK - 1) / VLMC_ROW_BLOCK;
    for (int32_t block = 0; block < blocks; block++) {
        linear->product.first_row = rows * block / blocks;
        linear->product.rows = rows * (block + 1) / blocks - rows * block / blocks;
        const int32_t chunks = kernels->linear_plan(linear, pool_threads());
        run_call(kernels->linear, linear, chunks);
    }
}

static double least(double a, double b) {
    return a < b ? a : b;
}

static double greatest(double a, double b) {
    return a > b ? a : b;
}

static size_t matrix_bytes(const struct shape *shape, uint32_t format) {
    const size_t panels = (size_t)((shape->outputs + 15) / 16) * (shape->gated ? 2 : 1);
    return panels * vlmc_panel_bytes(format, shape->inputs);
}

static void measure(const char *model, const struct shape *shape, int format, int32_t rows) {
    const size_t bytes = matrix_bytes(shape, formats[format].tag);
    const double operations = 2.0 * shape->inputs * shape->outputs * (shape->gated ? 2 : 1) * rows;
    struct vlmc_linear linear = {.product = {.input = input,
                                             .input_stride = shape->inputs,
                                             .weight = {memory, shape->outputs, shape->inputs, formats[format].tag},
                                             .norm = {VLMC_NORM_RMS, 1e-6f, vector, NULL},
                                             .packed = packed},
                                 .bias = vector,
                                 .up_bias = shape->gated ? vector : NULL,
                                 .residual = output,
                                 .residual_stride = shape->outputs,
                                 .output = output,
                                 .output_stride = shape->outputs,
                                 .activation = shape->gated ? VLMC_ACTIVATION_SILU : VLMC_ACTIVATION_NONE,
                                 .gated = shape->gated};
    // The best of several rounds each: whatever else the machine does only makes rounds longer.
    double time = 1e9, read = 0, rate = 0;
    const size_t copies = MEMORY_BYTES / bytes > 0 ? MEMORY_BYTES / bytes : 1;
    const int many = rows > 16;
    const size_t pass = many ? (copies < 4 ? copies : 4) : copies;
    const int rounds = many ? 5 : 15;
    for (int round = 0; round < rounds; round++) {
        read = greatest(read, limit_read(memory, MEMORY_BYTES / 4));
        rate = greatest(rate, formats[format].tag <= 2 ? limit_bf16() : limit_int8());
        const double start = seconds_now();
        for (size_t copy = 0; copy < pass; copy++) {
            linear.product.weight.panels = memory + copy * bytes;
            call_linear(&linear, rows);
        }
        time = least(time, (seconds_now() - start) / (double)pass);
    }
    printf("%-8s %-16s %5d -> %6d %-6s %5d rows %9.1f us  %5.1f of %5.1f GB/s %.2f  %5.0f of %5.0f GOP/s %.2f\n", model,
           shape->name, shape->inputs, shape->outputs * (shape->gated ? 2 : 1), formats[format].name, rows, time * 1e6,
           (double)bytes / time * 1e-9, read * 1e-9, (double)bytes / time / read, operations / time * 1e-9, rate * 1e-9,
           operations / time / rate);
    fflush(stdout);
}

static void measure_all(const char *model, const struct shape *shapes, size_t count, int format, int32_t rows) {
    for (size_t i = 0; i < count; i++) {
        measure(model, &shapes[i], format, rows);
    }
}

int main(int count, char **arguments) {
    pool_start(getenv("THREADS") ? atoi(getenv("THREADS")) : 2);
    kernels = getenv("VLMC_CPU") ? vlmc_cpu_kernels_named(getenv("VLMC_CPU")) : vlmc_cpu_kernels_best();
    if (!kernels || count < 4) {
        fprintf(stderr, "usage: measure smollm2|qwen|encoder FORMAT ROWS...\n");
        return 2;
    }
    memory = huge(MEMORY_BYTES);
    for (size_t i = 0; i < MEMORY_BYTES / 2; i++) { // bfloat16 near 0.01, and bytes that any format may hold
        ((uint16_t *)memory)[i] = (uint16_t)(0x3c00 + (i * 40503 >> 7 & 0x3f));
    }
    scratch = huge(vlmc_scratch_bytes() * (size_t)pool_threads());
    packed = huge(vlmc_packed_input_bytes(11008));
    input = huge(MAXIMUM_ROWS * 3420 * sizeof(float));
    output = huge((size_t)512 * 151936 * sizeof(float));
    vector = huge(151936 * sizeof(float));
    for (size_t i = 0; i < MAXIMUM_ROWS * 3420; i++) {
        input[i] = sinf((float)i);
    }
    for (size_t i = 0; i < 151936; i++) {
        vector[i] = 0.01f;
    }
    int format = -1;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(formats[i].name, arguments[2]) == 0) {
            format = (int)i;
        }
    }
    if (format < 0) {
        fprintf(stderr, "no format %s\n", arguments[2]);
        return 2;
    }
    for (int i = 3; i < count; i++) {
        const int32_t rows = atoi(arguments[i]);
        if (strcmp(arguments[1], "smollm2") == 0) {
            measure_all("smollm2", small_shapes, 4, format, rows);
        } else if (strcmp(arguments[1], "qwen") == 0) {
            measure_all("qwen", large_shapes, 5, format, rows);
        } else {
            measure_all("encoder", image_shapes, 4, format, rows);
        }
    }
    return 0;
}
