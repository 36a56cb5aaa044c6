import ArgumentParser

/// Which transcription server is asked, and how.
struct RemoteEngineOptions: SettingOptions {
    @Option(.engineKind) var engineKind: String?
    @Option(.engineURL) var engineURL: [String] = []
    @Option(.engineRemoteModel) var engineRemoteModel: [String] = []
    @Option(.engineAPIKeyFile) var engineAPIKeyFile: String?
    @Option(.engineRequestsPerSecond) var engineRequestsPerSecond: String?
    @Option(.engineConcurrency) var engineConcurrency: String?
    @Option(.engineConnectSeconds) var engineConnectSeconds: String?
    @Option(.engineCAFile) var engineCAFile: String?
    @Option(.engineProxy) var engineProxy: String?

    var given: GivenSettings {
        [
            .engineKind: engineKind, .engineURL: engineURL.isEmpty ? nil : engineURL.joined(separator: ","),
            .engineRemoteModel: engineRemoteModel.isEmpty ? nil : engineRemoteModel.joined(separator: ","),
            .engineAPIKeyFile: engineAPIKeyFile, .engineRequestsPerSecond: engineRequestsPerSecond,
            .engineConcurrency: engineConcurrency, .engineConnectSeconds: engineConnectSeconds,
            .engineCAFile: engineCAFile, .engineProxy: engineProxy,
        ]
    }
}
