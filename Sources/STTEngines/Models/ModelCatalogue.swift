import Glibc
public import Logging
public import STTCore

/// The models that may be asked for by name.
///
/// The folder is read anew at each question, so that a model that was added can be used at once.
///
/// Concurrency: immutable.
public struct ModelCatalogue: Sendable {
    /// What is used where no model is asked for.
    public let standard: WhisperModel
    /// Where the others are.
    public let folder: String
    private let allowed: Set<String>?
    private let prefersBFloat16: Bool
    private let log: Logger

    /// Reads the default model's header, and makes its bfloat16 form where that is preferred.
    ///
    /// - Parameters:
    ///   - folder: `nil`: the default model's.
    ///   - allowed: Names that may be asked for beside the default's. `nil`: all that are in the folder.
    /// - Throws: ``EngineError`` with code `unavailable` that says what is wrong with the default model.
    public init(
        standardPath: String, folder: String? = nil, allowed: [String]? = nil, prefersBFloat16: Bool, log: Logger
    ) throws(EngineError) {
        let file = try ModelFile(path: standardPath)
        standard = WhisperModel(file, prefersBFloat16: prefersBFloat16, log: log)
        self.folder = folder ?? Self.folder(of: standardPath)
        self.allowed = allowed.map(Set.init)
        self.prefersBFloat16 = prefersBFloat16
        self.log = log
    }

    /// The names, the default's first.
    public var names: [String] { files.map(\.name) }

    /// The same for a worker's report.
    public var offered: [WorkerReport.Model] {
        files.map { WorkerReport.Model(name: $0.name, isMultilingual: $0.isMultilingual) }
    }

    /// Whether any of the models knows more than English.
    public var isMultilingual: Bool { files.contains(where: \.isMultilingual) }

    /// The file of a model, `nil` for a name that there is not.
    public func file(named name: String?) -> ModelFile? {
        guard let name, name != standard.name else { return standard.file }
        return files.first { $0.name == name }
    }

    /// A model, ready to be loaded.
    ///
    /// - Throws: ``EngineError`` with code `unavailable`: another worker may have it.
    func model(named name: String?) throws(EngineError) -> WhisperModel {
        guard let file = file(named: name) else {
            throw EngineError(.unavailable, unknownModel(name ?? ""))
        }
        return file == standard.file ? standard : WhisperModel(file, prefersBFloat16: prefersBFloat16, log: log)
    }

    /// What the models cannot do of what is asked.
    func refusal(of options: TranscriptionOptions) -> JobFailure? {
        guard let file = file(named: options.model) else {
            return JobFailure(code: "engine.unknownModel", message: unknownModel(options.model ?? ""))
        }
        return file.refusal(language: options.language, translate: options.translate).map {
            JobFailure(code: $0.code, message: $0.message)
        }
    }

    private func unknownModel(_ name: String) -> String {
        "there is no model \"\(name)\" here; there are: \(names.joined(separator: ", "))"
    }

    private var files: [ModelFile] {
        let others = Self.files(in: folder).filter { $0.name != standard.name && allowed?.contains($0.name) ?? true }
        return [standard.file] + others
    }

    /// The Whisper models in a folder, by name. What else is there is left out.
    public static func files(in folder: String) -> [ModelFile] {
        entries(of: folder).compactMap { try? ModelFile(path: "\(folder)/\($0)") }.sorted { $0.name < $1.name }
    }

    /// Files in a folder that their names take for models, in the order of their names.
    public static func entries(of folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".bin"), !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
