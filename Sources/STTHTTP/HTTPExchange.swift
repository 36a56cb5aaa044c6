import Synchronization

/// What a transfer and the task that waits for it share.
///
/// Concurrency: the `Mutex` guards everything. The reactor's thread puts in, one task takes out.
final class HTTPExchange: Sendable {
    enum Taken {
        case bytes([UInt8], wasPaused: Bool)
        case nothingYet
        case end
        case failed(HTTPFailure)
    }

    private struct State {
        var head: HTTPHead?
        var buffer: [UInt8] = []
        var isPaused = false
        /// `nil` while the transfer runs.
        var result: Result<Void, HTTPFailure>?
        var waiter: CheckedContinuation<Void, Never>?
    }

    /// The transfer pauses when this much waits to be taken.
    private static let bufferBytes = 1 << 20

    let request: HTTPRequest
    private let state = Mutex(State())

    init(_ request: HTTPRequest) {
        self.request = request
    }

    /// The receiver's side: the head, once it is complete.
    var currentHead: Result<HTTPHead?, HTTPFailure> {
        state.withLock { state in
            if let head = state.head { return .success(head) }
            if case .failure(let failure) = state.result { return .failure(failure) }
            return .success(nil)
        }
    }

    /// The receiver's side: all bytes that are there, before the failure that came after them.
    func take() -> Taken {
        state.withLock { state in
            if !state.buffer.isEmpty {
                let wasPaused = state.isPaused
                state.isPaused = false
                defer { state.buffer = [] }
                return .bytes(state.buffer, wasPaused: wasPaused)
            }
            switch state.result {
            case nil: return .nothingYet
            case .success: return .end
            case .failure(let failure): return .failed(failure)
            }
        }
    }

    /// The receiver's side: returns when something has come since it looked.
    func waitForChange() async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                guard state.buffer.isEmpty, state.result == nil else { return true }
                state.waiter = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    /// The transfer's side.
    /// - Returns: False where there is no room: the transfer has to pause, and offers the same bytes again afterwards.
    func put(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let (isTaken, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard state.buffer.isEmpty || state.buffer.count + bytes.count <= Self.bufferBytes else {
                state.isPaused = true
                return (false, nil)
            }
            state.buffer += bytes
            defer { state.waiter = nil }
            return (true, state.waiter)
        }
        waiter?.resume()
        return isTaken
    }

    /// The transfer's side: set before the first byte is put.
    func setHead(_ head: HTTPHead) {
        state.withLock { $0.head = head }
    }

    /// The transfer's side. Only the first call counts.
    func finish(_ result: Result<Void, HTTPFailure>) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.result != nil { return nil }
            state.result = result
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
