import CLinuxShim
import Glibc

/// The writing end of a child's standard input.
///
/// Concurrency: confined to the reactor's thread.
final class InputPipe {
    typealias Write = CheckedContinuation<ProcessError?, Never>

    private struct Pending {
        var bytes: [UInt8]
        var written = 0
        var continuation: Write
    }

    private var descriptor: Int32
    private let watch: (_ isNew: Bool) -> Bool
    private var isWatched = false
    private var queue: [Pending] = []

    /// Takes over `descriptor`. `watch` asks for one call of ``continueWriting()``.
    init(_ descriptor: Int32, watch: @escaping (_ isNew: Bool) -> Bool) {
        self.descriptor = descriptor
        self.watch = watch
    }

    /// Writes all of `bytes` after what was given before; the continuation is resumed when the pipe has taken them.
    func write(_ bytes: [UInt8], _ continuation: Write) {
        queue.append(Pending(bytes: bytes, continuation: continuation))
        if queue.count == 1 { continueWriting() }
    }

    func continueWriting() {
        while let first = queue.first {
            guard descriptor >= 0 else { return failAll(EPIPE) }
            guard first.written < first.bytes.count else {
                queue.removeFirst().continuation.resume(returning: nil)
                continue
            }
            let count = first.bytes.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress?.advanced(by: first.written), bytes.count - first.written)
            }
            if count >= 0 {
                queue[0].written += count
            } else if errno == EAGAIN {
                let isNew = !isWatched
                isWatched = true
                if !watch(isNew) { failAll(errno) }
                return
            } else if errno != EINTR {
                failAll(errno)
            }
        }
    }

    /// Gives the child end of file. What has not been written yet fails.
    func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
        failAll(EPIPE)
    }

    private func failAll(_ error: Int32) {
        let failed = queue
        queue = []
        let reason =
            error == EPIPE
            ? ProcessError(.inputClosed, "the program stopped reading its input", errorNumber: error)
            : ProcessError.system("write to a program's input", error, code: .inputOutput)
        for write in failed { write.continuation.resume(returning: reason) }
    }
}
