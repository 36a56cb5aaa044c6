import ArgumentParser

/// Who may use the server, and how much of it.
struct AccessOptions: SettingOptions {
    @Option(.tokenFile) var tokenFile: String?
    @Option(.unixUsers) var unixUsers: [String] = []
    @Flag(.unixNeedsToken) var unixNeedsToken: Bool?
    @Option(.tenantOpenCalls) var tenantOpenCalls: String?
    @Option(.tenantRequestsPerSecond) var tenantRequestsPerSecond: String?
    @Option(.tenantBurst) var tenantBurst: String?
    @Option(.tenantUploadMib) var tenantUploadMib: String?
    @Option(.tenantQueuedAudioSeconds) var tenantQueuedAudioSeconds: String?
    @Option(.callSeconds) var callSeconds: String?
    @Option(.bufferMib) var bufferMib: String?

    var given: GivenSettings {
        [
            .tokenFile: tokenFile, .unixUsers: unixUsers.isEmpty ? nil : unixUsers.joined(separator: ","),
            .unixNeedsToken: unixNeedsToken.map { "\($0)" }, .tenantOpenCalls: tenantOpenCalls,
            .tenantRequestsPerSecond: tenantRequestsPerSecond, .tenantBurst: tenantBurst,
            .tenantUploadMib: tenantUploadMib, .tenantQueuedAudioSeconds: tenantQueuedAudioSeconds,
            .callSeconds: callSeconds, .bufferMib: bufferMib,
        ]
    }
}
