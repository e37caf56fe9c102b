// A file in memory: see cpu_memory.h.
#define _GNU_SOURCE
#include "cpu_memory.h"

#include <sys/mman.h>

int vlmc_memory_file(const char *label) {
    return memfd_create(label, MFD_CLOEXEC);
}
