internal import Synchronization

/// The context that new connections of a server take. It can be loaded anew while the server runs; connections that are
/// open keep theirs.
///
/// Concurrency: any task; the context is behind a `Mutex`.
public final class TLSContextSource: Sendable {
    private let configuration: TLSConfiguration
    private let context: Mutex<TLSContext>

    /// - Throws: ``TLSError`` where a file cannot be used.
    public init(_ configuration: TLSConfiguration) throws(TLSError) {
        self.configuration = configuration
        context = Mutex(try TLSContext.server(configuration))
    }

    public var current: TLSContext { context.withLock { $0 } }

    /// Reads the files again. Blocks while it does.
    ///
    /// - Returns: What new connections take from now on.
    /// - Throws: ``TLSError`` where a file cannot be used; the context is the one before then.
    @discardableResult
    public func reload() throws(TLSError) -> TLSContext {
        let fresh = try TLSContext.server(configuration)
        context.withLock { $0 = fresh }
        return fresh
    }
}
