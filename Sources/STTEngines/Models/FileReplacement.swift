import Glibc
import STTCore

/// A file that is written beside its final place and moved there when it is whole.
///
/// Concurrency: not Sendable; belongs to the call that made it.
final class FileReplacement {
    let path: String
    /// Where it is until then.
    let temporaryPath: String
    private let descriptor: Int32
    private var isMoved = false

    /// - Parameter path: Its final place.
    init(path: String) throws(EngineError) {
        self.path = path
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let name = path.split(separator: "/").last ?? "model"
        temporaryPath = "\(folder).\(name).\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        let opened = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard opened >= 0 else { throw Self.failure(path) }
        descriptor = opened
    }

    deinit {
        close(descriptor)
        if !isMoved { unlink(temporaryPath) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(EngineError) {
        var rest = bytes[...]
        while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
            let count = Glibc.write(descriptor, start, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(path) }
            rest = rest.dropFirst(count)
        }
    }

    func write(_ bytes: [UInt8]) throws(EngineError) {
        let result: Result<Void, EngineError> = bytes.withUnsafeBytes { bytes in
            do throws(EngineError) { return .success(try write(bytes)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Puts what stands at ``temporaryPath`` in place, whoever wrote it. The last call.
    func commit() throws(EngineError) {
        guard isSynced, rename(temporaryPath, path) == 0 else { throw Self.failure(path) }
        isMoved = true
    }

    /// Opened by its name, since a program that wrote it may have replaced it.
    private var isSynced: Bool {
        let file = open(temporaryPath, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return fsync(file) == 0
    }

    private static func failure(_ path: String) -> EngineError {
        EngineError(.unavailable, "cannot write \(path): \(String(cString: strerror(errno)))")
    }
}
