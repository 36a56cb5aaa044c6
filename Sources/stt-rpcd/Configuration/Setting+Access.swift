/// Who may use the server, and how much of it each tenant.
extension Setting {
    private static let servers: Set<CommandName> = [.standalone, .serve]

    static let tokenFile = Setting(
        key: "auth.tokenFile", variable: "STT_TOKEN_FILE", flag: "token-file", kind: .text,
        defaultNote: "none: no token is asked for", commands: servers,
        help: "File with hashes of tokens and their tenants, made by \"stt-rpcd token\". Read again on SIGHUP.")
    static let unixUsers = Setting(
        key: "auth.unixUsers", variable: "STT_UNIX_USERS", flag: "unix-users", kind: .list,
        defaultNote: "the daemon's own and root", commands: servers,
        help: "Users, by name or number, that may connect to unix sockets.")
    static let unixNeedsToken = Setting(
        key: "auth.unixNeedsToken", variable: "STT_UNIX_NEEDS_TOKEN", flag: "unix-needs-token", kind: .flag,
        defaultValue: .flag(false), commands: servers,
        help: "Ask for a token on unix sockets too, where there is a token file.")

    static let tenantOpenCalls = Setting(
        key: "limits.tenantOpenCalls", variable: "STT_TENANT_OPEN_CALLS", flag: "tenant-open-calls",
        kind: .integer(1...1_000_000), defaultNote: "no limit", commands: servers,
        help: "Calls that a tenant may have open, for tenants whose tokens give no limit; so are the next four.")
    static let tenantRequestsPerSecond = Setting(
        key: "limits.tenantRequestsPerSecond", variable: "STT_TENANT_REQUESTS_PER_SECOND",
        flag: "tenant-requests-per-second", kind: .number(0.001...1_000_000), defaultNote: "no limit",
        commands: servers, help: "Requests of a tenant in a second.")
    static let tenantBurst = Setting(
        key: "limits.tenantBurst", variable: "STT_TENANT_BURST", flag: "tenant-burst", kind: .integer(1...1_000_000),
        defaultNote: "as many as in a second", commands: servers,
        help: "Requests of a tenant that may come at once after a pause.")
    static let tenantUploadMib = Setting(
        key: "limits.tenantUploadMib", variable: "STT_TENANT_UPLOAD_MIB", flag: "tenant-upload-mib",
        kind: .integer(1...1_048_576), defaultNote: "no limit", commands: servers,
        help: "Uploads of a tenant that are not complete yet, all together, in MiB.")
    static let tenantQueuedAudioSeconds = Setting(
        key: "limits.tenantQueuedAudioSeconds", variable: "STT_TENANT_QUEUED_AUDIO_SECONDS",
        flag: "tenant-queued-audio-seconds", kind: .integer(1...1_000_000_000), defaultNote: "no limit",
        commands: servers, help: "Audio of a tenant's jobs that have not ended, in seconds.")
    static let callSeconds = Setting(
        key: "limits.callSeconds", variable: "STT_CALL_SECONDS", flag: "call-seconds", kind: .number(1...86_400),
        defaultValue: .number(60), commands: servers,
        help: "The longest deadline of calls other than Submit, StreamResult and GetResult, in seconds.")

    static let bufferMib = Setting(
        key: "limits.bufferMib", variable: "STT_BUFFER_MIB", flag: "buffer-mib", kind: .integer(16...1_048_576),
        defaultValue: .integer(1024), commands: servers,
        help:
            "What all connections together may keep in memory of messages and calls, in MiB; beyond it those that keep"
            + " most lose calls.")

    static let access = [tokenFile, unixUsers, unixNeedsToken]
    static let limits = [
        tenantOpenCalls, tenantRequestsPerSecond, tenantBurst, tenantUploadMib, tenantQueuedAudioSeconds, callSeconds,
        bufferMib,
    ]
}
