import ArgumentParser
import Foundation
import STTCore
import STTEngines

extension ModelsCommand {
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a model into the folder.",
            discussion: """
                Reads all of the file before it is taken. Other weights are made from f16: bf16, the fastest form on processors \
                that compute with it, here; quantized ones by whisper.cpp's whisper-quantize. The name is the file's, with \
                the type where that changes. Nothing half done is left behind.

                Examples:
                  stt-rpcd models add ~/ggml-base.en.bin
                  stt-rpcd models add ~/ggml-base.en.bin --type q8_0
                  stt-rpcd models add https://host/ggml-small.bin --sha256 1be3a9b2… --name small

                Exit codes: 0 added, 1 it could not be, 2 wrong options or settings.
                """)

        @Argument(help: "A file, or an http or https URL of one.")
        var source: String
        @Option(help: "bf16, f16, q8_0, q5_0 or another of whisper-quantize's. Default: the file's.")
        var type: String?
        @Option(help: "What jobs call it.")
        var name: String?
        @Option(help: "SHA-256 that the source must have, in hexadecimal.")
        var sha256: String?
        @Flag(help: "Replace a model of that name.")
        var replace = false
        @Option(help: "The whisper-quantize program. Default: beside whisper-cli, else on PATH.")
        var quantizer: String?
        @OptionGroup var options: ModelsOptions

        func run() async throws {
            let weights = try weights()
            let folder = try options.folder()
            do {
                try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
                let models = ModelImport(folder: folder.path, quantizer: quantizer ?? folder.quantizer)
                let wish = ModelImport.Wish(weights: weights, name: name, replaces: replace)
                let model: ModelFile
                if source.hasPrefix("http://") || source.hasPrefix("https://") {
                    let file = try await models.download(source)
                    defer { unlink(file) }
                    try check(file)
                    model = try await models.add(file, sourceName: Self.name(inURL: source), wish)
                } else {
                    try check(source)
                    model = try await models.add(source, wish)
                }
                print("\(model.summary), \(model.path)")
            } catch let error as EngineError {
                throw CommandFailure(error.message)
            } catch let error as StartFailure {
                throw CommandFailure(error.message)
            } catch let error as CocoaError {
                throw CommandFailure("cannot make the folder \(folder.path): \(error.localizedDescription)")
            }
        }

        /// - Throws: `SettingsError`.
        private func weights() throws -> WeightType? {
            guard let type else { return nil }
            guard let weights = WeightType(name: type) else {
                let names = WeightType.allCases.map(\.name).joined(separator: ", ")
                throw SettingsError("--type is \"\(type)\"; it must be one of \(names)")
            }
            return weights
        }

        private func check(_ path: String) throws {
            guard let sha256 else { return }
            let found = try FileDigest.sha256(path)
            guard found == sha256.lowercased() else {
                throw StartFailure(message: "\(source) has the SHA-256 \(found), not \(sha256.lowercased())")
            }
        }

        private static func name(inURL url: String) -> String {
            let path = url.prefix { $0 != "?" && $0 != "#" }
            var name = path.split(separator: "/").last.map(String.init) ?? "model"
            if name.hasSuffix(".bin") { name.removeLast(4) }
            return name.hasPrefix("ggml-") ? String(name.dropFirst(5)) : name
        }
    }
}

extension ModelsFolder {
    /// The one that was built with the other programs.
    var quantizer: String? {
        guard let whisperCli else { return nil }
        let path = Self.folder(of: whisperCli) + "/whisper-quantize"
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }
}

/// A command that could not do what it is for: exit code 1.
struct CommandFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
