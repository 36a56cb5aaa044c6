import Logging
import STTCore
import STTEngines
import STTWorker

/// The engine that is chosen, and the server of a remote one.
extension Settings {
    /// Slots that only wait for a server cost this machine little.
    private static let remoteSlots = 8
    /// The least that a run may take where nothing is set: the server may be busy with others.
    private static let remotePatience = Duration.seconds(60)

    var usesRemoteEngine: Bool { text(.engineKind) == "openai" }

    /// - Throws: `StartFailure` where the engine cannot be used, `SettingsError` where something is not set.
    func selectedEngines(logger: Logger) throws -> SelectedEngines {
        guard usesRemoteEngine else { return SelectedEngines(try engines(logger: logger)) }
        return SelectedEngines(try remoteEngines(logger: logger))
    }

    /// - Throws: As above.
    func remoteEngines(logger: Logger) throws -> OpenAIEngineFactory {
        for setting in [Setting.engineURL, .engineRemoteModel] where list(setting).isEmpty {
            let flag = setting.flag.map { "give --\($0) or " } ?? ""
            throw SettingsError("no \(setting.key): \(flag)set \(setting.variable)")
        }
        let configuration = OpenAIConfiguration(
            urls: list(.engineURL), models: list(.engineRemoteModel), key: accessKey,
            requestsPerSecond: number(.engineRequestsPerSecond), concurrency: integer(.engineConcurrency) ?? slots,
            connectTimeout: seconds(.engineConnectSeconds), authoritiesFile: text(.engineCAFile),
            proxy: text(.engineProxy))
        do {
            return try OpenAIEngineFactory(configuration, log: logger)
        } catch {
            throw StartFailure(message: error.message)
        }
    }

    private var accessKey: AccessKey {
        if let path = text(.engineAPIKeyFile) { return .file(path) }
        return text(.engineAPIKey).map { .value($0) } ?? .none
    }

    /// Whether the key would cross a network unencrypted.
    var sendsKeyUnencrypted: Bool {
        guard isSet(.engineAPIKey) || isSet(.engineAPIKeyFile) else { return false }
        return list(.engineURL).contains { url in
            let loopback = ["http://127.", "http://localhost", "http://[::1]"]
            return url.lowercased().hasPrefix("http://") && !loopback.contains(where: url.lowercased().hasPrefix)
        }
    }

    var usualSlots: Int? { usesRemoteEngine ? Self.remoteSlots : nil }

    /// A remote engine is no faster to find out about when earlier runs were fast: its server has other clients.
    func adaptTimeLimit(_ limit: inout EngineTimeLimit) {
        guard usesRemoteEngine else { return }
        if !isSet(.engineTimeoutSeconds) { limit.startup = Self.remotePatience }
        limit.floor = limit.startup
    }
}
