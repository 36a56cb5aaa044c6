/// Reads audio from where a client says that it is.
public protocol AudioFetcher: Sendable {
    /// Reads what is at a URL and hands it on piece by piece, in order.
    ///
    /// Throws `invalidArgument` where the URL cannot or must not be read (scheme, address, too many redirects, more bytes
    /// than allowed), `notFound` where the server says so, `unavailable` where it does not answer or not in time; and what
    /// the receiver throws.
    /// - Parameter maximumBytes: Past it the transfer ends with `invalidArgument`; already before it where the server
    ///   announces more.
    func fetch(
        _ url: String, maximumBytes: Int, _ receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws -> FetchedAudio
}

/// What a fetch found, beside the bytes.
public struct FetchedAudio: Sendable, Hashable {
    public var byteCount: Int
    /// The last part of the final URL's path. Empty where there is none.
    public var filename: String

    public init(byteCount: Int, filename: String) {
        self.byteCount = byteCount
        self.filename = filename
    }
}
