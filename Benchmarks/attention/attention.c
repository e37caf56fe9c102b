// Measures the attention kernels beside the limits of the machine, and checks samples of what they yield with plain
// loops in double. Stand-alone: it links kernels/cpu and nothing else. Usage: ./run [part of a case's name]
#define _GNU_SOURCE
#include "cpu_kernels.h"

#include <immintrin.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/// VLMC_THREADS; with 1, seconds are those of the processor, so that other processes disturb less.
static int threads = 2;

static double now(void) {
    struct timespec time;
    clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

// MARK: Two threads

static struct {
    vlmc_chunk_function function;
    const void *arguments;
    int32_t chunks;
    char *scratch;
    _Atomic int32_t next, completed;
    _Atomic uint32_t call;
} pool;

static void work(int worker) {
    for (;;) {
        const int32_t chunk = atomic_fetch_add(&pool.next, 1);
        if (chunk >= pool.chunks) {
            return;
        }
        pool.function(pool.arguments, chunk, pool.scratch + (size_t)worker * vlmc_scratch_bytes());
        atomic_fetch_add(&pool.completed, 1);
    }
}

static _Atomic int32_t idle;

static void *serve(void *argument) {
    const int worker = (int)(intptr_t)argument;
    uint32_t seen = 0;
    for (;;) {
        while (atomic_load(&pool.call) == seen) {
            _mm_pause();
        }
        seen = atomic_load(&pool.call);
        work(worker);
        atomic_fetch_add(&idle, 1);
    }
    return NULL;
}

static void run_chunks(vlmc_chunk_function function, const void *arguments, int32_t chunks) {
    pool.function = function;
    pool.arguments = arguments;
    pool.chunks = chunks;
    atomic_store(&pool.next, 0);
    atomic_store(&pool.completed, 0);
    atomic_store(&idle, 0);
    atomic_fetch_add(&pool.call, 1);
    work(0);
    while (atomic_load(&idle) < threads - 1) {
        _mm_pause();
    }
}

// MARK: Limits

static volatile float sink; // keeps the loops below alive

__attribute__((target("avx512f,avx512bf16"))) static void dot_chunk(const void *arguments, int32_t chunk,
                                                                    void *scratch) {
    (void)arguments, (void)chunk, (void)scratch;
    __m512 sums[20];
    for (int i = 0; i < 20; i++) {
        sums[i] = _mm512_set1_ps((float)i);
    }
    const __m512bh a = (__m512bh)_mm512_set1_epi16(0x3f80), b = (__m512bh)_mm512_set1_epi16(0x3c00);
    for (long k = 0; k < 400000; k++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < 20; i++) {
            sums[i] = _mm512_dpbf16_ps(sums[i], a, b);
        }
    }
    float total = 0;
    for (int i = 0; i < 20; i++) {
        total += _mm512_reduce_add_ps(sums[i]);
    }
    sink = total;
}

static char *memory;
static const size_t memory_bytes = (size_t)1 << 30;

__attribute__((target("avx512f"))) static void read_chunk(const void *arguments, int32_t chunk, void *scratch) {
    (void)arguments, (void)scratch;
    const size_t bytes = memory_bytes / 64;
    const char *from = memory + (size_t)chunk * bytes;
    __m512i sums[8] = {0};
    for (size_t i = 0; i < bytes; i += 512) {
#pragma clang loop unroll(full)
        for (int j = 0; j < 8; j++) {
            sums[j] = _mm512_xor_si512(sums[j], _mm512_load_si512(from + i + 64 * j));
        }
        _mm_prefetch(from + i + 4096, _MM_HINT_T0);
    }
    for (int j = 1; j < 8; j++) {
        sums[0] = _mm512_xor_si512(sums[0], sums[j]);
    }
    sink = (float)_mm512_reduce_add_epi32(sums[0]);
}

/// The best of several runs: GFLOP/s of bfloat16 dot products, GB/s of reads.
static double dot_rate(void) {
    double best = 0;
    for (int i = 0; i < 5; i++) {
        const double start = now();
        run_chunks(dot_chunk, NULL, threads);
        const double rate = threads * 400000.0 * 20 * 64 / (now() - start) * 1e-9;
        best = rate > best ? rate : best;
    }
    return best;
}

static double read_rate(void) {
    double best = 0;
    for (int i = 0; i < 5; i++) {
        const double start = now();
        run_chunks(read_chunk, NULL, 64);
        const double rate = (double)memory_bytes / (now() - start) * 1e-9;
        best = rate > best ? rate : best;
    }
    return best;
}

// MARK: Cases

enum store { ROWS_F32, ROWS_BF16, PAGES_BF16, PAGES_INT8 };

struct attention_case {
    const char *name;
    enum store store;
    int32_t query_heads, key_value_heads, head_dim;
    int32_t sequences;   ///< or windows
    int32_t queries;     ///< of each
    int32_t keys;        ///< of the first sequence; that of others is keys * (i + 1) / sequences if `ragged`
    uint32_t causal, ragged;
    int32_t layers; ///< different memory, so that keys come from DRAM
};

static const struct attention_case cases[] = {
    {"vit full f32", ROWS_F32, 16, 16, 80, 1, 5476, 5476, 0, 0, 1},
    {"vit full", ROWS_BF16, 16, 16, 80, 1, 5476, 5476, 0, 0, 1},
    {"vit window 64", ROWS_BF16, 16, 16, 80, 85, 64, 64, 0, 0, 1},
    {"vit full 64", ROWS_BF16, 12, 12, 64, 1, 1024, 1024, 0, 0, 1},
    {"prefill 512 15:5x64", PAGES_BF16, 15, 5, 64, 1, 512, 512, 1, 0, 1},
    {"prefill 2048 15:5x64", PAGES_BF16, 15, 5, 64, 1, 2048, 2048, 1, 0, 1},
    {"prefill 8192 15:5x64", PAGES_BF16, 15, 5, 64, 1, 8192, 8192, 1, 0, 1},
    {"prefill 512 16:2x128", PAGES_BF16, 16, 2, 128, 1, 512, 512, 1, 0, 1},
    {"prefill 2048 16:2x128", PAGES_BF16, 16, 2, 128, 1, 2048, 2048, 1, 0, 1},
    {"prefill 8192 16:2x128", PAGES_BF16, 16, 2, 128, 1, 8192, 8192, 1, 0, 1},
    {"prefill 512 after 7680 16:2x128", PAGES_BF16, 16, 2, 128, 1, 512, 8192, 1, 0, 1},
    {"prefill 2048 16:2x128 int8", PAGES_INT8, 16, 2, 128, 1, 2048, 2048, 1, 0, 1},
    {"decode 576 15:5x64", PAGES_BF16, 15, 5, 64, 1, 1, 576, 1, 0, 128},
    {"decode 8x576 15:5x64", PAGES_BF16, 15, 5, 64, 8, 1, 576, 1, 0, 32},
    {"decode 8x576 16:2x128", PAGES_BF16, 16, 2, 128, 8, 1, 576, 1, 0, 36},
    {"decode 2048 15:5x64", PAGES_BF16, 15, 5, 64, 1, 1, 2048, 1, 0, 64},
    {"decode 8192 15:5x64", PAGES_BF16, 15, 5, 64, 1, 1, 8192, 1, 0, 32},
    {"decode 32768 15:5x64", PAGES_BF16, 15, 5, 64, 1, 1, 32768, 1, 0, 8},
    {"decode 2048 16:2x128", PAGES_BF16, 16, 2, 128, 1, 1, 2048, 1, 0, 64},
    {"decode 8192 16:2x128", PAGES_BF16, 16, 2, 128, 1, 1, 8192, 1, 0, 32},
    {"decode 32768 16:2x128", PAGES_BF16, 16, 2, 128, 1, 1, 32768, 1, 0, 8},
    {"decode 8x2048 15:5x64", PAGES_BF16, 15, 5, 64, 8, 1, 2048, 1, 0, 16},
    {"decode ragged 8 to 8192 15:5x64", PAGES_BF16, 15, 5, 64, 8, 1, 8192, 1, 1, 8},
    {"decode ragged 8 to 8192 16:2x128", PAGES_BF16, 16, 2, 128, 8, 1, 8192, 1, 1, 8},
    {"decode 8192 15:5x64 int8", PAGES_INT8, 15, 5, 64, 1, 1, 8192, 1, 0, 32},
    {"decode 8192 16:2x128 int8", PAGES_INT8, 16, 2, 128, 1, 1, 8192, 1, 0, 32},
    {"decode ragged 8 to 8192 15:5x64 int8", PAGES_INT8, 15, 5, 64, 8, 1, 8192, 1, 1, 8},
};

static uint32_t random_state = 1;
static float random_float(void) {
    random_state = random_state * 1664525 + 1013904223;
    return (float)(random_state >> 8) * 0x1p-23f - 1;
}

static float bf16_value(uint16_t bits) {
    const uint32_t word = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &word, 4);
    return value;
}

static uint16_t bf16_bits(float value) {
    uint32_t word;
    memcpy(&word, &value, 4);
    return (uint16_t)((word + 0x7fff + ((word >> 16) & 1)) >> 16);
}

static size_t plane_bytes(const struct attention_case *c) {
    return (size_t)c->head_dim * 16 * (c->store == PAGES_INT8 ? 1 : 2) + (c->store == PAGES_INT8 ? 64 : 0);
}

/// Element d of a token's key or value in its page, and its scale.
static float page_element(const struct attention_case *c, const char *page, int is_key, int32_t token, int32_t d) {
    const int32_t at = is_key ? d / 2 * 32 + token * 2 + d % 2
                              : d / 16 * 256 + token / 2 * 32 + d % 16 * 2 + token % 2;
    if (c->store == PAGES_BF16) {
        return bf16_value(((const uint16_t *)page)[at]);
    }
    const float *scales = (const float *)(page + 16 * c->head_dim);
    return (float)((const int8_t *)page)[at] * scales[token];
}

/// Keys and values of a case, in rows or pages.
struct stored {
    const struct attention_case *of;
    const char *keys, *values;
    size_t blocks;
};

static double stored_element(const struct stored *stored, const struct vlmc_segment *segment, int32_t head, int is_key,
                             int32_t key, int32_t d) {
    const struct attention_case *c = stored->of;
    const char *start = is_key ? stored->keys : stored->values;
    if (c->store == ROWS_F32 || c->store == ROWS_BF16) {
        const size_t row = (size_t)(segment->key_begin + key) * (size_t)c->key_value_heads + (size_t)head;
        return (double)((const float *)start)[row * (size_t)c->head_dim + (size_t)d];
    }
    const size_t page = (size_t)head * stored->blocks + (size_t)segment->block_table[key / 16];
    return (double)page_element(c, start + page * plane_bytes(c), is_key, key % 16, d);
}

static char *reserve(size_t bytes) {
    char *address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(address, bytes, MADV_HUGEPAGE);
    return address;
}

/// Returns seconds of the best run; `error` becomes the greatest error of sampled outputs.
static double measure(const struct vlmc_cpu_kernels *kernels, const struct attention_case *c, double *work,
                      double *error) {
    const int paged = c->store == PAGES_BF16 || c->store == PAGES_INT8;
    const int32_t rows = c->sequences * c->queries;
    const size_t query_stride = (size_t)c->query_heads * (size_t)c->head_dim;
    const size_t key_stride = (size_t)c->key_value_heads * (size_t)c->head_dim;
    const size_t query_bytes = (size_t)rows * query_stride * 4;
    float *queries = (float *)reserve(query_bytes), *output = (float *)reserve(query_bytes);
    for (size_t i = 0; i < (size_t)rows * query_stride; i++) {
        queries[i] = 2 * random_float();
    }
    struct vlmc_segment *segments = calloc((size_t)c->sequences, sizeof *segments);
    int32_t *tables[64] = {0};
    size_t blocks = 0, keys_in_all = 0;
    *work = 0;
    for (int32_t i = 0; i < c->sequences; i++) {
        const int32_t keys = c->ragged ? c->keys * (i + 1) / c->sequences : c->keys;
        segments[i] = (struct vlmc_segment){.query_begin = i * c->queries,
                                            .query_count = c->queries,
                                            .key_count = keys,
                                            .first_query_index = keys - c->queries,
                                            .key_begin = i * c->queries};
        keys_in_all += (size_t)keys;
        for (int32_t q = 0; q < c->queries; q++) {
            *work += 4.0 * c->query_heads * c->head_dim * (c->causal ? keys - c->queries + q + 1 : keys);
        }
        if (paged) {
            const int32_t count = (keys + 15) / 16;
            tables[i] = calloc((size_t)count, 4);
            for (int32_t b = 0; b < count; b++) {
                tables[i][b] = (int32_t)blocks + b;
            }
            for (int32_t b = 0; b + 1 < count; b += 57) { // not all in order
                const int32_t kept = tables[i][b];
                tables[i][b] = tables[i][b + 1];
                tables[i][b + 1] = kept;
            }
            blocks += (size_t)count;
            segments[i].block_table = tables[i];
        }
    }
    const size_t page_bytes = paged ? plane_bytes(c) : 0;
    const size_t layer_bytes = paged ? blocks * (size_t)c->key_value_heads * page_bytes : keys_in_all * key_stride * 4;
    char *keys = reserve(layer_bytes * (size_t)c->layers), *values = reserve(layer_bytes * (size_t)c->layers);
    for (int is_key = 0; is_key < 2; is_key++) {
        char *start = is_key ? keys : values;
        if (!paged) {
            for (size_t i = 0; i < layer_bytes / 4; i++) {
                ((float *)start)[i] = random_float();
            }
            continue;
        }
        for (size_t p = 0; p < blocks * (size_t)c->key_value_heads; p++) {
            char *page = start + p * page_bytes;
            for (int32_t i = 0; i < 16 * c->head_dim; i++) {
                if (c->store == PAGES_BF16) {
                    ((uint16_t *)page)[i] = bf16_bits(random_float());
                } else {
                    ((int8_t *)page)[i] = (int8_t)(127 * random_float());
                }
            }
            for (int32_t i = 0; c->store == PAGES_INT8 && i < 16; i++) {
                ((float *)(page + 16 * c->head_dim))[i] = (1 + random_float() / 4) / 127;
            }
        }
        for (int32_t layer = 1; layer < c->layers; layer++) {
            memcpy(start + (size_t)layer * layer_bytes, start, layer_bytes);
        }
    }
    struct vlmc_attention attention = {
        .queries = queries,
        .query_stride = (ptrdiff_t)query_stride,
        .output = output,
        .output_stride = (ptrdiff_t)query_stride,
        .query_heads = c->query_heads,
        .key_value_heads = c->key_value_heads,
        .head_dim = c->head_dim,
        .scale = 1 / sqrtf((float)c->head_dim),
        .causal = c->causal,
        .segments = segments,
        .segment_count = c->sequences,
        .key_value_stride = (ptrdiff_t)key_stride,
        .partial_bytes = vlmc_attention_partial_bytes(threads),
    };
    attention.partials = reserve(attention.partial_bytes);
    attention.row_format = c->store == ROWS_BF16 ? VLMC_FORMAT_BF16 : VLMC_FORMAT_F32;
    double best = 1e9;
    const double begin = now();
    for (int run = 0; run < 5 || (now() - begin < 0.4 && run < 1000); run++) {
        const double start = now();
        for (int32_t layer = 0; layer < c->layers; layer++) {
            char *layer_keys = keys + (size_t)layer * layer_bytes, *layer_values = values + (size_t)layer * layer_bytes;
            if (paged) {
                attention.pages.keys = layer_keys;
                attention.pages.values = layer_values;
                attention.pages.blocks = (int32_t)blocks;
                attention.pages.format = c->store == PAGES_INT8 ? VLMC_PAGES_INT8 : VLMC_PAGES_BF16;
            } else {
                attention.key_rows = (const float *)layer_keys;
                attention.value_rows = (const float *)layer_values;
            }
            const int32_t chunks = kernels->attention_plan(&attention, threads);
            run_chunks(kernels->attention, &attention, chunks);
            if (attention.split) {
                run_chunks(kernels->attention_merge, &attention, attention.merge_chunks);
            }
        }
        const double seconds = now() - start;
        best = seconds < best ? seconds : best;
    }
    const struct stored memory_of_case = {c, keys, values, blocks};
    *error = 0;
    double *scores = calloc(keys_in_all, sizeof *scores);
    for (int sample = 0; sample < 40; sample++) {
        const int32_t sequence = sample % c->sequences;
        const struct vlmc_segment *segment = &segments[sequence];
        const int32_t query = sample == 0 ? c->queries - 1 : (int32_t)(random_state >> 3) % c->queries;
        random_float();
        const int32_t head = (int32_t)(random_state >> 5) % c->query_heads;
        const int32_t key_head = head / (c->query_heads / c->key_value_heads);
        const int32_t seen = c->causal ? segment->first_query_index + query + 1 : segment->key_count;
        const float *q = queries + (size_t)(segment->query_begin + query) * query_stride + (size_t)(head * c->head_dim);
        const float *found = output + (q - queries);
        double greatest = -INFINITY, total = 0;
        for (int32_t k = 0; k < seen; k++) {
            double sum = 0;
            for (int32_t d = 0; d < c->head_dim; d++) {
                sum += (double)q[d] * stored_element(&memory_of_case, segment, key_head, 1, k, d);
            }
            scores[k] = sum * (double)attention.scale;
            greatest = scores[k] > greatest ? scores[k] : greatest;
        }
        for (int32_t k = 0; k < seen; k++) {
            scores[k] = exp(scores[k] - greatest);
            total += scores[k];
        }
        for (int32_t d = 0; d < c->head_dim; d++) {
            double sum = 0;
            for (int32_t k = 0; k < seen; k++) {
                sum += scores[k] / total * stored_element(&memory_of_case, segment, key_head, 0, k, d);
            }
            const double difference = fabs(sum - (double)found[d]);
            *error = difference > *error || difference != difference ? difference : *error;
        }
    }
    free(scores);
    munmap(keys, layer_bytes * (size_t)c->layers);
    munmap(values, layer_bytes * (size_t)c->layers);
    munmap(queries, query_bytes);
    munmap(output, query_bytes);
    munmap(attention.partials, attention.partial_bytes);
    for (int32_t i = 0; i < c->sequences && paged; i++) {
        free(tables[i]);
    }
    free(segments);
    if (c->queries == 1) { // bound by memory
        *work = 2.0 * (double)layer_bytes * c->layers;
    }
    return best;
}

int main(int argc, char **argv) {
    const char *set = getenv("VLMC_CPU");
    const struct vlmc_cpu_kernels *kernels = set ? vlmc_cpu_kernels_named(set) : vlmc_cpu_kernels_best();
    if (!kernels) {
        return 1;
    }
    threads = getenv("VLMC_THREADS") ? atoi(getenv("VLMC_THREADS")) : threads;
    pool.scratch = aligned_alloc(4096, (size_t)threads * vlmc_scratch_bytes());
    memset(pool.scratch, 0xff, (size_t)threads * vlmc_scratch_bytes());
    for (intptr_t i = 1; i < threads; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, serve, (void *)i);
    }
    memory = reserve(memory_bytes);
    memset(memory, 1, memory_bytes);
    const double dots = dot_rate(), reads = read_rate();
    munmap(memory, memory_bytes);
    printf("kernels %s, %d threads; limits: %.0f GFLOP/s of bfloat16 dot products, %.1f GB/s of reads\n", kernels->name,
           threads, dots, reads);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int chosen = argc < 2;
        for (int a = 1; a < argc; a++) {
            chosen |= strstr(cases[i].name, argv[a]) != NULL;
        }
        if (!chosen) {
            continue;
        }
        double work, error;
        const double seconds = measure(kernels, &cases[i], &work, &error);
        const int reading = cases[i].queries == 1;
        const double rate = work / seconds * 1e-9, limit = reading ? reads : dots;
        printf("%-38s %9.3f ms  %7.1f %-7s  ratio %.2f  error %.1e\n", cases[i].name,
               seconds / cases[i].layers * 1e3, rate, reading ? "GB/s" : "GFLOP/s", rate / limit, error);
        fflush(stdout);
    }
    return 0;
}
