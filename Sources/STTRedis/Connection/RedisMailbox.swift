internal import CLinuxShim
internal import Glibc
internal import STTCore
import Synchronization

/// What the loop is asked to do.
enum RedisRequest: Sendable {
    case command(RedisCommand, CommandPipeline.Completion)
    case subscribe(ChannelSubscriber)
    case unsubscribe(id: UInt64, channel: String)
    case resolved(RedisLoop.Role, Result<[SocketEndpoint], LookupFailure>)
}

/// Hands requests to the loop's thread and wakes it.
///
/// Concurrency: the `Mutex` guards the requests. The descriptor lives as long as the mailbox, which client and loop share.
final class RedisMailbox: Sendable {
    private struct State {
        var requests: [RedisRequest] = []
        var isClosing = false
        var hasEnded = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    /// Readable when there is something to take.
    let wakeDescriptor: Int32
    private let state = Mutex(State())

    init() throws(SystemFailure) {
        wakeDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard wakeDescriptor >= 0 else { throw SystemFailure(code: errno) }
    }

    deinit {
        Glibc.close(wakeDescriptor)
    }

    /// - Returns: `false` where the client was closed: the request is not taken.
    func post(_ request: RedisRequest) -> Bool {
        let (isTaken, wasEmpty) = state.withLock { state in
            guard !state.isClosing else { return (false, false) }
            state.requests.append(request)
            return (true, state.requests.count == 1)
        }
        if wasEmpty { wake() }
        return isTaken
    }

    /// Asks the loop to end.
    func close() {
        state.withLock { $0.isClosing = true }
        wake()
    }

    func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.closers.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    /// The requests since the last call, and whether they are the last.
    func take() -> (requests: [RedisRequest], isClosing: Bool) {
        var counter: UInt64 = 0
        _ = read(wakeDescriptor, &counter, MemoryLayout<UInt64>.size)
        return state.withLock { state in
            defer { state.requests = [] }
            return (state.requests, state.isClosing)
        }
    }

    func markEnded() {
        let closers = state.withLock { state in
            state.hasEnded = true
            defer { state.closers = [] }
            return state.closers
        }
        for closer in closers { closer.resume() }
    }

    private func wake() {
        var one: UInt64 = 1
        // Fails only where the counter is full: then the loop wakes anyway.
        _ = Glibc.write(wakeDescriptor, &one, MemoryLayout<UInt64>.size)
    }
}
