// Where the numbers of a key or value lie in a page of the cache.
// Not who owns which page (KeyValueCache/). The kernels' own version of this is kernels/cpu/templates/pages.h.

import CPUKernels
import TensorTypes

/// A page of keys is a packed panel (`WeightFormat`) whose outputs are the 16 tokens and whose inputs are the head's
/// numbers; a page of values is `headWidth / 16` panels whose outputs are numbers of the head and whose inputs are the
/// tokens. Attention thus multiplies by the cache as it lies in memory.
extension CachePages {
    var format: WeightFormat {
        switch precision {
        case .f32: .f32
        case .bf16: .bf16
        }
    }

    var kernelArgument: vlmc_pages { vlmc_pages(keys: keys, values: values, format: format.kernelTag) }

    /// Where number `d` of a token's key lies in its page, counted in elements.
    public static func keyOffset(token: Int, number d: Int, precision: CacheGeometry.Precision) -> Int {
        let group = groupSize(precision)
        return (d / group * 16 + token) * group + d % group
    }

    /// Where number `d` of a token's value lies in its page, counted in elements.
    public static func valueOffset(token: Int, number d: Int, precision: CacheGeometry.Precision) -> Int {
        let group = groupSize(precision)
        return d / 16 * 256 + (token / group * 16 + d % 16) * group + token % group
    }

    private static func groupSize(_ precision: CacheGeometry.Precision) -> Int {
        switch precision {
        case .f32: WeightFormat.f32.groupInputs
        case .bf16: WeightFormat.bf16.groupInputs
        }
    }
}
