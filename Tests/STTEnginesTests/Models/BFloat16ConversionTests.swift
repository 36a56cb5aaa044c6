import Foundation
import STTCore
import Testing

@testable import STTEngines

@Suite("The bfloat16 form of a model")
struct BFloat16ConversionTests {
    @Test("has its matrices rounded to the nearest, and all else as it was")
    func values() throws {
        let directory = try TemporaryDirectory()
        let source = try TinyModel.write("ggml-a.bin", in: directory)
        let path = directory.file("b.bin")
        try BFloat16Conversion.convert(source, to: path)
        let made = try ModelFile(path: path)
        try made.checkContents()
        #expect(made.weights == .bf16 && made.byteCount == source.byteCount)
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        // 1, −2, a third, the least half, infinity, 0.
        #expect(try numbers(in: data, after: "matrix") == [0x3f80, 0xc000, 0x3eab, 0x3380, 0x7f80, 0])
        #expect(try numbers(in: data, after: "convolution") == TinyModel.half)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count == 2)
    }

    @Test("is made of half precision only, of whole files only, and leaves nothing where it fails")
    func refused() throws {
        let directory = try TemporaryDirectory()
        let wrong = try TinyModel.write("wrong.bin", in: directory, weights: .bf16)
        #expect(throws: EngineError.self) { try BFloat16Conversion.convert(wrong, to: directory.file("x")) }
        let cut = directory.file("cut.bin")
        try TinyModel.data().dropLast(3).write(to: URL(fileURLWithPath: cut))
        let model = try ModelFile(path: cut)
        #expect(throws: EngineError.self) { try BFloat16Conversion.convert(model, to: directory.file("x")) }
        #expect(throws: EngineError.self) { try BFloat16Conversion.convert(model, to: "/no/such/folder/x") }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == ["cut.bin", "wrong.bin"])
    }

    @Test("is made once beside the model, and anew when the model is newer")
    func reused() throws {
        let directory = try TemporaryDirectory()
        let file = try TinyModel.write("ggml-a.en.bin", in: directory)
        #expect(WhisperModel(file, prefersBFloat16: false, log: .quiet).loaded == file)
        let model = WhisperModel(file, prefersBFloat16: true, log: .quiet)
        #expect(model.name == "a.en" && model.file == file)
        #expect(model.loaded.path == directory.file("ggml-a.en-bf16.bin"))
        func changed() throws -> Date? {
            try FileManager.default.attributesOfItem(atPath: model.loaded.path)[.modificationDate] as? Date
        }
        let old = Date(timeIntervalSinceNow: -1_000)
        try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: file.path)
        let made = try changed()
        #expect(WhisperModel(file, prefersBFloat16: true, log: .quiet).loaded == model.loaded)
        #expect(try changed() == made)
        try FileManager.default.setAttributes(
            [.modificationDate: old.addingTimeInterval(-10)], ofItemAtPath: model.loaded.path)
        #expect(WhisperModel(file, prefersBFloat16: true, log: .quiet).loaded == model.loaded)
        #expect(try changed() ?? .distantPast > old)
    }

    @Test("that cannot be written leaves the model as it is")
    func unwritable() throws {
        let directory = try TemporaryDirectory()
        let file = try TinyModel.write("ggml-a.bin", in: directory)
        try FileManager.default.createDirectory(
            atPath: directory.file("ggml-a-bf16.bin"), withIntermediateDirectories: false)
        #expect(WhisperModel(file, prefersBFloat16: true, log: .quiet).loaded == file)
    }

    private func numbers(in data: Data, after name: String) throws -> [UInt16] {
        let start = try #require(data.range(of: Data(name.utf8))).upperBound
        return (0..<6).map { UInt16(data[start + 2 * $0]) | UInt16(data[start + 2 * $0 + 1]) << 8 }
    }
}
