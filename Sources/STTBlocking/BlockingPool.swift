import DequeModule
import Dispatch
import Synchronization

/// Runs calls that block, such as file I/O, away from Swift's cooperative threads.
///
/// Concurrency: the `Mutex` guards the line and the idle threads. Calls start in the order in which they came, at most
/// `width` at a time, each on one of as many serial dispatch queues.
package final class BlockingPool: Sendable {
    private struct State {
        var waiting: Deque<@Sendable () -> Void> = []
        var idle: [Int]
    }

    private let threads: [DispatchQueue]
    private let state: Mutex<State>

    package init(label: String, width: Int) {
        threads = (0..<width).map { DispatchQueue(label: "\(label).\($0)") }
        state = Mutex(State(idle: Array(0..<width)))
    }

    /// Waits for the turn of `body` and for its end. A task that is cancelled waits all the same.
    package func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
            submit { continuation.resume(returning: Result(catching: body)) }
        }
        return try result.get()
    }

    private func submit(_ call: @escaping @Sendable () -> Void) {
        let thread = state.withLock { state -> Int? in
            state.waiting.append(call)
            return state.idle.popLast()
        }
        guard let thread else { return }
        threads[thread].async { self.drain(on: thread) }
    }

    private func drain(on thread: Int) {
        while true {
            let call = state.withLock { state -> (@Sendable () -> Void)? in
                if let call = state.waiting.popFirst() { return call }
                state.idle.append(thread)
                return nil
            }
            guard let call else { return }
            call()
        }
    }
}
