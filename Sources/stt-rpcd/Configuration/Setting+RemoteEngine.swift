/// Engines on other machines, which are asked over HTTP.
extension Setting {
    private static let workers: Set<CommandName> = [.standalone, .work]

    static let engineKind = Setting(
        key: "engine.kind", variable: "STT_ENGINE_KIND", flag: "engine-kind", kind: .choice(["whisper", "openai"]),
        defaultValue: .text("whisper"), commands: workers,
        help: "Whisper programs of this machine, or a server that speaks OpenAI's HTTP interface, such as vLLM.")
    static let engineURL = Setting(
        key: "engine.url", variable: "STT_ENGINE_URL", flag: "engine-url", kind: .list,
        defaultNote: "none, required with openai", commands: workers,
        help: "URL of the transcription server up to /v1, such as http://gpu:8000/v1. Several take turns.")
    static let engineRemoteModel = Setting(
        key: "engine.remoteModel", variable: "STT_ENGINE_REMOTE_MODEL", flag: "engine-remote-model", kind: .list,
        defaultNote: "none, required with openai", commands: workers,
        help: "Models of the server: the first is the default, jobs may name the others.")
    static let engineAPIKeyFile = Setting(
        key: "engine.apiKeyFile", variable: "STT_ENGINE_API_KEY_FILE", flag: "engine-api-key-file", kind: .text,
        defaultNote: "none", commands: workers,
        help: "File whose first line is the server's access key. Read for each request, so that it can be replaced.")
    static let engineAPIKey = Setting(
        key: "engine.apiKey", variable: "STT_ENGINE_API_KEY", kind: .text, defaultNote: "none", secrecy: .secret,
        commands: workers, help: "The server's access key, where there is no file with it.")
    static let engineRequestsPerSecond = Setting(
        key: "engine.requestsPerSecond", variable: "STT_ENGINE_REQUESTS_PER_SECOND",
        flag: "engine-requests-per-second", kind: .number(0.001...10_000), defaultNote: "no limit", commands: workers,
        help: "Requests to the server that may begin in a second, from all slots together.")
    static let engineConcurrency = Setting(
        key: "engine.concurrency", variable: "STT_ENGINE_CONCURRENCY", flag: "engine-concurrency",
        kind: .integer(1...64), defaultNote: "the slots", commands: workers,
        help: "Requests to the server at the same time, from all slots together.")
    static let engineConnectSeconds = Setting(
        key: "engine.connectSeconds", variable: "STT_ENGINE_CONNECT_SECONDS", flag: "engine-connect-seconds",
        kind: .number(0.1...600), defaultValue: .number(5), commands: workers,
        help: "How long connecting to the server may take, in seconds.")
    static let engineCAFile = Setting(
        key: "engine.caFile", variable: "STT_ENGINE_CA_FILE", flag: "engine-ca-file", kind: .text,
        defaultNote: "the system's", commands: workers,
        help: "PEM file: the authorities that the server's certificate may be of.")
    static let engineProxy = Setting(
        key: "engine.proxy", variable: "STT_ENGINE_PROXY", flag: "engine-proxy", kind: .text,
        defaultNote: "none, whatever the environment says", secrecy: .credentials, commands: workers,
        help: "URL of a proxy on the way to the server.")

    static let remoteEngine = [
        engineKind, engineURL, engineRemoteModel, engineAPIKeyFile, engineAPIKey, engineRequestsPerSecond,
        engineConcurrency, engineConnectSeconds, engineCAFile, engineProxy,
    ]
}
