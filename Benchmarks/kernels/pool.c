// See pool.h.
#include "pool.h"

#include "cpu_threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define SPINS 2000

static struct {
    _Alignas(128) _Atomic uint64_t claims; ///< call (24 bits), chunks (20), next (20)
    _Alignas(128) _Atomic uint32_t completed;
    _Alignas(128) _Atomic uint32_t bell;
    _Alignas(128) _Atomic uint32_t sleepers;
    _Atomic uint32_t join_sleeps;
    _Alignas(128) pool_function function;
    void *context;
    int32_t threads;
} pool;

static uint64_t work(int32_t worker) {
    for (;;) {
        uint64_t seen = atomic_load_explicit(&pool.claims, memory_order_acquire);
        const uint64_t chunks = seen >> 20 & 0xfffff, next = seen & 0xfffff;
        if (next >= chunks) {
            return seen >> 40;
        }
        if (!atomic_compare_exchange_weak(&pool.claims, &seen, seen + 1)) {
            continue;
        }
        pool.function(pool.context, (int32_t)next, worker);
        const uint32_t done = atomic_fetch_add(&pool.completed, 1) + 1;
        if (done == chunks && atomic_load(&pool.join_sleeps)) {
            vlmc_wake(&pool.completed, 1);
        }
    }
}

static void *serve(void *argument) {
    uint64_t call = 0;
    for (;;) {
        int spins = 0;
        while (atomic_load_explicit(&pool.claims, memory_order_acquire) >> 40 == call) {
            if (++spins < SPINS) {
                vlmc_pause();
                continue;
            }
            const uint32_t rung = atomic_load(&pool.bell);
            atomic_fetch_add(&pool.sleepers, 1);
            if (atomic_load(&pool.claims) >> 40 == call) {
                vlmc_wait(&pool.bell, rung);
            }
            atomic_fetch_sub(&pool.sleepers, 1);
        }
        call = work((int32_t)(intptr_t)argument);
    }
    return NULL;
}

void pool_start(int32_t threads) {
    pool.threads = threads;
    for (int32_t i = 1; i < threads; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, serve, (void *)(intptr_t)i);
        pthread_detach(thread);
    }
}

int32_t pool_threads(void) {
    return pool.threads;
}

void pool_run(int32_t chunks, void *context, pool_function function) {
    if (chunks <= 1 || pool.threads == 1) {
        for (int32_t i = 0; i < chunks; i++) {
            function(context, i, 0);
        }
        return;
    }
    pool.function = function;
    pool.context = context;
    atomic_store_explicit(&pool.completed, 0, memory_order_relaxed);
    const uint64_t call = ((atomic_load(&pool.claims) >> 40) + 1) & 0xffffff;
    atomic_store(&pool.claims, call << 40 | (uint64_t)chunks << 20);
    if (atomic_load(&pool.sleepers)) {
        atomic_fetch_add(&pool.bell, 1);
        vlmc_wake(&pool.bell, chunks - 1);
    }
    work(0);
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&pool.completed, memory_order_acquire) == (uint32_t)chunks) {
            return;
        }
        vlmc_pause();
    }
    atomic_store(&pool.join_sleeps, 1);
    for (uint32_t seen; (seen = atomic_load(&pool.completed)) != (uint32_t)chunks;) {
        vlmc_wait(&pool.completed, seen);
    }
    atomic_store(&pool.join_sleeps, 0);
}

double seconds_now(void) {
    struct timespec time;
    // One thread on a busy machine: the time that it ran.
    clock_gettime(pool.threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}
