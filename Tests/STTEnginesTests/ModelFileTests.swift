import Foundation
import STTCore
import Testing

@testable import STTEngines

@Suite("A model file")
struct ModelFileTests {
    private func message(_ path: String) -> String {
        do throws(EngineError) {
            _ = try ModelFile(path: path)
            return ""
        } catch {
            return error.code == .unavailable ? error.message : "wrong code \(error.code)"
        }
    }

    @Test("tells by its vocabulary whether it knows more than English")
    func multilingual() throws {
        let directory = try TemporaryDirectory()
        #expect(try FakeWhisper.model(in: directory, vocabulary: 51_865).isMultilingual)
        #expect(try FakeWhisper.model(in: directory, vocabulary: 51_866).isMultilingual)
        #expect(try !FakeWhisper.model(in: directory, vocabulary: 51_864).isMultilingual)
    }

    @Test("that is missing, a directory, no model, damaged or cut off is refused with the reason")
    func refused() throws {
        let directory = try TemporaryDirectory()
        #expect(message(directory.file("none")).hasSuffix("none: No such file or directory"))
        #expect(message(directory.path).hasSuffix("it is not a file"))
        #expect(message(try directory.write("text", "hello")).hasSuffix("is not a Whisper model in ggml format"))
        #expect(message(try directory.write("gguf", "GGUF")).contains("is a GGUF file"))
        #expect(throws: EngineError.self) { try FakeWhisper.model(in: directory, vocabulary: -5) }
        #expect(message(directory.file("model.bin")).hasSuffix("is damaged: n_vocab is -5"))
        #expect(throws: EngineError.self) { try FakeWhisper.model(in: directory, byteCount: 50_000) }
        #expect(message(directory.file("model.bin")).contains("is incomplete: 50000 bytes where its header means"))
    }

    @Test(
        "of tiny.en is English only; cut in half it is incomplete",
        .enabled(if: RealWhisper.isPresent, RealWhisper.absence))
    func real() throws {
        let model = try ModelFile(path: RealWhisper.model)
        #expect(!model.isMultilingual)
        #expect(model.audioLayers == 4 && model.textLayers == 4 && model.melBands == 80)
        let directory = try TemporaryDirectory()
        let data = try Data(contentsOf: URL(fileURLWithPath: RealWhisper.model))
        let half = directory.file("half.bin")
        try data.prefix(data.count / 2).write(to: URL(fileURLWithPath: half))
        #expect(message(half).contains("is incomplete"))
    }

    @Test("of English only refuses other languages and translation; any refuses unknown ones")
    func refusals() throws {
        let directory = try TemporaryDirectory()
        let english = try FakeWhisper.model(in: directory, vocabulary: 51_864)
        #expect(english.refusal(language: "de", translate: false)?.code == "engine.englishOnly")
        #expect(english.refusal(language: nil, translate: true)?.code == "engine.englishOnly")
        #expect(english.refusal(language: "xx", translate: false)?.code == "engine.unknownLanguage")
        #expect(english.refusal(language: "en", translate: false) == nil)
        #expect(english.refusal(language: nil, translate: false) == nil)
        let any = try FakeWhisper.model(in: directory)
        #expect(any.refusal(language: "de", translate: true) == nil)
        #expect(any.refusal(language: "german", translate: false)?.code == "engine.unknownLanguage")
        let request = EngineRequest(samples: [1], language: "de", timeLimit: .seconds(1))
        #expect(throws: EngineError.self) { try english.languageArgument(for: request) }
    }
}
