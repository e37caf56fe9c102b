// Threads that claim chunks as Sources/ModelRuntime/Threads/ThreadPool.swift does: one word of claims, a bounded spin,
// then sleep. Not for anything but measuring: the process ends with its threads.
#pragma once

#include <stdint.h>

typedef void (*pool_function)(void *context, int32_t chunk, int32_t worker);

/// Starts `threads` - 1 threads; the caller of pool_run is the last one.
void pool_start(int32_t threads);
/// Runs the chunks 0 ..< `chunks`, claimed in order, and returns when all are done.
void pool_run(int32_t chunks, void *context, pool_function function);
int32_t pool_threads(void);
/// Seconds of a clock that only goes forward.
double seconds_now(void);
