// What a model is asked: tokens, some of which are places of images.
// Not how text becomes tokens (InputProcessing), nor what is kept of earlier prompts (GenerationSession.swift).

import InputProcessing
import ModelRuntime

/// Tokens and the images among them.
public struct Prompt: Sendable {
    /// An image and its place.
    public struct Image: Sendable {
        /// The first of its tokens.
        public let firstToken: Int
        /// The patches.
        public let patches: PatchedImage
        /// Tells images apart that have the same tokens.
        public let fingerprint: UInt64

        /// An image whose tokens begin at `firstToken`.
        public init(firstToken: Int, patches: PatchedImage) {
            self.firstToken = firstToken
            self.patches = patches
            fingerprint = patches.patches.withUnsafeBytes { xxHash64($0) }
        }

        /// The grid of its patches.
        public var grid: ImageGrid {
            ImageGrid(frames: patches.grid.temporal, rows: patches.grid.height, columns: patches.grid.width)
        }
    }

    /// All tokens, those of images included.
    public let tokens: [Int32]
    /// The images, in the order of their places.
    public let images: [Image]

    /// A prompt; `images` stand in the order of their places and do not overlap.
    public init(tokens: [Int32], images: [Image] = []) {
        self.tokens = tokens
        self.images = images
    }

    /// What each token is, images told apart by their content: two prompts may share the cache as far as these agree.
    func keys(merge: Int) -> [TokenKey] {
        var keys = tokens.map { TokenKey(token: $0, image: 0) }
        for image in images {
            for index in image.firstToken..<image.firstToken + image.grid.tokenCount(merge: merge) {
                keys[index].image = image.fingerprint
            }
        }
        return keys
    }

    /// The rotary positions of all tokens.
    public func positions(axisCount: Int, merge: Int) -> RotaryPositions {
        var positions = RotaryPositions(axisCount: axisCount)
        for image in images {
            positions.append(textTokens: image.firstToken - positions.count)
            positions.append(image.grid, merge: merge)
        }
        positions.append(textTokens: tokens.count - positions.count)
        return positions
    }
}

/// A token in the cache, and the image that it belongs to.
struct TokenKey: Hashable {
    var token: Int32
    var image: UInt64
}
