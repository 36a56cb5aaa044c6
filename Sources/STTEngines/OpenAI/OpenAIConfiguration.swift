public import STTCore

/// A server that transcribes over HTTP as OpenAI's does, and how it is used.
public struct OpenAIConfiguration: Sendable {
    /// Where requests go to, such as `http://gpu:8000/v1`. Where the path is empty, `/v1` is added. Several take turns.
    public var urls: [String]
    /// Names of the server's models. The first is the default; requests may name the others.
    public var models: [String]
    public var key: AccessKey
    /// Requests that may begin in a second, from all slots together. `nil`: no limit.
    public var requestsPerSecond: Double?
    /// Requests at the same time, from all slots together, 1 or more.
    public var concurrency: Int
    /// Until a connection stands, TLS included.
    public var connectTimeout: Duration
    /// PEM file of the authorities whose certificates are believed. `nil`: those of the system.
    public var authoritiesFile: String?
    /// URL of a proxy. `nil`: none, whatever the environment says.
    public var proxy: String?
    /// Tries of a request, the first included, 1 or more.
    public var maximumAttempts: Int
    /// Between tries, where the server names no time: drawn from zero to this, which doubles each time.
    public var backoffBase: Duration
    public var backoffCap: Duration
    /// The longest that a server may make all slots pause.
    public var longestPause: Duration
    /// From an answer's head to its end.
    public var bodyTimeout: Duration
    /// A longer answer is no transcript.
    public var maximumAnswerBytes: Int

    public init(
        urls: [String], models: [String], key: AccessKey = .none, requestsPerSecond: Double? = nil,
        concurrency: Int = 8, connectTimeout: Duration = .seconds(5), authoritiesFile: String? = nil,
        proxy: String? = nil, maximumAttempts: Int = 5, backoffBase: Duration = .milliseconds(500),
        backoffCap: Duration = .seconds(10), longestPause: Duration = .seconds(300),
        bodyTimeout: Duration = .seconds(20), maximumAnswerBytes: Int = 8 << 20
    ) {
        self.urls = urls
        self.models = models
        self.key = key
        self.requestsPerSecond = requestsPerSecond
        self.concurrency = concurrency
        self.connectTimeout = connectTimeout
        self.authoritiesFile = authoritiesFile
        self.proxy = proxy
        self.maximumAttempts = maximumAttempts
        self.backoffBase = backoffBase
        self.backoffCap = backoffCap
        self.longestPause = longestPause
        self.bodyTimeout = bodyTimeout
        self.maximumAnswerBytes = maximumAnswerBytes
    }

    /// The URLs as requests are made of them: without a slash at the end, and with a path.
    ///
    /// - Throws: ``EngineError`` with code `unavailable` that says what is wrong with one.
    public func endpoints() throws(EngineError) -> [String] {
        guard !urls.isEmpty else { throw EngineError(.unavailable, "no URL of a transcription server is given") }
        var endpoints: [String] = []
        for url in urls { endpoints.append(try Self.endpoint(url)) }
        return endpoints
    }

    private static func endpoint(_ url: String) throws(EngineError) -> String {
        func refused(_ reason: String) -> EngineError {
            // Without what may be a password.
            let shown = url.split(separator: "@").last.map(String.init) ?? url
            return EngineError(.unavailable, "\"\(shown)\" cannot be a transcription server's URL: \(reason)")
        }
        guard let scheme = ["http://", "https://"].first(where: url.lowercased().hasPrefix) else {
            throw refused("it does not begin with http:// or https://")
        }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw refused("it has a space or another character in it that has to be encoded")
        }
        guard !url.contains(where: { "?#".contains($0) }) else { throw refused("it has a query or a fragment") }
        let rest = url.dropFirst(scheme.count)
        let host = rest.prefix { $0 != "/" }
        guard !host.isEmpty else { throw refused("it names no host") }
        guard !host.contains("@") else {
            throw refused("it has a user name or password in it; an access key goes into a file")
        }
        var path = rest.dropFirst(host.count)
        for method in ["/audio/transcriptions", "/audio/translations"] {
            while path.hasSuffix("/") { path.removeLast() }
            if path.hasSuffix(method) { path.removeLast(method.count) }
        }
        return scheme + host + (path.isEmpty ? "/v1" : path)
    }
}
