// Futexes, the CPUs of this process, and running one chunk: see cpu_threads.h.
#define _GNU_SOURCE
#include "cpu_threads.h"

#if defined(__linux__)
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

void vlmc_wait(const void *word, uint32_t expected) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

void vlmc_wake(const void *word, int32_t count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

int32_t vlmc_allowed_cpus(int32_t *cpus, int32_t capacity) {
    enum { most_cpus = 8192 };
    unsigned long mask[most_cpus / (8 * sizeof(unsigned long))] = {0};
    if (sched_getaffinity(0, sizeof mask, (cpu_set_t *)mask) != 0) {
        return 0;
    }
    int32_t count = 0;
    for (int32_t cpu = 0; cpu < most_cpus; cpu++) {
        if (CPU_ISSET_S((size_t)cpu, sizeof mask, (cpu_set_t *)mask)) {
            if (count < capacity) {
                cpus[count] = cpu;
            }
            count++;
        }
    }
    return count;
}
#else
#error "thread pools are written for Linux"
#endif

static _Thread_local int32_t inside_chunk = 0;

int32_t vlmc_inside_chunk(void) {
    return inside_chunk;
}

void vlmc_set_inside_chunk(int32_t inside) {
    inside_chunk = inside;
}

void vlmc_run_job(void *job, int32_t chunk, int32_t worker) {
    const struct vlmc_job *call = job;
    call->function(call->arguments, chunk, call->scratch + (size_t)worker * call->scratch_stride);
}
