// What a thread pool in Swift needs from C: waiting on a word of memory, a pause inside a spin loop, the CPUs that this
// process may use, and running one chunk of a kernel. The pool itself is Sources/ModelRuntime/Threads/ThreadPool.swift.
#pragma once

#include "cpu_kernels.h"

#pragma clang assume_nonnull begin

/// Tells the CPU that this is a spin loop.
static inline void vlmc_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/// Sleeps until somebody wakes `word`, unless it differs from `expected`; may return early.
void vlmc_wait(const void *word, uint32_t expected);
/// Wakes up to `count` threads that sleep on `word`.
void vlmc_wake(const void *word, int32_t count);

/// Writes the numbers of the CPUs that this thread may run on, ascending, at most `capacity`, and returns how many
/// there are; 0 if the system does not say.
int32_t vlmc_allowed_cpus(int32_t *_Nullable cpus, int32_t capacity);

/// 1 while this thread runs chunks of a thread pool's call.
int32_t vlmc_inside_chunk(void);
void vlmc_set_inside_chunk(int32_t inside);

/// A kernel call as the thread pool runs it: worker w uses the scratch at `scratch + w * scratch_stride`.
struct vlmc_job {
    vlmc_chunk_function function;
    const void *arguments;
    char *scratch;
    size_t scratch_stride;
};

/// Runs `chunk` of a `struct vlmc_job`.
void vlmc_run_job(void *job, int32_t chunk, int32_t worker);

#pragma clang assume_nonnull end
