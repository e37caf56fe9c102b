// The filters that Pillow resamples with, as weights in double precision. Read next: ResamplingAxis.swift.
import Glibc

/// A resampling filter, by Pillow's numbers: what a checkpoint's `resample` field states.
public enum ResamplingFilter: Int, Sendable, Hashable, CaseIterable {
    /// A sinc window of three lobes.
    case lanczos = 1
    /// A tent.
    case bilinear = 2
    /// The cubic of Keys with a = -0.5.
    case bicubic = 3

    /// The filter of a checkpoint's `resample` field.
    ///
    /// Throws: `configuration` for a number that Pillow does not have or that no supported checkpoint uses.
    public init(resample: Int) throws(ImageError) {
        guard let filter = Self(rawValue: resample) else {
            let allowed = "1 (Lanczos), 2 (bilinear) or 3 (bicubic)"
            throw ImageError(.configuration(field: "resample", found: String(resample), allowed: allowed))
        }
        self = filter
    }

    /// Half the width of the filter, in source pixels, where the image is not shrunk.
    var support: Double {
        switch self {
        case .bilinear: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// The filter's value at `distance` from its centre.
    ///
    /// *Source:* Pillow@13.0.0:src/libImaging/Resample.c. The order of operations decides the last bit, and so the weight.
    func weight(at distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .bilinear:
            return x < 1 ? 1 - x : 0
        case .bicubic:
            let a = -0.5
            if x < 1 {
                let slope = (a + 2) * x - (a + 3)
                return slope * x * x + 1
            }
            if x < 2 {
                let slope = (x - 5) * x + 8
                return (slope * x - 4) * a
            }
            return 0
        case .lanczos:
            guard distance >= -3, distance < 3 else { return 0 }
            return Self.sinc(distance) * Self.sinc(distance / 3)
        }
    }

    private static func sinc(_ x: Double) -> Double {
        if x == 0 { return 1 }
        let angle = x * Double.pi
        return sin(angle) / angle
    }
}
