// Loops that do nothing but read, or nothing but multiply and add (loops.h), timed on all threads at once.
#define _GNU_SOURCE
#include "machine_limits.h"
#include "loops.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define MAXIMUM_THREADS 256

/// What one thread does in a round: run `arithmetic`, or read `count` bytes.
struct job {
    double (*arithmetic)(void);
    const unsigned char *bytes;
    size_t count;
    pthread_mutex_t *gate;
    pthread_barrier_t *start;
    double begin, end;
    volatile double sink;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void *run_job(void *argument) {
    struct job *job = argument;
    pthread_mutex_lock(job->gate);
    pthread_mutex_unlock(job->gate);
    pthread_barrier_wait(job->start);
    job->begin = now();
    job->sink = job->arithmetic ? job->arithmetic() : (double)vlmc_read_all(job->bytes, job->count);
    job->end = now();
    return NULL;
}

/// Seconds from the first start to the last end, or 0 if threads cannot be had.
static double run_round(int threads, const unsigned char *bytes, size_t count, double (*arithmetic)(void)) {
    pthread_t ids[MAXIMUM_THREADS];
    struct job jobs[MAXIMUM_THREADS];
    pthread_barrier_t start;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    const size_t part = count / (size_t)threads;
    for (int i = 0; i < threads; i++) {
        jobs[i] = (struct job){
            .arithmetic = arithmetic, .bytes = bytes + part * (size_t)i, .count = part, .gate = &gate, .start = &start};
    }
    // Every thread waits for all others before it starts, so the barrier is made anew for those that could be had.
    int started = 1;
    pthread_mutex_lock(&gate);
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
    if (threads < 1 || threads > MAXIMUM_THREADS || bytes == 0) return 0;
    unsigned char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return 0;
    madvise(memory, bytes, MADV_HUGEPAGE);
    memset(memory, 1, bytes);
    double best = 0;
    for (int round = 0; round < rounds; round++) {
        const double seconds = run_round(threads, memory, bytes, NULL);
        if (seconds > 0 && (double)bytes / seconds > best) best = (double)bytes / seconds;
    }
    munmap(memory, bytes);
    return best;
}

double vlmc_measure_arithmetic_rate(enum vlmc_arithmetic arithmetic, int threads, int rounds) {
    const struct vlmc_arithmetic_loop loop = vlmc_choose_arithmetic_loop(arithmetic);
    if (loop.run == NULL || threads < 1 || threads > MAXIMUM_THREADS) return 0;
    double best = 0;
    for (int round = 0; round < rounds; round++) {
        const double seconds = run_round(threads, NULL, 0, loop.run);
        const double rate = loop.operations * threads / seconds;
        if (seconds > 0 && rate > best) best = rate;
    }
    return best;
}
