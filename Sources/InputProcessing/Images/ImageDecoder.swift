// Bytes of an image file to upright RGB pixels: limits first, then the codec, then the orientation.
// Not resizing or normalising: ImageProcessor. The codecs are C, in Sources/CImageCodecs.
import CImageCodecs
// The import links the static libraries that CImageCodecs calls.
import CImageLibraries

/// How samples that RGB cannot hold become RGB. The defaults are those of transformers 5.23 given a Pillow image.
public struct PixelConversion: Sendable, Hashable {
    /// What becomes of alpha.
    public enum Transparency: Sendable, Hashable {
        /// The image is laid over white, in Pillow's integers: as `image_transforms.convert_to_rgb` does, and the
        /// checkpoints' authors in their own code.
        case overWhite
        /// Alpha is dropped, so that transparent areas show the colours stored beneath them: as `image_utils.load_image`
        /// does, through which transformers takes an image that is given by its path. A transparent colour of a PNG file
        /// becomes white even so.
        case dropped
    }

    /// What becomes of grey samples of 16 bits.
    public enum SixteenBitGrey: Sendable, Hashable {
        /// Values above 255 become white, as in Pillow, and so most of the image.
        case clipped
        /// The upper byte is kept, as a viewer does.
        case upperByte
    }

    /// What becomes of alpha.
    public var transparency: Transparency
    /// What becomes of grey samples of 16 bits.
    public var sixteenBitGrey: SixteenBitGrey

    /// A conversion, by default the reference's.
    public init(transparency: Transparency = .overWhite, sixteenBitGrey: SixteenBitGrey = .clipped) {
        self.transparency = transparency
        self.sixteenBitGrey = sixteenBitGrey
    }
}

/// An image with what its file said of it.
public struct DecodedImage: Sendable {
    /// The upright image.
    public var image: RGBImage
    /// The file's format, size and orientation.
    public var info: ImageInfo
    /// What the pixels do not show of the file.
    public var notes: [ImageNote]
}

/// Decodes PNG, JPEG and WebP files.
///
/// The pixels equal those of transformers 5.23's `image_transforms.convert_to_rgb` of Pillow 13's
/// `ImageOps.exif_transpose(Image.open(file))`; alpha can be dropped before, as `image_utils.load_image` does.
///
/// *Differs from source:* colour profiles are noted, EXIF blocks that are no TIFF files are noted rather than fatal,
/// and a PNG whose pixel data are damaged or too short is an error where Pillow leaves black rows.
public struct ImageDecoder: Sendable {
    /// Bounds, checked before anything is allocated.
    public var limits: ImageLimits
    /// How samples that RGB cannot hold become RGB.
    public var conversion: PixelConversion

    /// A decoder.
    public init(limits: ImageLimits = ImageLimits(), conversion: PixelConversion = PixelConversion()) {
        self.limits = limits
        self.conversion = conversion
    }

    /// Reads format, size and orientation without decoding. Limits other than the file's size are not applied.
    ///
    /// Throws: `empty`, `fileTooLarge`, `unknownFormat`, `zeroSize`, `truncated`, `damaged`, `unsupported`.
    public func info(of bytes: UnsafeRawBufferPointer) throws(ImageError) -> ImageInfo {
        let header = try header(of: bytes)
        guard header.width > 0, header.height > 0 else {
            throw ImageError(.zeroSize(width: header.width, height: header.height))
        }
        return info(of: header, orientation: header.orientation().value)
    }

    /// Reads format, size and orientation without decoding.
    public func info(of bytes: [UInt8]) throws(ImageError) -> ImageInfo {
        try bytes.withUnsafeBytes { buffer in Result { () throws(ImageError) in try info(of: buffer) } }.get()
    }

    /// Decodes an image file.
    ///
    /// Throws: every `ImageError.Problem` but those of files, configurations and buffers.
    public func decode(_ bytes: UnsafeRawBufferPointer) throws(ImageError) -> DecodedImage {
        let header = try header(of: bytes)
        try limits.check(width: header.width, height: header.height)
        let (orientation, metadataAreDamaged) = header.orientation()
        var report = vlmc_image_report()
        let stored = try pixels(of: bytes, header: header, report: &report)
        let info = info(of: header, orientation: orientation)
        var notes = notes(of: info)
        if metadataAreDamaged { notes.append(.metadataDamaged) }
        if report.warning_count > 0 {
            notes.append(.codecWarnings(count: Int(report.warning_count), first: report.text))
        }
        let image = RGBImage(
            uncheckedWidth: info.width,
            height: info.height,
            pixels: orientation == 1 ? stored : Self.upright(stored, info: info)
        )
        return DecodedImage(image: image, info: info, notes: notes)
    }

    /// Decodes an image file.
    public func decode(_ bytes: [UInt8]) throws(ImageError) -> DecodedImage {
        try bytes.withUnsafeBytes { buffer in Result { () throws(ImageError) in try decode(buffer) } }.get()
    }

    private func header(of bytes: UnsafeRawBufferPointer) throws(ImageError) -> ImageHeader {
        try limits.check(byteCount: bytes.count)
        return try ImageHeader.read(ByteView(bytes))
    }

    private func info(of header: ImageHeader, orientation: Int) -> ImageInfo {
        ImageInfo(
            format: header.format,
            storedWidth: header.width,
            storedHeight: header.height,
            orientation: orientation,
            hasTransparency: header.hasTransparency,
            hasColorProfile: header.hasColorProfile,
            isSixteenBitGrey: header.isSixteenBitGrey,
            isAnimated: header.isAnimated
        )
    }

    private func notes(of info: ImageInfo) -> [ImageNote] {
        var notes: [ImageNote] = []
        if info.hasColorProfile { notes.append(.colorProfileIgnored) }
        if info.hasTransparency, conversion.transparency == .dropped { notes.append(.transparencyDropped) }
        if info.isSixteenBitGrey, conversion.sixteenBitGrey == .clipped { notes.append(.sixteenBitGreyClipped) }
        if info.isAnimated { notes.append(.firstPictureOfAnimation) }
        return notes
    }

    /// The stored image, `[height, width, 3]`.
    private func pixels(
        of bytes: UnsafeRawBufferPointer,
        header: ImageHeader,
        report: inout vlmc_image_report
    ) throws(ImageError) -> [UInt8] {
        var status = VLMC_IMAGE_DECODED
        let byteCount = header.width * header.height * 3
        let pixels = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, initializedCount in
            let target = vlmc_rgb_target(
                pixels: buffer.baseAddress,
                width: Int32(header.width),
                height: Int32(header.height),
                conversion: vlmc_pixel_conversion(
                    drops_alpha: conversion.transparency == .dropped,
                    keeps_upper_byte_of_grey: conversion.sixteenBitGrey == .upperByte
                )
            )
            status = Self.run(header, bytes: bytes, target: target, report: &report)
            initializedCount = status == VLMC_IMAGE_DECODED ? byteCount : 0
        }
        switch status {
        case VLMC_IMAGE_DECODED: return pixels
        case VLMC_IMAGE_TRUNCATED: throw ImageError(.truncated(header.format, detail: report.text))
        case VLMC_IMAGE_UNSUPPORTED: throw ImageError(.unsupported(header.format, detail: report.text))
        case VLMC_IMAGE_OUT_OF_MEMORY: throw ImageError(.outOfMemory(header.format))
        default: throw ImageError(.damaged(header.format, detail: report.text))
        }
    }

    private static func run(
        _ header: ImageHeader,
        bytes: UnsafeRawBufferPointer,
        target: vlmc_rgb_target,
        report: inout vlmc_image_report
    ) -> vlmc_image_status {
        let start = bytes.bindMemory(to: UInt8.self).baseAddress
        switch header.format {
        case .png:
            return vlmc_png_decode(start, bytes.count, target, &report)
        case .jpeg:
            return vlmc_jpeg_decode(
                start,
                bytes.count,
                maximumScans(pixels: header.width * header.height),
                target,
                &report
            )
        case .webp:
            guard let frame = header.webpFrame else { preconditionFailure("a WebP header without a picture") }
            let place = vlmc_webp_frame(
                x: Int32(frame.x),
                y: Int32(frame.y),
                width: Int32(frame.width),
                height: Int32(frame.height)
            )
            let bitstream = start.map { $0 + frame.bitstream.lowerBound }
            return vlmc_webp_decode(bitstream, frame.bitstream.count, place, target, &report)
        }
    }

    /// How many scans a JPEG file of so many pixels may have. Encoders write about ten; each goes over the whole image,
    /// though it may take but a few bytes of the file.
    private static func maximumScans(pixels: Int) -> Int32 {
        Int32(min(max((1 << 31) / pixels, 24), 100))
    }

    private static func upright(_ stored: [UInt8], info: ImageInfo) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: stored.count) { buffer, initializedCount in
            vlmc_image_turn_upright(
                stored,
                Int32(info.storedWidth),
                Int32(info.storedHeight),
                Int32(info.orientation),
                buffer.baseAddress
            )
            initializedCount = stored.count
        }
    }
}

extension vlmc_image_report {
    /// The message, which is ASCII and ends with a zero.
    fileprivate var text: String {
        withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
