import ArgumentParser
import Foundation
import Logging
import STTCore
import STTEngines

extension ModelsCommand {
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check models: read them to the end, and have whisper-cli load them.",
            discussion: """
                Prints a line a model: ok or FAIL, its name, and its SHA-256 or what is wrong. Without a name, all models of \
                the folder.

                Examples:
                  stt-rpcd models verify
                  stt-rpcd models verify base.en --sha256 a03779c8…

                Exit codes: 0 all are sound, 1 one is not, 2 wrong options or settings.
                """)

        @Argument(help: "Names of models.")
        var names: [String] = []
        @Option(help: "SHA-256 that the one model named must have, in hexadecimal.")
        var sha256: String?
        @Flag(help: "Do not run whisper-cli.")
        var noLoad = false
        @OptionGroup var options: ModelsOptions

        func run() async throws {
            guard sha256 == nil || names.count == 1 else { throw SettingsError("--sha256 needs one name") }
            let folder = try options.folder()
            var models: [(name: String, model: Result<ModelFile, EngineError>)] = folder.entries.map { entry in
                let name = (try? entry.model.get())?.name ?? (entry.path as NSString).lastPathComponent
                return (name, entry.model)
            }
            if !names.isEmpty {
                for name in names where !models.contains(where: { $0.name == name }) {
                    let known = models.map(\.name).joined(separator: ", ")
                    throw CommandFailure("there is no model \"\(name)\" in \(folder.path); there are: \(known)")
                }
                models = models.filter { names.contains($0.name) }
            }
            var failures = 0
            for (name, model) in models {
                do {
                    let digest = try await verify(try model.get(), folder)
                    print("ok    \(name)  \(digest)")
                } catch let error as EngineError {
                    failures += 1
                    print("FAIL  \(name)  \(error.message)")
                } catch let error as StartFailure {
                    failures += 1
                    print("FAIL  \(name)  \(error.message)")
                }
            }
            if failures > 0 { throw ExitCode(1) }
        }

        /// - Returns: Its SHA-256.
        private func verify(_ model: ModelFile, _ folder: ModelsFolder) async throws -> String {
            try model.checkContents()
            let digest = try FileDigest.sha256(model.path)
            if let sha256, digest != sha256.lowercased() {
                throw StartFailure(message: "its SHA-256 is \(digest), not \(sha256.lowercased())")
            }
            if !noLoad { try await load(model, folder) }
            return digest
        }

        /// Transcribes a second of silence.
        private func load(_ model: ModelFile, _ folder: ModelsFolder) async throws(EngineError) {
            let configuration = WhisperConfiguration(
                modelPath: model.path, commandLinePath: folder.whisperCli, usesServer: false)
            let engine = try await WhisperEngineFactory(configuration, log: Doctor.silent).makeEngine(slot: 0)
            _ = try await engine.transcribe(
                EngineRequest(samples: [Int16](repeating: 0, count: 16_000), timeLimit: .seconds(600)))
        }
    }
}
