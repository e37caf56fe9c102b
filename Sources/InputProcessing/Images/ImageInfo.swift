// What an image file says of itself, found without decoding it. Read next: ImageHeader.swift.

/// The format, size and orientation of an image file.
public struct ImageInfo: Sendable, Hashable {
    /// The format, by the file's first bytes.
    public var format: ImageFormat
    /// The width of the stored image, in pixels.
    public var storedWidth: Int
    /// The height of the stored image, in pixels.
    public var storedHeight: Int
    /// The EXIF orientation, 1 to 8; 1 where the file states none.
    public var orientation: Int
    /// Whether the file has an alpha channel or names a transparent colour.
    public var hasTransparency: Bool
    /// Whether the file carries an ICC colour profile.
    public var hasColorProfile: Bool
    /// Whether samples are grey values of 16 bits.
    public var isSixteenBitGrey: Bool
    /// Whether the file is an animation, of which the first picture is read.
    public var isAnimated: Bool

    /// The width of the upright image.
    public var width: Int { swapsSides ? storedHeight : storedWidth }
    /// The height of the upright image.
    public var height: Int { swapsSides ? storedWidth : storedHeight }

    private var swapsSides: Bool { orientation >= 5 }
}

/// A remark on an image that was read: something of the file that its pixels do not show.
public enum ImageNote: Sendable, Hashable, CustomStringConvertible {
    /// The ICC profile was not applied, as transformers does not apply it.
    case colorProfileIgnored
    /// Alpha was dropped: transparent areas show the colours stored beneath them.
    case transparencyDropped
    /// Grey values of 16 bits were clipped at 255, as Pillow clips them: the image may be nearly white.
    case sixteenBitGreyClipped
    /// The file is an animation, of which the first picture was read.
    case firstPictureOfAnimation
    /// The orientation could not be read, because the metadata are damaged.
    case metadataDamaged
    /// The codec went on over damage; the first warning and their number.
    case codecWarnings(count: Int, first: String)

    /// A sentence for users.
    public var description: String {
        switch self {
        case .colorProfileIgnored:
            "the colour profile is not applied, as in the reference"
        case .transparencyDropped:
            "alpha is dropped: transparent areas show the colours stored beneath them"
        case .sixteenBitGreyClipped:
            "16-bit grey values are clipped at 255, as in the reference: the image may be nearly white"
        case .firstPictureOfAnimation:
            "the file is an animation; its first picture is read"
        case .metadataDamaged:
            "the metadata are damaged; the image is taken to be stored upright"
        case .codecWarnings(let count, let first):
            "the image is damaged and may look it (\(count) warnings, the first: \(first))"
        }
    }
}
