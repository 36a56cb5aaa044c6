public import Logging
import STTBlocking
public import STTCore
import STTHTTP

/// Keeps objects in a bucket of Amazon S3, MinIO or another server that speaks their protocol.
///
/// Requests that fail for a reason that may pass are tried again, four times within seconds. What is written and what is
/// read is compared with the MD5s that the server names.
///
/// A bucket should end unfinished uploads after a day by a rule of its own (`AbortIncompleteMultipartUpload`; MinIO does
/// so without one): MinIO does not list them to `removeUnfinished`.
///
/// Concurrency: immutable but for the list of background tasks. Requests run on one thread of libcurl's, files are
/// written on a pool.
public final class S3ObjectStore: ObjectStore {
    static let port = "object store"

    let connection: S3Connection
    let keyPrefix: String
    let background = BackgroundTasks()
    let files = BlockingPool(label: "stt.s3.files", width: 4)
    private let region: String
    private let isAmazon: Bool
    private let partBytes: Int

    /// Connects to nothing yet: see `check`.
    /// - Throws: `invalidArgument` where the configuration cannot be used.
    public init(_ configuration: S3Configuration, logger: Logger) throws(PortError) {
        connection = try S3Connection(configuration, logger: logger)
        keyPrefix = configuration.keyPrefix
        region = configuration.region
        isAmazon = configuration.endpoint == nil
        partBytes = configuration.partBytes
    }

    /// Proves that the bucket is there and that objects can be listed, written, read and deleted in it.
    ///
    /// Throws `unavailable` with what is wrong and what to do about it.
    public func check() async throws(PortError) {
        _ = try await connection.send(S3Request("GET", query: [.init("list-type", "2"), .init("max-keys", "1")]))
        let name = "\(keyPrefix)write-test-\(UInt64.random(in: 0 ... .max))"
        let bytes = Array("stt-rpc".utf8)
        _ = try await connection.put(name, bytes)
        do throws(PortError) {
            let sink = MemorySink()
            try await connection.download(name, range: nil, into: sink)
            guard sink.bytes == bytes else {
                throw PortError(.corrupt, port: Self.port, "a test object was read otherwise than it was written")
            }
        } catch {
            _ = try? await connection.send(S3Request("DELETE", name))
            throw error
        }
        _ = try await connection.send(S3Request("DELETE", name))
    }

    /// Makes the bucket. One that this account has already is no error.
    public func makeBucket() async throws(PortError) {
        let body =
            region == "us-east-1"
            ? ""
            : "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>"
                + "\(region)</LocationConstraint></CreateBucketConfiguration>"
        do throws(PortError) {
            _ = try await connection.send(S3Request("PUT", body: Array(body.utf8)))
        } catch {
            let failure = error.cause as? S3Failure
            guard failure?.status == 409 else { throw error }
            switch failure?.code {
            case "BucketAlreadyOwnedByYou": return
            default:
                // It is ours if it can be used.
                _ = try await connection.send(
                    S3Request("GET", query: [.init("list-type", "2"), .init("max-keys", "1")]))
            }
        }
    }

    /// Waits until the uploads of writers that were released without an end have been aborted. Worth calling before the
    /// process ends.
    public func settle() async {
        await background.settle()
    }

    public func writer(for key: ObjectKey) async throws(PortError) -> any ObjectWriter {
        S3ObjectWriter(
            S3Upload(key: fullKey(key), partBytes: partBytes, connection: connection, background: background),
            background: background)
    }

    public func read(_ key: ObjectKey, range: Range<Int>?) async throws(PortError) -> [UInt8] {
        if let range {
            guard range.lowerBound >= 0 else {
                throw PortError(.invalidArgument, port: Self.port, "a range of \(key) begins at \(range.lowerBound)")
            }
            // HTTP has no empty ranges.
            if range.isEmpty {
                guard let size = try await size(of: key) else {
                    throw PortError(.notFound, port: Self.port, "there is no object \(key)")
                }
                guard range.upperBound <= size else {
                    throw PortError(
                        .invalidArgument, port: Self.port,
                        "byte \(range.upperBound) of \(key) was asked for, but it has \(size)")
                }
                return []
            }
        }
        let sink = MemorySink()
        try await connection.download(fullKey(key), range: range, into: sink)
        return sink.bytes
    }

    public func size(of key: ObjectKey) async throws(PortError) -> Int? {
        try await connection.info(fullKey(key))?.size
    }

    /// Lends a copy in the folder for temporary files, `TMPDIR`.
    public func withLocalFile<Result: Sendable>(
        _ key: ObjectKey, _ body: @Sendable (_ path: String) async throws -> Result
    ) async throws -> Result {
        let files = files
        let file = try await files.run { () throws(PortError) in try TemporaryFile() }
        do {
            try await connection.download(fullKey(key), range: nil, into: FileSink(file: file, pool: files))
            let result = try await body(file.path)
            await files.run { file.remove() }
            return result
        } catch {
            await files.run { file.remove() }
            throw error
        }
    }

    func fullKey(_ key: ObjectKey) -> String { keyPrefix + key.description }
}

/// Collects a download in memory.
private final class MemorySink: S3Sink {
    private(set) var bytes: [UInt8] = []

    func append(_ bytes: [UInt8]) {
        if self.bytes.isEmpty { self.bytes = bytes } else { self.bytes += bytes }
    }

    func restart() {
        bytes = []
    }
}

/// Writes a download to a file.
private struct FileSink: S3Sink {
    let file: TemporaryFile
    let pool: BlockingPool

    func append(_ bytes: [UInt8]) async throws(PortError) {
        let file = file
        try await pool.run { () throws(PortError) in try file.append(bytes) }
    }

    func restart() async throws(PortError) {
        let file = file
        try await pool.run { () throws(PortError) in try file.truncate() }
    }
}
