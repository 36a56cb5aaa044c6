import Glibc
public import STTCore

/// The folder in which a standalone daemon keeps everything, locked for as long as this value lives.
///
/// It holds `jobs.sqlite`, `objects/`, `tmp/` and `lock`. The lock ends with the process, however it ends.
///
/// Concurrency: immutable after `init`.
public final class DataFolder: Sendable {
    /// As it was given, without a slash at its end.
    public let path: String
    private let lock: Descriptor

    private static let port = "data folder"

    /// Opens the folder, and makes it where it is missing, for the daemon's user alone. Removes what an earlier process
    /// left unfinished in `tmp/`.
    ///
    /// Blocks for a few disk accesses.
    /// - Throws: `unavailable` where another process has the folder or it cannot be written, `storageFull` where no
    ///   space is left.
    public init(path: String) throws(PortError) {
        guard !path.isEmpty else {
            throw PortError(.invalidArgument, port: Self.port, "the data folder's path is empty")
        }
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        do throws(SystemError) {
            try Self.makeFolders(path)
        } catch {
            throw PortError(error, port: Self.port, path: path)
        }
        lock = try Self.acquireLock(of: path)
        do throws(SystemError) {
            try Self.makeFolder(objectsPath)
            try Self.makeFolder(temporaryPath)
            try Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY).synchronize()
            let temporary = try Descriptor.open(temporaryPath, flags: O_RDONLY | O_DIRECTORY)
            try FolderContents.removeAll(in: temporary)
            try Self.proveWritable(temporary)
        } catch {
            throw PortError(error, port: Self.port, path: path)
        }
    }

    /// The job store's database.
    public var databasePath: String { path + "/jobs.sqlite" }
    /// Where the object store keeps finished objects.
    public var objectsPath: String { path + "/objects" }
    /// For files in the making. Emptied at start.
    public var temporaryPath: String { path + "/tmp" }

    /// Space that the daemon's user may still fill, in bytes.
    public func freeBytes() throws(PortError) -> Int {
        do throws(SystemError) {
            return try Self.freeBytes(at: path)
        } catch {
            throw PortError(error, port: Self.port, path: path)
        }
    }

    static func freeBytes(at path: String) throws(SystemError) -> Int {
        var status = statvfs()
        try SystemError.check("statvfs") { statvfs(path, &status) }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }

    private static func acquireLock(of path: String) throws(PortError) -> Descriptor {
        let lockPath = path + "/lock"
        let file: Descriptor
        let isTaken: Bool
        do throws(SystemError) {
            file = try Descriptor.open(lockPath, flags: O_RDWR | O_CREAT)
            isTaken = try !tryLock(file)
            if !isTaken {
                try SystemError.check("ftruncate") { ftruncate(file.raw, 0) }
                try file.writeAll(Array("\(getpid())\n".utf8))
            }
        } catch {
            throw PortError(error, port: port, path: lockPath)
        }
        guard isTaken else { return file }
        let holder = processID(in: file).map { "stt-rpcd with pid \($0)" } ?? "another process"
        throw PortError(
            .unavailable, port: port,
            "the data folder \(path) is in use by \(holder): stop it, or choose another folder with --data")
    }

    private static func tryLock(_ file: Descriptor) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try SystemError.check("flock") { flock(file.raw, LOCK_EX | LOCK_NB) }
            return true
        } catch {
            guard error.code == EWOULDBLOCK else { throw error }
            return false
        }
    }

    private static func processID(in file: Descriptor) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = bytes.withUnsafeMutableBytes { pread(file.raw, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    private static func makeFolders(_ path: String) throws(SystemError) {
        var end = path.startIndex
        while end < path.endIndex {
            end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
            try makeFolder(String(path[..<end]))
        }
    }

    private static func makeFolder(_ path: String) throws(SystemError) {
        do throws(SystemError) {
            try SystemError.check("mkdir") { mkdir(path, 0o700) }
        } catch {
            // A folder that exists may lie in one that this user cannot write.
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { throw error }
        }
    }

    private static func proveWritable(_ folder: Descriptor) throws(SystemError) {
        let name = "write-test"
        let file = try Descriptor.open(name, in: folder.raw, flags: O_WRONLY | O_CREAT | O_EXCL)
        defer { unlinkat(folder.raw, name, 0) }
        try file.writeAll([0])
        try file.synchronize()
    }
}
