public import Logging
public import STTCore

/// Reads audio by `http` and `https`.
public struct HTTPAudioFetcher: AudioFetcher {
    static let port = "audio fetcher"

    private let limits: FetchLimits

    public init(limits: FetchLimits, logger: Logger) {
        self.limits = limits
    }

    public func fetch(
        _ url: String, maximumBytes: Int, _ receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws -> FetchedAudio {
        throw PortError(.unavailable, port: Self.port, "not built yet")
    }
}
