// Compares linear calls of every kernel set and weight format with plain loops in double, quickly, without Swift; each
// row with the same row on its own, bit by bit; and the greatest output that a row keeps with the greatest that it has.
// The tests proper: Tests/ModelRuntimeTests/CPU.
#include "pool.h"

#include "cpu_threads.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t state = 1;

static float uniform(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(state >> 32) * 0x1p-31f;
}

static void *poisoned(size_t bytes) {
    void *memory = aligned_alloc(4096, (bytes + 8191) & ~(size_t)4095);
    memset(memory, 0xff, (bytes + 8191) & ~(size_t)4095);
    return memory;
}

static double as_packed(const char *set, uint32_t format, const float *row, int32_t i, int32_t inputs) {
    if (format >= VLMC_FORMAT_W8G32) {
        const int32_t first = i / 32 * 32;
        float peak = 0;
        for (int32_t k = first; k < first + 32 && k < inputs; k++) {
            peak = fmaxf(peak, fabsf(row[k]));
        }
        const float inverse = 127.0f / peak, scale = peak / 127.0f;
        volatile float scaled = row[i] * inverse;
        return peak == 0 ? 0 : (double)scale * (double)rintf(scaled);
    }
    if (format == VLMC_FORMAT_BF16 && strncmp(set, "avx512bf16", 10) == 0) {
        uint32_t bits;
        memcpy(&bits, &row[i], 4);
        bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
        float rounded;
        memcpy(&rounded, &bits, 4);
        return (double)rounded;
    }
    return (double)row[i];
}

/// output = packed matrix times input, and nothing else.
static struct vlmc_linear plain_linear(const float *input, int32_t rows, const char *packed, int32_t outputs,
                                       int32_t inputs, uint32_t format, float *output) {
    return (struct vlmc_linear){.product = {.input = input,
                                            .input_stride = inputs,
                                            .rows = rows,
                                            .weight = {packed, outputs, inputs, format},
                                            .packed = poisoned(vlmc_packed_input_bytes(inputs))},
                                .output = output,
                                .output_stride = outputs};
}

/// Runs a call, whose outputs are known, so that half of its rows keep their greatest output alone.
static int check_greatest(const struct vlmc_cpu_kernels *kernels, struct vlmc_linear linear, char *scratch) {
    const int32_t rows = linear.product.rows, outputs = linear.product.weight.outputs, written = rows / 2;
    uint64_t *greatest = calloc((size_t)rows, sizeof *greatest);
    const float *known = linear.output;
    linear.output = poisoned((size_t)rows * (size_t)outputs * 4);
    linear.greatest = greatest;
    linear.written_rows = written;
    struct vlmc_job job = {kernels->linear, &linear, scratch, vlmc_scratch_bytes()};
    pool_run(kernels->linear_plan(&linear, pool_threads()), &job, vlmc_run_job);
    int failures = memcmp(linear.output, known, (size_t)written * (size_t)outputs * 4) != 0;
    for (int32_t r = written; r < rows; r++) {
        const float *row = known + (ptrdiff_t)r * outputs;
        int32_t best = 0;
        for (int32_t o = 1; o < outputs; o++) {
            best = row[o] > row[best] ? o : best;
        }
        const struct vlmc_greatest_output found = vlmc_greatest_output(greatest[r - written]);
        failures += found.output != best || found.value != row[best];
    }
    if (failures) {
        printf("%s format %u: %d of %d rows keep another output than the greatest\n", kernels->name,
               linear.product.weight.format, failures, rows);
    }
    free(greatest);
    free(linear.output);
    return failures;
}

static int check(const struct vlmc_cpu_kernels *kernels, uint32_t format, int32_t rows, int32_t inputs,
                 int32_t outputs) {
    const int32_t panels = (outputs + 15) / 16;
    const size_t bytes = vlmc_panel_bytes(format, inputs);
    float *matrix = poisoned((size_t)outputs * (size_t)inputs * 4);
    float *unpacked = poisoned((size_t)panels * 16 * inputs * 4);
    float *input = poisoned((size_t)rows * inputs * 4), *output = poisoned((size_t)rows * outputs * 4);
    float *alone = poisoned((size_t)outputs * 4);
    char *packed = poisoned((size_t)panels * bytes);
    for (int32_t i = 0; i < outputs * inputs; i++) {
        matrix[i] = uniform() * uniform();
    }
    for (int32_t i = 0; i < rows * inputs; i++) {
        input[i] = uniform() * uniform() * 3;
    }
    const void **pointers = calloc((size_t)panels * 16, sizeof *pointers);
    uint32_t *types = calloc((size_t)panels * 16, sizeof *types);
    for (int32_t i = 0; i < outputs; i++) {
        pointers[i] = matrix + (ptrdiff_t)i * inputs;
    }
    struct vlmc_pack_panels pack = {.rows = pointers,
                                    .source_types = types,
                                    .destination = packed,
                                    .inputs = inputs,
                                    .panels = panels,
                                    .format = format};
    int failures = kernels->pack_panels(&pack) != 0;
    for (int32_t p = 0; p < panels; p++) {
        struct vlmc_unpack_panel unpack = {
            packed + p * bytes, unpacked + (ptrdiff_t)p * 16 * inputs, inputs, inputs, format};
        kernels->unpack_panel(&unpack);
    }
    double error = 0, values = 0;
    for (int32_t i = 0; i < outputs * inputs; i++) {
        error += pow((double)unpacked[i] - (double)matrix[i], 2);
        values += pow((double)matrix[i], 2);
    }
    const double relative = sqrt(error / values);
    const double most = (const double[]){0, 0.003, 0.0004, 0.008, 0.03, 0.12, 0.13}[format];
    if (!(relative <= most) || !(fabs(pack.squared_error - error) <= 1e-4 * error + 1e-12) ||
        !(fabs(pack.squared_values - values) <= 1e-4 * values)) {
        printf("%s format %u: %d inputs: packing is off by %g of all, said %g\n", kernels->name, format, inputs,
               relative, sqrt(pack.squared_error / pack.squared_values));
        failures++;
    }
    struct vlmc_linear linear = plain_linear(input, rows, packed, outputs, inputs, format, output);
    char *scratch = poisoned(vlmc_scratch_bytes() * (size_t)pool_threads());
    struct vlmc_job job = {kernels->linear, &linear, scratch, vlmc_scratch_bytes()};
    pool_run(kernels->linear_plan(&linear, pool_threads()), &job, vlmc_run_job);
    double worst = 0;
    double *x = malloc((size_t)inputs * sizeof *x);
    for (int32_t r = 0; r < rows; r++) {
        for (int32_t i = 0; i < inputs; i++) {
            x[i] = as_packed(kernels->name, format, input + (ptrdiff_t)r * inputs, i, inputs);
        }
        for (int32_t o = 0; o < outputs; o++) {
            double sum = 0, magnitude = 1e-30;
            for (int32_t i = 0; i < inputs; i++) {
                const double product = x[i] * (double)unpacked[(ptrdiff_t)o * inputs + i];
                sum += product;
                magnitude += fabs(product);
            }
            const double off = fabs((double)output[(ptrdiff_t)r * outputs + o] - sum) / magnitude;
            worst = off <= worst ? worst : off;
        }
    }
    const double bound = 4 * (sqrt(inputs) + 4) * 0x1p-24;
    if (!(worst <= bound)) {
        printf("%s format %u: %d rows, %d -> %d: off by %g of %g\n", kernels->name, format, rows, inputs, outputs,
               worst, bound);
        failures++;
    }
    failures += check_greatest(kernels, linear, scratch);
    linear.output = alone;
    for (int32_t r = 0; r < rows; r += 1 + rows / 3) {
        linear.product.first_row = r;
        linear.product.rows = 1;
        linear.output = alone - (ptrdiff_t)r * outputs;
        const int32_t chunks = kernels->linear_plan(&linear, 1);
        for (int32_t chunk = 0; chunk < chunks; chunk++) {
            kernels->linear(&linear, chunk, scratch);
        }
        if (memcmp(alone, output + (ptrdiff_t)r * outputs, (size_t)outputs * 4)) {
            printf("%s format %u: row %d of %d differs on its own\n", kernels->name, format, r, rows);
            failures++;
        }
    }
    void *all[] = {matrix, unpacked, input, output, alone, packed, pointers, types, linear.product.packed, scratch, x};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        free(all[i]);
    }
    return failures;
}

/// Prints by how much normal weights, and products of them with normal inputs, are off in each format.
static void print_errors(void) {
    static const char *const names[] = {"f32", "bf16", "f16", "w8g32", "w8", "w4g32", "w4g128"};
    const struct vlmc_cpu_kernels *kernels = vlmc_cpu_kernels_best();
    const int32_t inputs = 2048, outputs = 512, rows = 16;
    float *matrix = poisoned((size_t)outputs * inputs * 4), *input = poisoned((size_t)rows * inputs * 4);
    float *output = poisoned((size_t)rows * outputs * 4);
    char *scratch = poisoned(vlmc_scratch_bytes());
    for (int32_t i = 0; i < (outputs + rows) * inputs; i++) { // sums of uniform numbers are nearly normal
        const float value = (uniform() + uniform() + uniform() + uniform() + uniform() + uniform()) * 0.02f;
        *(i < outputs * inputs ? matrix + i : input + (i - outputs * inputs)) = value;
    }
    const void *pointers[512];
    uint32_t types[512] = {0};
    for (int32_t i = 0; i < outputs; i++) {
        pointers[i] = matrix + (ptrdiff_t)i * inputs;
    }
    for (uint32_t format = 0; format <= VLMC_FORMAT_W4G128; format++) {
        char *packed = poisoned((size_t)outputs / 16 * vlmc_panel_bytes(format, inputs));
        struct vlmc_pack_panels pack = {.rows = pointers,
                                        .source_types = types,
                                        .destination = packed,
                                        .inputs = inputs,
                                        .panels = outputs / 16,
                                        .format = format};
        const clock_t start = clock();
        kernels->pack_panels(&pack);
        const double rate = (double)outputs * inputs / ((double)(clock() - start) / CLOCKS_PER_SEC);
        struct vlmc_linear linear = plain_linear(input, rows, packed, outputs, inputs, format, output);
        const int32_t chunks = kernels->linear_plan(&linear, 1);
        for (int32_t chunk = 0; chunk < chunks; chunk++) {
            kernels->linear(&linear, chunk, scratch);
        }
        double error = 0, values = 0;
        for (int32_t r = 0; r < rows; r++) {
            for (int32_t o = 0; o < outputs; o++) {
                double sum = 0;
                for (int32_t i = 0; i < inputs; i++) {
                    sum += (double)input[(ptrdiff_t)r * inputs + i] * (double)matrix[(ptrdiff_t)o * inputs + i];
                }
                error += pow((double)output[(ptrdiff_t)r * outputs + o] - sum, 2);
                values += sum * sum;
            }
        }
        printf("%-7s weights off by %.5f, products by %.5f; packed %.0f million weights/s a thread\n", names[format],
               sqrt(pack.squared_error / pack.squared_values), sqrt(error / values), rate * 1e-6);
        free(packed);
        free(linear.product.packed);
    }
}

int main(void) {
    static const int32_t rows[] = {1, 2, 3, 7, 8, 12, 13, 14, 15, 30, 57};
    static const int32_t inputs[] = {1, 31, 33, 64, 100, 129, 256, 257, 513, 700, 1030};
    int failures = 0, cases = 0;
    pool_start(2);
    for (int32_t index = 0; vlmc_cpu_kernels_name(index); index++) {
        const struct vlmc_cpu_kernels *kernels = vlmc_cpu_kernels_named(vlmc_cpu_kernels_name(index));
        for (uint32_t format = 0; kernels && format <= VLMC_FORMAT_W4G128; format++) {
            for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
                failures += check(kernels, format, rows[r], inputs[(r * 5 + format) % 11], r % 3 == 0 ? 130 : 37);
                cases++;
            }
            for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
                failures += check(kernels, format, i % 2 ? 20 : 3, inputs[i], 33);
                cases++;
            }
        }
        printf("%s %s\n", vlmc_cpu_kernels_name(index), kernels ? "checked" : "cannot run here");
    }
    printf("%d cases, %d failures\n", cases, failures);
    print_errors();
    return failures != 0;
}
