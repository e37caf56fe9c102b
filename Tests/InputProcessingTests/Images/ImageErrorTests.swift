// What users read when an image cannot be used, and what a file may be called.
import Glibc
import Testing

@testable import InputProcessing

@Suite("Image errors and files")
struct ImageErrorTests {
    @Test("Messages say where, what, and what would be right")
    func sentences() {
        let problems: [(ImageError.Problem, String)] = [
            (.unreadable(reason: "it is a directory"), "the file cannot be read: it is a directory"),
            (.empty, "the file is empty; PNG, JPEG and WebP images are read"),
            (.fileTooLarge(bytes: 9, limit: 8), "the file has 9 bytes; at most 8 are read"),
            (
                .unknownFormat(firstBytes: [0, 171], resembles: nil),
                "the file begins with the bytes 00 ab, which no known format does; "
                    + "PNG, JPEG and WebP images are read, whatever the file is called"
            ),
            (
                .unknownFormat(firstBytes: [], resembles: "a GIF image"),
                "the file appears to be a GIF image; PNG, JPEG and WebP images are read, whatever the file is called"
            ),
            (.zeroSize(width: 0, height: 4), "the image is 0 x 4 pixels; both sides must be at least 1"),
            (
                .tooManyPixels(width: 9, height: 9, limit: 80),
                "the image is 9 x 9 pixels; at most 80 pixels in all are read"
            ),
            (
                .aspectRatio(width: 201, height: 1, limit: 200),
                "the image is 201 x 1 pixels; the longer side may be at most 200 times the shorter"
            ),
            (
                .truncated(.jpeg, detail: "the file ends inside its header"),
                "the JPEG image is truncated: the file ends inside its header; copy or download the whole file again"
            ),
            (.damaged(.png, detail: "bad"), "the PNG image is damaged: bad"),
            (.unsupported(.webp, detail: "new"), "this kind of WebP image is not read: new"),
            (.outOfMemory(.webp), "there is not enough memory to decode the WebP image"),
            (
                .configuration(field: "mean", found: "[1.0]", allowed: "three numbers"),
                "the image processor's mean is [1.0]; allowed is three numbers"
            ),
            (
                .bufferSize(found: 3, needed: 4),
                "the patch buffer has room for 3 floats; this image needs exactly 4"
            ),
        ]
        for (problem, sentence) in problems {
            #expect(ImageError(problem).description == sentence)
            #expect(ImageError(problem).named("a.jpg").description == "a.jpg: \(sentence)")
        }
    }

    @Test(
        "Files of other formats are named",
        arguments: [
            ("GIF89a......", "a GIF image"), ("BM..........", "a BMP image"), ("%PDF-1.7....", "a PDF document"),
            ("....ftypheic", "a HEIC image"), ("....ftypavif", "an AVIF image"), ("<svg xmlns=", "an SVG drawing"),
            ("<!DOCTYPE html>", "an HTML page"), ("version https://git-lfs.github.com", "a Git LFS pointer"),
            ("data:image/png;base64,", "a data URL"), ("/9j/4AAQ", "base64 text"), ("{\"error\"", "a JSON document"),
            ("RIFF....WAVE", nil), ("plain", nil), ("x", nil),
        ] as [(String, String?)]
    )
    func otherFormats(_ text: String, _ name: String?) {
        let found = problem { () throws(ImageError) in try ImageDecoder().decode(Array(text.utf8)) }
        guard case .unknownFormat(let firstBytes, let resembles) = found else {
            Issue.record("\(text) was not refused as unknown: \(String(describing: found))")
            return
        }
        #expect(firstBytes == Array(text.utf8.prefix(8)))
        #expect(name.map { resembles?.hasPrefix($0) ?? false } ?? (resembles == nil))
    }

    private func withTemporaryFolder(_ body: (String) throws -> Void) throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir
        var template = Array("\(parent)/images-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { rmdir(path) }
        try body(path)
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        let file = try #require(fopen(path, "wb"))
        defer { fclose(file) }
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    }

    @Test("A file's name does not matter; errors carry it")
    func files() throws {
        try withTemporaryFolder { folder in
            let builder = PNGBuilder.random(width: 5, height: 4)
            let path = "\(folder)/photo.jpg"
            defer { unlink(path) }
            try write(builder.bytes(), to: path)
            let decoded = try ImageDecoder().decode(contentsOf: path)
            #expect(decoded.info.format == .png)
            #expect(decoded.image == (try ImageDecoder().decode(builder.bytes()).image))
            #expect(try ImageDecoder().info(contentsOf: path) == decoded.info)

            try write(Array(builder.bytes().dropLast(40)), to: path)
            do throws(ImageError) {
                _ = try ImageDecoder().decode(contentsOf: path)
                Issue.record("a truncated file was read")
            } catch {
                #expect(error.source == path)
                #expect(error.description.hasPrefix("\(path): the PNG image is truncated: "))
            }
            let small = ImageDecoder(limits: ImageLimits(maximumFileBytes: 10))
            let size = builder.bytes().count - 40
            #expect(
                problem { () throws(ImageError) in try small.decode(contentsOf: path) }
                    == .fileTooLarge(bytes: size, limit: 10)
            )
            try write([], to: path)
            #expect(problem { () throws(ImageError) in try ImageDecoder().info(contentsOf: path) } == .empty)
        }
    }

    @Test("Missing files, directories and pipes are refused at once")
    func notFiles() throws {
        try withTemporaryFolder { folder in
            func reason(_ path: String) -> String? {
                guard
                    case .unreadable(let reason) = problem({ () throws(ImageError) in
                        try ImageDecoder().decode(contentsOf: path)
                    })
                else { return nil }
                return reason
            }
            #expect(reason("\(folder)/missing.png") == "No such file or directory")
            #expect(reason(folder) == "it is a directory")
            let pipe = "\(folder)/pipe"
            #expect(mkfifo(pipe, 0o600) == 0)
            defer { unlink(pipe) }
            #expect(reason(pipe) == "it is not a regular file")
        }
    }
}
