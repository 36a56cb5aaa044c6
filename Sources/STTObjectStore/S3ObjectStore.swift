public import Logging
public import STTCore

/// Keeps objects in a bucket of Amazon S3, MinIO or another server that speaks their protocol.
public final class S3ObjectStore: ObjectStore {
    static let port = "object store"

    private let configuration: S3Configuration

    /// Connects to nothing yet: see `check`.
    /// - Throws: `invalidArgument` where the configuration cannot be used.
    public init(_ configuration: S3Configuration, logger: Logger) throws(PortError) {
        self.configuration = configuration
    }

    /// Proves that the bucket is there and that objects can be written, read and deleted in it.
    public func check() async throws(PortError) { throw Self.missing }

    /// Makes the bucket. One that this account has already is no error.
    public func makeBucket() async throws(PortError) { throw Self.missing }

    public func writer(for key: ObjectKey) async throws(PortError) -> any ObjectWriter { throw Self.missing }
    public func read(_ key: ObjectKey, range: Range<Int>?) async throws(PortError) -> [UInt8] { throw Self.missing }
    public func size(of key: ObjectKey) async throws(PortError) -> Int? { throw Self.missing }
    public func withLocalFile<Result: Sendable>(
        _ key: ObjectKey, _ body: @Sendable (_ path: String) async throws -> Result
    ) async throws -> Result { throw Self.missing }
    public func delete(_ key: ObjectKey) async throws(PortError) { throw Self.missing }
    public func deleteAll(below key: ObjectKey) async throws(PortError) { throw Self.missing }
    public func keys(below key: ObjectKey) async throws(PortError) -> [ObjectKey] { throw Self.missing }
    public func names(
        below key: ObjectKey, after name: String?, limit: Int
    ) async throws(PortError) -> [String] { throw Self.missing }
    public func removeUnfinished(olderThan age: Duration) async throws(PortError) -> Int { throw Self.missing }

    private static var missing: PortError { PortError(.unavailable, port: port, "not built yet") }
}
