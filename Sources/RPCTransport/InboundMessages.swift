public import RPCWire
public import STTProto

/// Gives the encoded messages of one direction of a stream, in order. Called by one task at a time.
@usableFromInline
package protocol InboundMessageSource: AnyObject, Sendable {
    /// The next messages, one at least, or none after the last. Waits for them.
    nonisolated(nonsending) func nextMessages() async throws -> [MessageRun]
    /// Says that whoever cancels the current task ends the stream, too: waiting in it needs no cancellation handler.
    func belongToCurrentTask()
}

extension InboundMessageSource {
    package func belongToCurrentTask() {}
}

/// The messages that a peer streams in.
///
/// The peer may send more only as these are consumed, so a slow consumer slows the peer and memory stays bounded.
///
/// Concurrency: to be iterated once, by one task at a time.
public struct InboundMessages<Message: ProtoMessage>: AsyncSequence, Sendable {
    public typealias Element = Message
    public typealias Failure = any Error

    @usableFromInline let source: any InboundMessageSource

    package init(_ source: any InboundMessageSource) { self.source = source }

    @inlinable
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: source) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        @usableFromInline let source: any InboundMessageSource
        /// Fetched together, for to fetch one may take a change of threads. In reverse.
        @usableFromInline var fetched: [MessageRun] = []

        @inlinable
        init(source: any InboundMessageSource) { self.source = source }

        /// - Throws: ``RPCWire/RPCError`` where the call failed or a message is malformed; `CancellationError` where
        ///   the call was given up by the peer, by its deadline or by this task.
        // Inlined, so that a message that is here takes no change of executors, which costs more than to decode it.
        @inlinable
        @inline(__always)
        public mutating func next(
            isolation: isolated (any Actor)? = #isolation
        ) async throws -> Message? {
            // What need not wait is in functions of its own: this frame is in memory for as long as a stream is idle.
            if try isAllTaken() { keep(try await source.nextMessages()) }
            return try takeFetched()
        }

        @usableFromInline
        @inline(never)
        func isAllTaken() throws -> Bool {
            if fetched.isEmpty { return true }
            try Task.checkCancellation()
            return false
        }

        @usableFromInline
        @inline(never)
        mutating func keep(_ messages: [MessageRun]) {
            fetched = messages
            if fetched.count > 1 { fetched.reverse() }
        }

        @inlinable
        @inline(never)
        mutating func takeFetched() throws(RPCError) -> Message? {
            guard let last = fetched.indices.last else { return nil }
            defer { if fetched[last].isEmpty { fetched.removeLast() } }
            do throws(ProtoError) {
                return try fetched[last].decodeNext(as: Message.self)
            } catch {
                throw RPCError(.invalidArgument, "malformed message: \(error)", cause: error)
            }
        }
    }
}
