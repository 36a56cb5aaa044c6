import STTCore
import Testing

@testable import STTEngines

@Suite("The engine factory")
struct WhisperEngineFactoryTests {
    @Test("takes whisper-server where it is allowed, else whisper-cli")
    func chooses() async throws {
        let directory = try TemporaryDirectory()
        let model = try FakeWhisper.model(in: directory)
        let program = try directory.script("program", "#!/bin/sh\n")
        var configuration = WhisperConfiguration(
            modelPath: model.path, serverPath: program, commandLinePath: program)
        let warm = try WhisperEngineFactory(configuration, log: .quiet)
        #expect(warm.engineName == "whisper-server")
        #expect(try await warm.makeEngine(slot: 0).name == "whisper-server")
        configuration.usesServer = false
        let cold = try WhisperEngineFactory(configuration, log: .quiet)
        #expect(try await cold.makeEngine(slot: 0).name == "whisper-cli")
        #expect(cold.refusal(of: TranscriptionOptions(language: "xx"))?.code == "engine.unknownLanguage")
        #expect(cold.refusal(of: TranscriptionOptions(language: "de", translate: true)) == nil)
    }

    @Test("says which program or model is missing")
    func missing() throws {
        let directory = try TemporaryDirectory()
        let model = try FakeWhisper.model(in: directory)
        let noProgram = WhisperConfiguration(modelPath: model.path, serverPath: "/no/such/program")
        #expect {
            try WhisperEngineFactory(noProgram, log: .quiet)
        } throws: {
            ($0 as? EngineError)?.message == "there is no program /no/such/program, which is set as whisper-server"
        }
        #expect {
            try WhisperEngineFactory(WhisperConfiguration(modelPath: "/no/model"), log: .quiet)
        } throws: {
            ($0 as? EngineError)?.code == .unavailable
        }
    }
}
