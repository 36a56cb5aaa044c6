import ArgumentParser
import Foundation
import Logging
import STTCore
import STTEngines

/// Models that jobs can ask for by name.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "List, add and verify Whisper models.",
        discussion: """
            Models are files in whisper.cpp's ggml format. Those in the models folder can be asked for by name, which is the \
            file's without "ggml-" and ".bin". The folder is that of the default model, unless STT_MODEL_FOLDER names one. \
            Running workers see a model at once that is added here.
            """,
        subcommands: [List.self, Add.self, Verify.self])
}

/// What the subcommands read.
struct ModelsOptions: SettingOptions {
    @Option(.model) var model: String?
    @Option(.modelFolder) var modelFolder: String?
    @Option(.whisperCli) var whisperCli: String?
    @Option(.config) var config: String?
    @Option(.envFile) var envFile: String?

    var given: GivenSettings {
        [
            .model: model, .modelFolder: modelFolder, .whisperCli: whisperCli, .config: config, .envFile: envFile,
        ]
    }

    /// - Throws: `SettingsError`.
    func folder() throws(SettingsError) -> ModelsFolder {
        let settings = try Settings(
            arguments: given, environment: ProcessInfo.processInfo.environment, for: [.standalone, .work])
        let standard = settings.text(.model)
        guard let path = settings.text(.modelFolder) ?? standard.map({ ModelsFolder.folder(of: $0) }) else {
            throw SettingsError("no models folder: set STT_MODEL_FOLDER or give --model-folder")
        }
        return ModelsFolder(path: path, standardPath: standard, whisperCli: settings.text(.whisperCli))
    }
}

/// A models folder and the default model.
struct ModelsFolder {
    var path: String
    var standardPath: String?
    var whisperCli: String?

    static func folder(of path: String) -> String {
        let folder = (path as NSString).deletingLastPathComponent
        return folder.isEmpty ? "." : folder
    }

    /// A file that is a model, or why it is none.
    struct Entry {
        var path: String
        var model: Result<ModelFile, EngineError>
        var isDefault: Bool
    }

    /// The default model, then the folder's files that look like models.
    var entries: [Entry] {
        var paths = ModelCatalogue.entries(of: path).map { path + "/" + $0 }
        if let standardPath { paths = [standardPath] + paths.filter { !Self.isSame($0, standardPath) } }
        return paths.map { path in
            let model = Result { () throws(EngineError) in try ModelFile(path: path) }
            return Entry(path: path, model: model, isDefault: path == standardPath)
        }
    }

    private static func isSame(_ first: String, _ second: String) -> Bool {
        URL(fileURLWithPath: first).standardizedFileURL.path == URL(fileURLWithPath: second).standardizedFileURL.path
    }
}

extension ModelFile {
    var languages: String { isMultilingual ? "multilingual" : "English only" }

    /// A line about it.
    var summary: String { "\(name), \(languages), \(weights?.name ?? "unknown weights"), \(byteCount >> 20) MiB" }
}
