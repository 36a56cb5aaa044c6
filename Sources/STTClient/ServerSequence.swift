/// What a server sends, as it comes.
///
/// Nothing is asked of the server before the first element is asked for, and the server is read no faster than the
/// sequence is. Leaving the loop, or cancelling its task, ends the call. Each iteration makes a call of its own.
///
/// Throws ``SpeechError``.
public struct ServerSequence<Element: Sendable>: AsyncSequence, Sendable {
    /// Always a ``SpeechError``.
    public typealias Failure = any Error

    typealias Producer = @Sendable (Handoff<Element>) async throws -> Void

    private let produce: Producer

    init(_ produce: @escaping Producer) { self.produce = produce }

    /// One iteration, with a call of its own.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pump: Pump(produce)) }

    /// Gives one call's elements. Its end, or its release, ends the call.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let pump: Pump

        /// - Throws: ``SpeechError``.
        public mutating func next() async throws -> Element? {
            try await pump.next()
        }
    }

    /// Runs the producer, from the first element asked for until the iterator is gone.
    fileprivate final class Pump {
        private let handoff = Handoff<Element>()
        private let produce: Producer
        private var task: Task<Void, Never>?

        init(_ produce: @escaping Producer) { self.produce = produce }

        deinit { task?.cancel() }

        func next() async throws -> Element? {
            if task == nil {
                task = Task { [handoff, produce] in
                    do {
                        try await produce(handoff)
                        handoff.finish(.success(()))
                    } catch {
                        handoff.finish(.failure(SpeechError(any: error)))
                    }
                }
            }
            do {
                return try await withTaskCancellationHandler {
                    try await handoff.next()
                } onCancel: { [task] in
                    task?.cancel()
                }
            } catch {
                throw SpeechError(any: error)
            }
        }
    }
}
