import Glibc
import STTCore
import Synchronization

/// A private copy of an object, removed when it is released at the latest.
///
/// A killed process leaves its files. They are locked while they are in use, so that the next process can tell and removes
/// them.
///
/// Concurrency: one task at a time; the `Mutex` guards that the file is removed once.
final class TemporaryFile: Sendable {
    private static let namePrefix = "stt-object-"

    let path: String
    private let descriptor: Int32
    private let isRemoved = Mutex(false)
    private static let hasCollected = Mutex(false)

    /// Blocks for a few disk accesses.
    init() throws(PortError) {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        Self.collectOnce(in: folder)
        let path = "\(folder)/\(Self.namePrefix)\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let opened = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard opened >= 0 else { throw Self.error(errno, path) }
        descriptor = opened
        self.path = path
        flock(opened, LOCK_EX | LOCK_NB)
    }

    deinit {
        remove()
    }

    func append(_ bytes: [UInt8]) throws(PortError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.error(errno, path) }
            written += count
        }
    }

    func truncate() throws(PortError) {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else { throw Self.error(errno, path) }
    }

    func remove() {
        let wasRemoved = isRemoved.withLock { isRemoved in
            defer { isRemoved = true }
            return isRemoved
        }
        guard !wasRemoved else { return }
        unlink(path)
        close(descriptor)
    }

    /// Removes what killed processes of this user left, once in the life of a process.
    private static func collectOnce(in folder: String) {
        let isFirst = hasCollected.withLock { hasCollected in
            defer { hasCollected = true }
            return !hasCollected
        }
        guard isFirst, let entries = opendir(folder) else { return }
        defer { closedir(entries) }
        while let entry = readdir(entries) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(namePrefix) else { continue }
            let file = open("\(folder)/\(name)", O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard file >= 0 else { continue }
            var status = stat()
            if fstat(file, &status) == 0, status.st_uid == geteuid(), flock(file, LOCK_EX | LOCK_NB) == 0 {
                unlink("\(folder)/\(name)")
            }
            close(file)
        }
    }

    private static func error(_ code: Int32, _ path: String) -> PortError {
        let reason = String(cString: strerror(code))
        if code == ENOSPC || code == EDQUOT {
            return PortError(
                .storageFull, port: S3ObjectStore.port,
                "no space is left for the temporary file \(path) (\(reason)): free some, or set TMPDIR to a larger disk"
            )
        }
        return PortError(
            .unavailable, port: S3ObjectStore.port,
            "the temporary file \(path) cannot be written (\(reason)): TMPDIR has to name a folder that this user can write"
        )
    }
}
