import ArgumentParser
import Foundation
import STTCore
import STTEngines

extension ModelsCommand {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the models that jobs can ask for.",
            discussion: """
                The default model comes first, marked with "*". What in the folder is no Whisper model is named on standard \
                error, where it is named like one.

                Examples:
                  stt-rpcd models list
                  stt-rpcd models list --model-folder /var/lib/stt-rpc/models --json
                """)

        @Flag(help: "Print one JSON object, with each file's SHA-256, which takes a moment.")
        var json = false
        @OptionGroup var options: ModelsOptions

        func run() throws {
            var lines: [ModelDescription] = []
            for entry in try options.folder().entries {
                switch entry.model {
                case .success(let model):
                    var line = ModelDescription(model, isDefault: entry.isDefault)
                    if json { line.sha256 = try FileDigest.sha256(model.path) }
                    lines.append(line)
                case .failure(let error): StandardError.print("stt-rpcd: \(error.message)")
                }
            }
            print(json ? try ModelDescription.json(lines) : ModelDescription.table(lines))
        }
    }
}

/// A model as `models` prints it.
struct ModelDescription: Encodable {
    var name: String
    var isDefault: Bool
    var type: String?
    var languages: String
    var bytes: Int
    var sha256: String?
    var path: String

    enum CodingKeys: String, CodingKey {
        case name, isDefault = "default", type, languages, bytes, sha256, path
    }

    init(_ model: ModelFile, isDefault: Bool) {
        name = model.name
        self.isDefault = isDefault
        type = model.weights?.name
        languages = model.isMultilingual ? "multilingual" : "en"
        bytes = model.byteCount
        path = model.path
    }

    static func json(_ models: [ModelDescription]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(["models": models]), as: UTF8.self)
    }

    static func table(_ models: [ModelDescription]) -> String {
        guard !models.isEmpty else { return "no models" }
        let rows = models.map {
            [($0.isDefault ? "* " : "  ") + $0.name, $0.type ?? "?", $0.languages, "\($0.bytes >> 20) MiB", $0.path]
        }
        let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(separator: "  ")
                + "  " + (row.last ?? "")
        }.joined(separator: "\n")
    }
}
