import Foundation
import STTCore
import STTProcess
import Testing

@testable import STTEngines

@Suite("A model that is added")
struct ModelImportTests {
    private let directory: TemporaryDirectory
    private let folder: String

    init() throws {
        directory = try TemporaryDirectory()
        folder = directory.file("models")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    }

    private func message(_ body: () async throws(EngineError) -> ModelFile) async -> String {
        do throws(EngineError) {
            return "added \(try await body().path)"
        } catch {
            return error.message
        }
    }

    private var inFolder: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    @Test("is copied under its name, and replaces another only where that is wished")
    func copied() async throws {
        let source = try TinyModel.write("ggml-a.bin", in: directory)
        let models = ModelImport(folder: folder)
        let added = try await models.add(source.path, .init())
        #expect(added.name == "a" && added.path == folder + "/ggml-a.bin")
        #expect(try Data(contentsOf: URL(fileURLWithPath: added.path)) == TinyModel.data())
        let again = await message { () throws(EngineError) in try await models.add(source.path, .init()) }
        #expect(again.hasPrefix("there is a model \"a\" already"))
        _ = try await models.add(source.path, .init(replaces: true))
        #expect(try await models.add(source.path, .init(name: "b")).name == "b")
        #expect(inFolder == ["ggml-a.bin", "ggml-b.bin"])
    }

    @Test("can be converted to bfloat16, which its name tells")
    func converted() async throws {
        let source = try TinyModel.write("ggml-a.bin", in: directory)
        let added = try await ModelImport(folder: folder).add(source.path, .init(weights: .bf16))
        #expect(added.name == "a-bf16" && added.weights == .bf16)
        let same = try await ModelImport(folder: folder).add(source.path, .init(weights: .f16))
        #expect(same.name == "a")
    }

    @Test("that is cut off anywhere, or has rubbish in it, is refused, and nothing is left")
    func damaged() async throws {
        let models = ModelImport(folder: folder)
        let whole = TinyModel.data()
        let path = directory.file("cut.bin")
        for length in [whole.count - 1, whole.count - 8, whole.count - 30, whole.count - 200, 300_000 % whole.count] {
            try whole.prefix(length).write(to: URL(fileURLWithPath: path))
            let text = await message { () throws(EngineError) in try await models.add(path, .init()) }
            #expect(text.contains("incomplete") || text.contains("damaged"), "\(length): \(text)")
        }
        var rubbish = whole
        rubbish.replaceSubrange(whole.count - 30..<whole.count - 26, with: [255, 255, 255, 255])
        try rubbish.write(to: URL(fileURLWithPath: path))
        let text = await message { () throws(EngineError) in try await models.add(path, .init()) }
        #expect(text.contains("damaged"), "\(text)")
        #expect(inFolder.isEmpty)
    }

    @Test("gets no name that leads out of the folder, and no type that cannot be made")
    func refused() async throws {
        let models = ModelImport(folder: folder, quantizer: "/no/such/program")
        let source = try TinyModel.write("ggml-a.bin", in: directory)
        for name in ["", "../a", "a/b", ".a", "-a", "ä"] {
            let text = await message { () throws(EngineError) in try await models.add(source.path, .init(name: name)) }
            #expect(text.contains("is no name for a model"))
        }
        let noProgram = await message { () throws(EngineError) in
            try await models.add(source.path, .init(weights: .q8_0))
        }
        #expect(noProgram.contains("needs whisper.cpp's whisper-quantize"))
        let brain = try TinyModel.write("ggml-b.bin", in: directory, weights: .bf16)
        let fromBrain = await message { () throws(EngineError) in
            try await models.add(brain.path, .init(weights: .q8_0))
        }
        #expect(fromBrain == "q8_0 is made from f16 or f32, not bf16")
        let toFloat = await message { () throws(EngineError) in try await models.add(source.path, .init(weights: .f32))
        }
        #expect(toFloat == "f32 cannot be made from f16")
        #expect(inFolder.isEmpty)
    }

    @Test("whose quantizing fails is not there")
    func quantizerFails() async throws {
        let program = try directory.script("whisper-quantize", "#!/bin/sh\nhead -c 100 $1 > $2\nexit ${FAIL:-0}\n")
        let models = ModelImport(folder: folder, quantizer: program)
        let source = try TinyModel.write("ggml-a.bin", in: directory)
        let text = await message { () throws(EngineError) in try await models.add(source.path, .init(weights: .q5_0)) }
        #expect(text.contains("is incomplete"), "\(text)")
        #expect(inFolder.isEmpty)
    }

    @Test("is fetched from a URL; an answer other than 200 is an error", .enabled(if: FakeWhisper.isPossible))
    func fetched() async throws {
        let models = ModelImport(folder: folder)
        do throws(EngineError) {
            _ = try await models.download("http://127.0.0.1:9/ggml-a.bin")
            Issue.record("it has been fetched")
        } catch {
            #expect(error.message.hasPrefix("cannot get http://127.0.0.1:9/ggml-a.bin: connection refused"))
        }
        #expect(inFolder.isEmpty)
    }
}
