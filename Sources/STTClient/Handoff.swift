internal import Synchronization

/// Hands elements from one producing task to one consuming task, a few at a time, so that neither runs ahead.
///
/// Concurrency: all state is behind one mutex; continuations are resumed outside it.
final class Handoff<Element: Sendable>: Sendable {
    private struct State {
        var buffer: [Element] = []
        /// The producer's end: `.success` after the last element.
        var end: Result<Void, any Error>?
        var isAbandoned = false
        var producer: CheckedContinuation<Void, any Error>?
        var consumer: CheckedContinuation<Element?, any Error>?
    }

    private enum Sending {
        case handed(CheckedContinuation<Element?, any Error>)
        case buffered
        case abandoned
        case waiting
    }

    private enum Receiving {
        case element(Element)
        case ended(Result<Void, any Error>)
        case waiting
    }

    private static var capacity: Int { 8 }
    private let state = Mutex(State())

    /// Waits while the consumer is behind.
    /// - Throws: `CancellationError` where the consumer is gone or the task is cancelled.
    func send(_ element: Element) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let outcome = state.withLock { state -> Sending in
                    if state.isAbandoned || Task.isCancelled { return .abandoned }
                    if let consumer = state.consumer {
                        state.consumer = nil
                        return .handed(consumer)
                    }
                    state.buffer.append(element)
                    if state.buffer.count < Self.capacity { return .buffered }
                    state.producer = continuation
                    return .waiting
                }
                switch outcome {
                case .handed(let consumer):
                    consumer.resume(returning: element)
                    continuation.resume()
                case .buffered: continuation.resume()
                case .abandoned: continuation.resume(throwing: CancellationError())
                case .waiting: break
                }
            }
        } onCancel: {
            abandon()
        }
    }

    /// No element follows. The first end counts.
    func finish(_ end: Result<Void, any Error>) {
        let consumer = state.withLock { state -> CheckedContinuation<Element?, any Error>? in
            if state.end == nil { state.end = end }
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume(with: end.map { nil })
    }

    /// The next element, or `nil` after the last.
    func next() async throws -> Element? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Element?, any Error>) in
                let (outcome, producer) = state.withLock {
                    state -> (Receiving, CheckedContinuation<Void, any Error>?) in
                    if !state.buffer.isEmpty {
                        defer { state.producer = nil }
                        return (.element(state.buffer.removeFirst()), state.producer)
                    }
                    if let end = state.end { return (.ended(end), nil) }
                    if state.isAbandoned || Task.isCancelled { return (.ended(.failure(CancellationError())), nil) }
                    state.consumer = continuation
                    return (.waiting, nil)
                }
                switch outcome {
                case .element(let element): continuation.resume(returning: element)
                case .ended(let end): continuation.resume(with: end.map { nil })
                case .waiting: break
                }
                producer?.resume()
            }
        } onCancel: {
            abandon()
        }
    }

    /// Either side gives up: both wake with `CancellationError`.
    func abandon() {
        let (producer, consumer) = state.withLock { state in
            state.isAbandoned = true
            defer {
                state.producer = nil
                state.consumer = nil
            }
            return (state.producer, state.consumer)
        }
        producer?.resume(throwing: CancellationError())
        consumer?.resume(throwing: CancellationError())
    }
}
