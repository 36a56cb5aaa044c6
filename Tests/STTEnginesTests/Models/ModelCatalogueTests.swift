import Foundation
import STTCore
import Testing

@testable import STTEngines

@Suite("The models of a folder")
struct ModelCatalogueTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        _ = try TinyModel.write("ggml-tiny.en.bin", in: directory)
        _ = try TinyModel.write("ggml-base.bin", in: directory, multilingual: true)
        _ = try directory.write("notes.bin", "no model")
    }

    private func catalogue(allowed: [String]? = nil) throws -> ModelCatalogue {
        try ModelCatalogue(
            standardPath: directory.file("ggml-tiny.en.bin"), allowed: allowed, prefersBFloat16: false, log: .quiet)
    }

    @Test("are known by name, also those that come later; what is no model is not")
    func names() throws {
        let models = try catalogue()
        #expect(models.names == ["tiny.en", "base"])
        #expect(models.isMultilingual)
        _ = try TinyModel.write("ggml-a.en-q8.bin", in: directory)
        #expect(models.names == ["tiny.en", "a.en-q8", "base"])
        #expect(models.file(named: nil)?.name == "tiny.en")
        #expect(models.file(named: "base")?.path == directory.file("ggml-base.bin"))
        #expect(models.file(named: "../ggml-base") == nil)
    }

    @Test("that are not allowed are not known; the default one always is")
    func allowed() throws {
        let models = try catalogue(allowed: ["small"])
        #expect(models.names == ["tiny.en"])
        #expect(!models.isMultilingual)
        #expect(models.file(named: "base") == nil)
    }

    @Test("refuse an unknown name with the names that there are, and languages by the model asked for")
    func refusals() throws {
        let models = try catalogue()
        let unknown = models.refusal(of: TranscriptionOptions(model: "huge"))
        #expect(unknown?.code == "engine.unknownModel")
        #expect(unknown?.message == "there is no model \"huge\" here; there are: tiny.en, base")
        #expect(models.refusal(of: TranscriptionOptions(language: "de"))?.code == "engine.englishOnly")
        #expect(models.refusal(of: TranscriptionOptions(language: "de", model: "base")) == nil)
        #expect(
            models.refusal(of: TranscriptionOptions(translate: true, model: "tiny.en"))?.code == "engine.englishOnly")
        do throws(EngineError) {
            _ = try models.model(named: "huge")
            Issue.record("it has been found")
        } catch {
            #expect(error.code == .unavailable && !error.chargesChunk)
        }
    }
}
