import ArgumentParser
import Foundation

/// Where settings are read from.
struct SourceOptions: SettingOptions {
    @Option(.config) var config: String?
    @Option(.envFile) var envFile: String?

    var given: GivenSettings { [.config: config, .envFile: envFile] }
}

/// How the process behaves.
struct ProcessOptions: SettingOptions {
    @Option(.logLevel) var logLevel: String?
    @Option(.graceSeconds) var graceSeconds: String?

    var given: GivenSettings { [.logLevel: logLevel, .graceSeconds: graceSeconds] }
}

struct ListenOptions: SettingOptions {
    @Option(.listen) var listen: [String] = []

    var given: GivenSettings { [.listen: listen.isEmpty ? nil : listen.joined(separator: ",")] }
}

/// Encryption.
struct TLSOptions: SettingOptions {
    @Option(.tlsCertificate) var certificate: String?
    @Option(.tlsKey) var key: String?
    @Option(.tlsClientCA) var clientCA: String?

    var given: GivenSettings { [.tlsCertificate: certificate, .tlsKey: key, .tlsClientCA: clientCA] }
}

/// What the service accepts.
struct IntakeOptions: SettingOptions {
    @Option(.maxJobs) var maxJobs: String?
    @Option(.uploadIdleSeconds) var uploadIdleSeconds: String?
    @Option(.early) var early: String?
    @Flag(.allowPrivateURLs) var allowPrivateURLs: Bool?
    @Option(.fetchSeconds) var fetchSeconds: String?
    @Option(.importPrefix) var importPrefix: String?

    var given: GivenSettings {
        [
            .maxJobs: maxJobs, .allowPrivateURLs: allowPrivateURLs.map { "\($0)" }, .fetchSeconds: fetchSeconds,
            .importPrefix: importPrefix, .uploadIdleSeconds: uploadIdleSeconds, .early: early,
        ]
    }
}

/// What both the service and the workers keep to.
struct SharedJobOptions: SettingOptions {
    @Option(.retentionHours) var retentionHours: String?
    @Option(.maxAudioMib) var maxAudioMib: String?

    var given: GivenSettings { [.retentionHours: retentionHours, .maxAudioMib: maxAudioMib] }
}
