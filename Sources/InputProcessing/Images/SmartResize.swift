// The size that an image is resized to before it is cut into patches. Not the resizing: ImageResampler.

/// The size that Qwen2-VL's image processor resizes an image of `height` x `width` pixels to.
///
/// *Math:* both sides are rounded to multiples of `factor`, half to even. Where their product then exceeds
/// `maximumPixels`, both sides are divided by sqrt(height * width / maximumPixels) and floored to multiples, but not
/// below one; where it is below `minimumPixels`, both are scaled up likewise and ceiled. In double precision, in the
/// reference's order of operations.
/// *Throws:* `zeroSize`; `aspectRatio` where one side is more than 200 times the other; `configuration` for a factor or
/// bounds that are not positive.
/// *Source:* transformers@5.23:models/qwen2_vl/image_processing_pil_qwen2_vl.py, smart_resize.
public func smartResize(
    height: Int,
    width: Int,
    factor: Int,
    minimumPixels: Int,
    maximumPixels: Int
) throws(ImageError) -> (height: Int, width: Int) {
    guard height > 0, width > 0 else { throw ImageError(.zeroSize(width: width, height: height)) }
    // Beyond these bounds products would leave the integers that doubles hold exactly.
    let largest = 1 << 26
    try requireConfiguration((1...largest).contains(factor), "factor", factor, "1 to \(largest)")
    try requireConfiguration(minimumPixels > 0, "minimum of pixels", minimumPixels, "1 or more")
    try requireConfiguration(maximumPixels > 0, "maximum of pixels", maximumPixels, "1 or more")
    guard max(height, width) <= largest else {
        throw ImageError(.tooManyPixels(width: width, height: height, limit: largest))
    }
    let aspectLimit = 200
    guard Double(max(height, width)) / Double(min(height, width)) <= Double(aspectLimit) else {
        throw ImageError(.aspectRatio(width: width, height: height, limit: aspectLimit))
    }
    let sides = (height: Double(height), width: Double(width))
    let step = Double(factor)
    var resized = (
        height: Int((sides.height / step).rounded(.toNearestOrEven)) * factor,
        width: Int((sides.width / step).rounded(.toNearestOrEven)) * factor
    )
    let pixels = Double(height * width)
    if resized.height * resized.width > maximumPixels {
        let shrink = (pixels / Double(maximumPixels)).squareRoot()
        resized.height = max(factor, Int((sides.height / shrink / step).rounded(.down)) * factor)
        resized.width = max(factor, Int((sides.width / shrink / step).rounded(.down)) * factor)
    } else if resized.height * resized.width < minimumPixels {
        let stretch = (Double(minimumPixels) / pixels).squareRoot()
        resized.height = Int((sides.height * stretch / step).rounded(.up)) * factor
        resized.width = Int((sides.width * stretch / step).rounded(.up)) * factor
    }
    return resized
}

func requireConfiguration(
    _ holds: Bool,
    _ field: String,
    _ found: some CustomStringConvertible,
    _ allowed: String
) throws(ImageError) {
    if !holds {
        throw ImageError(.configuration(field: field, found: found.description, allowed: allowed))
    }
}
