import Glibc
import STTBlocking
public import STTCore
import Synchronization

/// Keeps objects as files: the object `jobs/1/audio` is the file `objects/jobs/1/audio` in the data folder.
///
/// An object is written to `tmp/`, flushed to the device and moved to its place, so that a reader sees the old object or
/// the new one, also after a loss of power. Links are never followed. A key that lies below another object's key cannot
/// be stored, because a file is no folder.
///
/// Concurrency: no state but two open folders. All I/O runs on a pool of its own, first come, first served.
public final class FileObjectStore: ObjectStore {
    static let port = "object store"

    private let pool: BlockingPool
    private let places: ObjectPlaces
    private let counter = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - folder: Stays locked for as long as the store lives.
    ///   - concurrentOperations: File operations at the same time, 1 or more.
    public init(folder: DataFolder, concurrentOperations: Int = 4) throws(PortError) {
        places = try ObjectPlaces(folder: folder)
        pool = BlockingPool(label: "stt.objects", width: max(1, concurrentOperations))
    }

    public func writer(for key: ObjectKey) async throws(PortError) -> any ObjectWriter {
        let number = counter.add(1, ordering: .relaxed).newValue
        let (places, pool) = (places, pool)
        return try await pool.run { () throws(PortError) in
            try FileObjectWriter(key: key, temporaryName: "object-\(number)", places: places, pool: pool)
        }
    }

    public func read(_ key: ObjectKey, range: Range<Int>?) async throws(PortError) -> [UInt8] {
        let places = places
        return try await pool.run { () throws(PortError) in
            let (file, size) = try places.openObject(key)
            let range = range ?? 0..<size
            guard range.lowerBound >= 0, range.upperBound <= size else {
                throw PortError(
                    .invalidArgument, port: Self.port,
                    "bytes \(range.lowerBound) to \(range.upperBound) of \(key) were asked for, but it has \(size)")
            }
            return try places.naming(key) { () throws(SystemError) in try Self.bytes(of: file, in: range) }
        }
    }

    public func size(of key: ObjectKey) async throws(PortError) -> Int? {
        let places = places
        return try await pool.run { () throws(PortError) in
            do throws(PortError) {
                return try places.openObject(key).size
            } catch {
                guard error.code == .notFound else { throw error }
                return nil
            }
        }
    }

    /// Lends the object's own file, which the body must not change.
    public func withLocalFile<Result: Sendable>(
        _ key: ObjectKey, _ body: @Sendable (_ path: String) async throws -> Result
    ) async throws -> Result {
        let places = places
        _ = try await pool.run { () throws(PortError) in try places.openObject(key).size }
        return try await body(places.path(of: key))
    }

    public func delete(_ key: ObjectKey) async throws(PortError) {
        let places = places
        try await pool.run { () throws(PortError) in try places.remove(key) }
    }

    public func deleteAll(below key: ObjectKey) async throws(PortError) {
        let places = places
        try await pool.run { () throws(PortError) in try places.removeAll(below: key) }
    }

    public func keys(below key: ObjectKey) async throws(PortError) -> [ObjectKey] {
        let places = places
        return try await pool.run { () throws(PortError) in try places.keys(below: key) }
    }

    public func names(
        below key: ObjectKey, after name: String?, limit: Int
    ) async throws(PortError) -> [String] {
        let places = places
        let names = try await pool.run { () throws(PortError) in try places.names(below: key) }
        let wanted = names.filter { candidate in name.map { $0.utf8.lexicographicallyPrecedes(candidate.utf8) } ?? true
        }
        return Array(wanted.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(max(0, limit)))
    }

    /// What an earlier process left was removed when the folder was opened, and a writer of this process removes its file
    /// when it is released: nothing is ever left.
    public func removeUnfinished(olderThan age: Duration) async throws(PortError) -> Int { 0 }

    private static func bytes(of file: Descriptor, in range: Range<Int>) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            do throws(SystemError) {
                while count < range.count {
                    let (start, read) = (range.lowerBound + count, count)
                    let got = try SystemError.check("pread") {
                        pread(file.raw, buffer.baseAddress?.advanced(by: read), range.count - read, start)
                    }
                    // The file cannot shrink while it is an object; a disk that says so is broken.
                    guard got > 0 else { throw SystemError(call: "pread", code: EIO) }
                    count += got
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
