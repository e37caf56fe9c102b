// Kernels in plain C vectors, for any machine: SSE2 on x86-64, NEON on arm64.
// Tile: 3 rows x 1 panel (4 registers of 4 floats each per sum): 12 sums, 1 broadcast and 3 spare of 16 registers.
#include "../kernel_sets.h"

#include <math.h>

#define TILE_ROWS 3
#define PAIR_ROWS 1
#define QUAD_ROWS 0
#define INT_TILE_ROWS 1
#define INT_PAIR_ROWS 1

#include "../templates/kernel_set.h"

const struct vlmc_cpu_kernels vlmc_scalar_kernels = KERNEL_SET("scalar");
