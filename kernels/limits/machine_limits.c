// Loops that do nothing but read, or nothing but multiply and add, timed on all threads at once.
// Enough independent sums to hide latency, no memory in the arithmetic loop; variants are chosen at run time.
#include "machine_limits.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define MAXIMUM_THREADS 256
#define SUMS 12
#define REPETITIONS 2000000L

struct job {
    const unsigned char *bytes;
    size_t count;
    pthread_mutex_t *gate;
    pthread_barrier_t *start;
    double begin, end;
    volatile double sink;
    int reads;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/// Sums eight streams of words within one part; compilers turn it into vector loads.
static uint64_t read_all(const unsigned char *bytes, size_t count) {
    uint64_t sums[8] = {0};
    for (size_t i = 0; i + 64 <= count; i += 64) {
        uint64_t words[8];
        memcpy(words, bytes + i, sizeof words);
        for (int j = 0; j < 8; j++) sums[j] += words[j];
    }
    uint64_t total = 0;
    for (int j = 0; j < 8; j++) total += sums[j];
    return total;
}

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static double multiply_add_512(void) {
    __m512 sums[SUMS];
    for (int i = 0; i < SUMS; i++) sums[i] = _mm512_set1_ps((float)i);
    const __m512 factor = _mm512_set1_ps(0.999f), term = _mm512_set1_ps(0.001f);
    for (long k = 0; k < REPETITIONS; k++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < SUMS; i++) sums[i] = _mm512_fmadd_ps(sums[i], factor, term);
    }
    double total = 0;
    for (int i = 0; i < SUMS; i++) total += _mm512_reduce_add_ps(sums[i]);
    return total;
}

__attribute__((target("avx2,fma"))) static double multiply_add_256(void) {
    __m256 sums[SUMS];
    for (int i = 0; i < SUMS; i++) sums[i] = _mm256_set1_ps((float)i);
    const __m256 factor = _mm256_set1_ps(0.999f), term = _mm256_set1_ps(0.001f);
    for (long k = 0; k < REPETITIONS; k++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < SUMS; i++) sums[i] = _mm256_fmadd_ps(sums[i], factor, term);
    }
    float lanes[8], total = 0;
    for (int i = 0; i < SUMS; i++) {
        _mm256_storeu_ps(lanes, sums[i]);
        for (int j = 0; j < 8; j++) total += lanes[j];
    }
    return total;
}
#endif

static double multiply_add_plain(void) {
    float sums[SUMS];
    for (int i = 0; i < SUMS; i++) sums[i] = (float)i;
    for (long k = 0; k < REPETITIONS; k++) {
        for (int i = 0; i < SUMS; i++) sums[i] = sums[i] * 0.999f + 0.001f;
    }
    double total = 0;
    for (int i = 0; i < SUMS; i++) total += sums[i];
    return total;
}

/// Lanes of the widest vectors that multiply_add uses here.
static int lanes(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return 16;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 8;
#endif
    return 1;
}

static double multiply_add(void) {
#if defined(__x86_64__)
    if (lanes() == 16) return multiply_add_512();
    if (lanes() == 8) return multiply_add_256();
#endif
    return multiply_add_plain();
}

static void *run_job(void *argument) {
    struct job *job = argument;
    pthread_mutex_lock(job->gate);
    pthread_mutex_unlock(job->gate);
    pthread_barrier_wait(job->start);
    job->begin = now();
    job->sink = job->reads ? (double)read_all(job->bytes, job->count) : multiply_add();
    job->end = now();
    return NULL;
}

/// Seconds from the first start to the last end, or 0 if threads cannot be had.
static double run_round(int threads, const unsigned char *bytes, size_t count, int reads) {
    pthread_t ids[MAXIMUM_THREADS];
    struct job jobs[MAXIMUM_THREADS];
    pthread_barrier_t start;
    const size_t part = count / (size_t)threads;
    for (int i = 0; i < threads; i++) {
        jobs[i] = (struct job){.bytes = bytes + part * (size_t)i, .count = part, .start = &start, .reads = reads};
    }
    // Every thread waits for all others before it starts, so the barrier is made anew for those that could be had.
    int started = 1;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&gate);
    for (int i = 0; i < threads; i++) jobs[i].gate = &gate;
    while (started < threads && pthread_create(&ids[started], NULL, run_job, &jobs[started]) == 0) started++;
    pthread_barrier_init(&start, NULL, (unsigned)started);
    pthread_mutex_unlock(&gate);
    run_job(&jobs[0]);
    double begin = jobs[0].begin, end = jobs[0].end;
    for (int i = 1; i < started; i++) {
        pthread_join(ids[i], NULL);
        if (jobs[i].begin < begin) begin = jobs[i].begin;
        if (jobs[i].end > end) end = jobs[i].end;
    }
    pthread_barrier_destroy(&start);
    return started == threads ? end - begin : 0;
}

double vlmc_measure_read_bandwidth(int threads, size_t bytes, int rounds) {
    if (threads < 1 || threads > MAXIMUM_THREADS) return 0;
    unsigned char *memory = malloc(bytes);
    if (memory == NULL) return 0;
    memset(memory, 1, bytes);
    double best = 0;
    for (int round = 0; round < rounds; round++) {
        const double seconds = run_round(threads, memory, bytes, 1);
        if (seconds > 0 && (double)bytes / seconds > best) best = (double)bytes / seconds;
    }
    free(memory);
    return best;
}

double vlmc_measure_multiply_add_rate(int threads, int rounds) {
    if (threads < 1 || threads > MAXIMUM_THREADS) return 0;
    const double operations = 2.0 * SUMS * (double)REPETITIONS * lanes() * threads;
    double best = 0;
    for (int round = 0; round < rounds; round++) {
        const double seconds = run_round(threads, NULL, 0, 0);
        if (seconds > 0 && operations / seconds > best) best = operations / seconds;
    }
    return best;
}
