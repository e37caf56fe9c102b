// Files and folders that the compiler writes, and what is said where it cannot.

import Foundation
import PathKit
import Testing

@testable import CompilerDriver

@Suite struct AtomicFileTests {
    @Test func foldersAndFilesInThem() throws {
        let folder = try Path.uniqueTemporary()
        defer { try? folder.delete() }
        try AtomicFile.write("one", to: folder + "a/b/c.txt")
        try AtomicFile.makeFolder(folder + "a/b")
        #expect(try (folder + "a/b/c.txt").read(.utf8) == "one")
        try AtomicFile.write("two", to: folder + "a/b/c.txt")
        #expect(try (folder + "a/b").children().map(\.lastComponent) == ["c.txt"])
    }

    @Test func aFileInPlaceOfAFolder() throws {
        let folder = try Path.uniqueTemporary()
        defer { try? folder.delete() }
        let file = folder + "file"
        try AtomicFile.write("one", to: file)
        let error = #expect(throws: FileWriteError.self) { try AtomicFile.makeFolder(file) }
        #expect(error?.description == "cannot write \(file): Not a directory")
        #expect(throws: FileWriteError.self) { try AtomicFile.write("two", to: file + "x/y") }
        #expect(try file.read(.utf8) == "one")
    }
}
