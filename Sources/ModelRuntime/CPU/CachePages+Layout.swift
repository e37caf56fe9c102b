// Pages of the cache in the form that kernels read.
// Not who owns which page (KeyValueCache/), nor where a number lies in one (kernels/cpu/templates/pages.h).

import CPUKernels

/// A page of keys is a packed panel (`WeightFormat`) whose outputs are the 16 tokens and whose inputs are the head's
/// numbers; a page of values is `headWidth / 16` panels whose outputs are numbers of the head and whose inputs are the
/// tokens. Attention thus multiplies by the cache as it lies in memory, but for 8 bits, which it widens before.
extension CachePages {
    var kernelArgument: vlmc_pages {
        let format =
            switch precision {
            case .f32: VLMC_PAGES_F32
            case .bf16: VLMC_PAGES_BF16
            case .int8: VLMC_PAGES_INT8
            }
        return vlmc_pages(keys: keys, values: values, format: format.rawValue, blocks: Int32(blockCount))
    }
}
