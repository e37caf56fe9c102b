// Finds the package with the runtime sources, on which every generated package depends.
// An installed compiler carries it in `share/vlmc`; a compiler built from a checkout uses the checkout.

import PathKit

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// The package that holds the runtime.
public struct RuntimePackage: Sendable, Hashable {
    /// Its directory, absolute.
    public let path: String

    /// Looks for the runtime package, in this order: `stated`, the environment variable `VLMC_HOME`, `share/vlmc` beside
    /// the directory of this executable, the checkout that this executable was built from.
    ///
    /// - Throws: `RuntimePackageError` with every place that was looked at.
    public init(stated: String? = nil, environment: [String: String], executable: String) throws(RuntimePackageError) {
        var places: [String] = []
        if let stated { places.append(stated) }
        if let home = environment["VLMC_HOME"], stated == nil { places.append(home) }
        if places.isEmpty {
            places.append((Path(executable).parent() + ".." + "share" + "vlmc").normalize().string)
            places.append(Self.checkout)
        }
        guard let found = places.first(where: Self.holdsRuntime) else {
            throw RuntimePackageError(places: places)
        }
        path = Path(found).absolute().string
    }

    /// What a build plan is made of, as text: the manifest, and the names of all files under the source folders. What the
    /// files say is not in it, since every build looks at that anyway.
    ///
    /// - Throws: an error of the file system if the manifest cannot be read.
    func planInputs() throws -> String {
        let package = Path(path)
        let folders = ["Sources", "kernels"].map { package + $0 }
        let files = try folders.filter(\.isDirectory).flatMap { try $0.recursiveChildren() }
        return try (files.map(\.string).sorted() + [(package + "Package.swift").read()]).joined(separator: "\n")
    }

    /// The checkout that this file belongs to, if the compiler was built from one.
    private static let checkout = Path(#filePath).parent().parent().parent().string

    private static func holdsRuntime(_ place: String) -> Bool {
        (Path(place) + "Package.swift").exists && (Path(place) + "Sources" + "ModelRuntime").isDirectory
    }
}

/// No runtime package was found.
public struct RuntimePackageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where it was looked for.
    public let places: [String]

    /// A sentence.
    public var description: String {
        "the runtime package of vlmc is in none of \(places.joined(separator: ", ")); "
            + "name its directory with --runtime or in VLMC_HOME"
    }
}
