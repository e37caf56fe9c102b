// Resizes RGB images exactly as Pillow does, in bands of rows that may run on many threads.
// A band goes through both passes and is handed on: no resized image is held unless it is asked for.
import CImageCodecs

/// Resizes images of one size to another.
///
/// *Math:* two passes of fixed-point sums with rounding and clipping to bytes after each, horizontal and vertical; the
/// vertical one is first where the height shrinks by more than twice the pixels that the width does. An axis that keeps
/// its size is not touched. Bit-exact against `Image.resize(size, resample)` of Pillow 13.0 in mode RGB.
/// *Shapes:* `source: [sourceHeight, sourceWidth, 3]` u8, `result: [height, width, 3]` u8.
/// *Accumulates in:* i32, in units of 2^-22.
/// *Source:* Pillow@13.0.0:src/libImaging/Resample.c. Pillow 12 and older begin with the horizontal pass always, so they
/// differ where a tall image shrinks.
public struct ImageResampler: Sendable {
    let horizontal: ResamplingAxis
    let vertical: ResamplingAxis
    let isVerticalFirst: Bool
    /// Which kernels run; all compute the same bits, and tests compare them.
    var vectorLevel = vlmc_vector_level_supported()

    /// Prepares the weights. Throws: `zeroSize`, `tooManyPixels` for sides that the kernels cannot count.
    public init(
        sourceWidth: Int,
        sourceHeight: Int,
        width: Int,
        height: Int,
        filter: ResamplingFilter
    ) throws(ImageError) {
        for (width, height) in [(sourceWidth, sourceHeight), (width, height)] {
            guard width > 0, height > 0 else { throw ImageError(.zeroSize(width: width, height: height)) }
            let largest = Int(Int32.max) / 4
            guard max(width, height) <= largest else {
                throw ImageError(.tooManyPixels(width: width, height: height, limit: largest))
            }
        }
        horizontal = ResamplingAxis(sourceSize: sourceWidth, outputSize: width, filter: filter)
        vertical = ResamplingAxis(sourceSize: sourceHeight, outputSize: height, filter: filter)
        isVerticalFirst = sourceHeight > height && sourceHeight - height > 2 * (sourceWidth - width)
    }

    /// Resizes `image`, whose size must be the one that the resampler was made for.
    public func resize(_ image: RGBImage, in loop: ParallelLoop = .serial) -> RGBImage {
        let rowBytes = horizontal.outputSize * 3
        let byteCount = rowBytes * vertical.outputSize
        let pixels = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, initializedCount in
            let target = SharedBuffer(buffer)
            forEachBand(of: image, rowsPerBand: Self.rowsPerBand, in: loop) { band in
                for row in band.outputRows {
                    let source = band.start + (row - band.outputRows.lowerBound) * band.stride
                    let place = target.start(at: row * rowBytes)
                    place.initialize(from: source, count: rowBytes)
                }
            }
            initializedCount = byteCount
        }
        return RGBImage(uncheckedWidth: horizontal.outputSize, height: vertical.outputSize, pixels: pixels)
    }

    /// Output rows in a band: enough that the source rows which two bands share cost little (4 / 112), few enough that a
    /// band stays in cache and that there are bands for every thread.
    static let rowsPerBand = 112

    /// Resampled rows, alive only during the call that receives them.
    struct Band {
        let outputRows: Range<Int>
        let start: UnsafePointer<UInt8>
        /// Bytes from one row to the next.
        let stride: Int
    }

    /// Calls `body` with every band, each of `rowsPerBand` output rows but for the last.
    func forEachBand(
        of image: RGBImage,
        rowsPerBand: Int,
        in loop: ParallelLoop,
        _ body: @Sendable (Band) -> Void
    ) {
        precondition(image.width == horizontal.sourceSize && image.height == vertical.sourceSize)
        let height = vertical.outputSize
        loop((height + rowsPerBand - 1) / rowsPerBand) { index in
            let outputRows = index * rowsPerBand..<min((index + 1) * rowsPerBand, height)
            image.pixels.withUnsafeBufferPointer { pixels in
                guard let start = pixels.baseAddress else { return }
                withResampledRows(outputRows, source: start, body)
            }
        }
    }

    private func withResampledRows(
        _ outputRows: Range<Int>,
        source: UnsafePointer<UInt8>,
        _ body: (Band) -> Void
    ) {
        let stored = Rows(firstRow: 0, count: vertical.sourceSize, start: source, stride: horizontal.sourceSize * 3)
        func finish(_ rows: Rows) {
            body(Band(outputRows: outputRows, start: rows.start, stride: rows.stride))
        }
        if isVerticalFirst {
            resampleVertically(stored, to: outputRows, rowBytes: horizontal.sourceSize * 3) { narrowed in
                resampleHorizontally(narrowed, finish)
            }
        } else {
            resampleHorizontally(stored.rows(vertical.sources(of: outputRows))) { narrowed in
                resampleVertically(narrowed, to: outputRows, rowBytes: horizontal.outputSize * 3, finish)
            }
        }
    }

    /// Rows between two passes; `firstRow` is the number of the first among all rows of that stage.
    private struct Rows {
        let firstRow: Int
        let count: Int
        let start: UnsafePointer<UInt8>
        let stride: Int

        func rows(_ range: Range<Int>) -> Rows {
            Rows(
                firstRow: range.lowerBound,
                count: range.count,
                start: start + (range.lowerBound - firstRow) * stride,
                stride: stride
            )
        }
    }

    private func resampleHorizontally(_ rows: Rows, _ body: (Rows) -> Void) {
        if horizontal.isIdentity { return body(rows) }
        let rowBytes = horizontal.outputSize * 3
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: rows.count * rowBytes) { scratch in
            guard let result = scratch.baseAddress else { return }
            horizontal.withKernelAxis { axis in
                vlmc_resample_horizontally(
                    axis,
                    rows.start,
                    rows.stride,
                    Int32(horizontal.sourceSize),
                    Int32(rows.count),
                    result,
                    rowBytes,
                    Int32(horizontal.outputSize),
                    vectorLevel
                )
            }
            body(Rows(firstRow: rows.firstRow, count: rows.count, start: result, stride: rowBytes))
        }
    }

    private func resampleVertically(
        _ rows: Rows,
        to outputRows: Range<Int>,
        rowBytes: Int,
        _ body: (Rows) -> Void
    ) {
        if vertical.isIdentity { return body(rows.rows(outputRows)) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: outputRows.count * rowBytes) { scratch in
            guard let result = scratch.baseAddress else { return }
            vertical.withKernelAxis { axis in
                vlmc_resample_vertically(
                    axis,
                    Int32(outputRows.lowerBound),
                    Int32(outputRows.count),
                    rows.start,
                    rows.stride,
                    Int32(rows.firstRow),
                    Int32(rowBytes),
                    result,
                    rowBytes,
                    vectorLevel
                )
            }
            body(Rows(firstRow: outputRows.lowerBound, count: outputRows.count, start: result, stride: rowBytes))
        }
    }
}

/// A buffer that the bands of a parallel loop fill, each its own part: that is why sharing it is safe.
struct SharedBuffer<Element>: @unchecked Sendable {
    private let buffer: UnsafeMutableBufferPointer<Element>

    init(_ buffer: UnsafeMutableBufferPointer<Element>) { self.buffer = buffer }

    func start(at offset: Int) -> UnsafeMutablePointer<Element> {
        guard let base = buffer.baseAddress, (0...buffer.count).contains(offset) else {
            preconditionFailure("a part of a shared buffer lies outside it")
        }
        return base + offset
    }
}
