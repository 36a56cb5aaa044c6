import CLinuxShim
import Glibc

/// The reading end of one of a child's output streams.
///
/// Concurrency: confined to the reactor's thread.
final class OutputPipe {
    typealias Read = CheckedContinuation<Result<[UInt8]?, ProcessError>, Never>
    typealias Collect = CheckedContinuation<[UInt8], Never>

    private static let chunkSize = 64 * 1024

    private var descriptor: Int32
    private let mode: ProcessCommand.Output
    private let watch: (_ isNew: Bool) -> Bool
    private var isWatched = false
    private var hasWriterEnded = false
    private var kept: [UInt8] = []
    private var waitingRead: (count: Int, continuation: Read)?
    private var waitingCollects: [Collect] = []

    /// Takes over `descriptor`. `watch` asks for one call of ``readable()``.
    init(_ descriptor: Int32, _ mode: ProcessCommand.Output, watch: @escaping (_ isNew: Bool) -> Bool) {
        self.descriptor = descriptor
        self.mode = mode
        self.watch = watch
    }

    /// What has been kept so far.
    var keptSoFar: [UInt8] {
        if case .keepTail(let limit) = mode { return Array(kept.suffix(limit)) }
        return kept
    }

    func startKeeping() {
        if !isStream { arm() }
    }

    /// Reads up to `count` bytes when there are any; nil at the end.
    func read(upTo count: Int, _ continuation: Read) {
        guard isStream, waitingRead == nil else {
            let message = "the output is not streamed, or is being read by somebody else"
            continuation.resume(returning: .failure(ProcessError(.inputOutput, message)))
            return
        }
        waitingRead = (count, continuation)
        readable()
    }

    /// Waits for the end and gives what was kept.
    func collect(_ continuation: Collect) {
        if descriptor < 0 {
            continuation.resume(returning: keptSoFar)
        } else {
            waitingCollects.append(continuation)
        }
    }

    func readable() {
        if isStream {
            if let waiting = waitingRead { readStream(waiting.count) }
        } else {
            readKept()
        }
    }

    /// The child has ended: what is in the pipe is all that will be read.
    func writerEnded() {
        hasWriterEnded = true
        readable()
    }

    func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
        finishRead(.success(nil))
        for collect in waitingCollects { collect.resume(returning: keptSoFar) }
        waitingCollects = []
    }

    private var isStream: Bool {
        if case .stream = mode { return true }
        return false
    }

    private func arm() {
        let isNew = !isWatched
        isWatched = true
        if !watch(isNew) { close() }
    }

    private func readStream(_ count: Int) {
        guard descriptor >= 0 else { return finishRead(.success(nil)) }
        switch readOnce(count) {
        case .bytes(let bytes): finishRead(.success(bytes))
        case .end: close()
        case .nothing: if hasWriterEnded { close() } else { arm() }
        case .failed(let error):
            finishRead(.failure(.system("read what a program wrote", error, code: .inputOutput)))
            close()
        }
    }

    private func readKept() {
        while descriptor >= 0 {
            switch readOnce(Self.chunkSize) {
            case .bytes(let bytes): keep(bytes)
            case .nothing: return hasWriterEnded ? close() : arm()
            case .end, .failed: return close()
            }
        }
    }

    private func keep(_ bytes: [UInt8]) {
        switch mode {
        case .keepHead(let limit): kept += bytes.prefix(max(0, limit - kept.count))
        case .keepTail(let limit):
            kept += bytes
            // Cutting only at twice the limit keeps the cost of each byte constant.
            if kept.count > 2 * limit { kept.removeFirst(kept.count - limit) }
        case .discard, .stream, .descriptor: break
        }
    }

    private enum Reading {
        case bytes([UInt8])
        case nothing
        case end
        case failed(Int32)
    }

    private func readOnce(_ count: Int) -> Reading {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: max(1, count)) { buffer, filled in
            var result = -1
            repeat {
                result = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            } while result < 0 && errno == EINTR
            if result < 0 { failure = errno }
            filled = max(0, result)
        }
        if failure == EAGAIN { return .nothing }
        if failure != 0 { return .failed(failure) }
        return bytes.isEmpty ? .end : .bytes(bytes)
    }

    private func finishRead(_ result: Result<[UInt8]?, ProcessError>) {
        let waiting = waitingRead
        waitingRead = nil
        waiting?.continuation.resume(returning: result)
    }
}
