// A file that exists in memory alone, which Swift's C library does not offer.
#pragma once

#pragma clang assume_nonnull begin

/// A new empty file without a name in any folder, gone when its last descriptor and mapping are; -1 with `errno` if the
/// system refuses. `label` is what tools that list mappings show.
int vlmc_memory_file(const char *label);

#pragma clang assume_nonnull end
