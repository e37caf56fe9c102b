// The loops that are timed, one per kind of work, chosen for this CPU at run time. Not their timing: machine_limits.c.
#pragma once

#include <stddef.h>

#include "machine_limits.h"

/// Multiply-adds that depend on nothing but registers, in enough independent sums to hide their latency.
struct vlmc_arithmetic_loop {
    double (*run)(void); ///< returns the sums, so that they are computed; NULL if this CPU has no such instruction
    double operations;   ///< of one run
};

struct vlmc_arithmetic_loop vlmc_choose_arithmetic_loop(enum vlmc_arithmetic arithmetic);

/// Reads `count` bytes front to back and returns their sum in some order.
unsigned long long vlmc_read_all(const unsigned char *bytes, size_t count);
