import Glibc
import STTCore

/// Owns an open file descriptor and closes it when it is released.
///
/// Concurrency: immutable; the kernel serialises calls on one descriptor.
final class Descriptor: Sendable {
    let raw: Int32

    init(owning raw: Int32) {
        self.raw = raw
    }

    deinit {
        // An error here has no one to go to: whoever needs the bytes to be safe calls `synchronize` before.
        _ = close(raw)
    }

    /// Opens a file or folder below another folder. Every descriptor is close-on-exec and never follows a link.
    static func open(
        _ name: String, in folder: Int32 = AT_FDCWD, flags: Int32, mode: mode_t = 0o600
    ) throws(SystemError) -> Descriptor {
        let raw = try SystemError.check("open") { openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW, mode) }
        return Descriptor(owning: raw)
    }

    /// Waits until the device has the contents.
    func synchronize() throws(SystemError) {
        try SystemError.check("fsync") { fsync(raw) }
    }

    func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            written += try SystemError.check("write") {
                bytes.withUnsafeBytes { write(raw, $0.baseAddress?.advanced(by: written), bytes.count - written) }
            }
        }
    }

    func status() throws(SystemError) -> stat {
        var status = stat()
        try SystemError.check("fstat") { fstat(raw, &status) }
        return status
    }
}

/// A failed system call.
struct SystemError: Error, CustomStringConvertible {
    var call: String
    var code: Int32

    var description: String { "\(call): \(String(cString: strerror(code)))" }

    /// Makes a call again while signals interrupt it.
    @discardableResult
    static func check<Value: SignedInteger>(_ call: String, _ body: () -> Value) throws(SystemError) -> Value {
        while true {
            let value = body()
            guard value < 0 else { return value }
            let code = errno
            guard code == EINTR else { throw SystemError(call: call, code: code) }
        }
    }
}

extension PortError {
    /// The one place where failed system calls become port errors.
    init(_ error: SystemError, port: String, path: String) {
        let reason = String(cString: strerror(error.code))
        switch error.code {
        case ENOSPC, EDQUOT:
            self.init(
                .storageFull, port: port,
                "no space is left for \(path) (\(reason)): free some, or move the data folder to a larger disk",
                cause: error)
        case ENOENT:
            self.init(.notFound, port: port, "\(path) does not exist", cause: error)
        case EACCES, EPERM, EROFS:
            self.init(
                .unavailable, port: port,
                "\(path) cannot be used (\(reason)): the daemon's user needs to own and be able to write it",
                cause: error)
        case EMFILE, ENFILE:
            self.init(
                .unavailable, port: port, "too many files are open: raise the limit (ulimit -n)", cause: error)
        case ELOOP:
            self.init(.corrupt, port: port, "\(path) is a symbolic link, which is never followed", cause: error)
        case ENOTDIR, EISDIR, ENOTEMPTY, EEXIST:
            self.init(
                .invalidArgument, port: port, "a file and a folder contend for the name \(path)", cause: error)
        case ENAMETOOLONG:
            self.init(.invalidArgument, port: port, "the name \(path) is too long", cause: error)
        default:
            self.init(
                .unavailable, port: port, "\(error.call) failed on \(path): \(reason); check the disk", cause: error)
        }
    }
}
