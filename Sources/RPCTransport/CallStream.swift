package import RPCWire
internal import STTProto

/// Owns a stream on one side: the call on a server, the call on a client. Called on the loop.
package protocol CallStreamOwner: AnyObject {
    /// Server: a message came, whole. The bytes are valid during the call only.
    ///
    /// - Returns: Whether the owner used it up; if not, the stream keeps it for ``CallStream/nextMessages()``.
    func stream(_ stream: CallStream, didReceive message: UnsafeRawBufferPointer) -> Bool
    /// The peer sends no more messages.
    func streamDidReceiveAll(_ stream: CallStream)
    /// The stream was ended from outside the owner: by the peer's CANCEL or END, or with its connection.
    func streamDidEnd(_ stream: CallStream, _ ending: StreamEnding)
    /// The stream is over on the wire and its handler has returned, or its connection is gone.
    func streamDidDetach(_ stream: CallStream)
}

/// How a stream ended.
package enum StreamEnding: Sendable {
    /// The server's END. nil is OK.
    case status(RPCError?)
    /// The client's CANCEL.
    case cancelledByPeer
    /// The connection ended. `wasStarted` is false where the server cannot have seen the call.
    case connectionLost(RPCError, wasStarted: Bool)
}

/// One call's messages in both directions: what waits to be read, and who waits to read or to send.
///
/// Concurrency: everything is touched on the loop only. ``nextMessages()`` and ``sendMessage(_:)`` may be called from
/// anywhere; from a task that runs on the loop they do not suspend while they need not.
package final class CallStream: @unchecked Sendable {
    private enum Ready {
        case messages([MessageRun])
        case end
        case notYet
    }

    /// Tells a waiting task's cancellation, which may come before it has begun to wait, from the others'.
    private final class Cancellation: @unchecked Sendable {
        // Touched on the loop only.
        var isCancelled = false
    }

    /// A task that waits. One that belongs to the call has no cancellation of its own, see ``belongToCurrentTask()``.
    private struct Waiter<Value: Sendable> {
        let continuation: UnsafeContinuation<Value, any Error>
        let cancellation: Cancellation?
    }

    /// A task that waits with a message.
    private final class Sender {
        let waiter: Waiter<Void>
        let message: SharedBytes

        init(_ waiter: Waiter<Void>, _ message: SharedBytes) {
            self.waiter = waiter
            self.message = message
        }
    }

    /// A reader gets messages of at least this many bytes together, where they are here.
    private static let batchBytes: UInt64 = 32 * 1024

    // Everything below is touched on one thread, and no access calls out. The run-time checks for overlapping accesses, of
    // these properties and the like of the other objects of a call, took 4 % of a call's time.

    package let loop: EventLoop
    /// Holds each other with the stream until the stream is over.
    @exclusivity(unchecked) package var owner: (any CallStreamOwner)?
    @exclusivity(unchecked) package private(set) var connection: Connection?
    package var slot: Int { Int(slotNumber) }
    // 32 bits, and the flags beside it: an idle stream is to be small.
    @exclusivity(unchecked) private var slotNumber: Int32 = -1
    @exclusivity(unchecked) private var hasReceivedAll = false
    /// The owner leaves the messages to ``nextMessages()``.
    @exclusivity(unchecked) private var ownerReadsStream = false
    @exclusivity(unchecked) private var endsSendingWhenAttached = false
    /// Nothing but the initial message was sent, so the stream may be attached to another connection.
    @exclusivity(unchecked) package private(set) var isReplayable = true
    /// The peer has begun to send a message.
    @exclusivity(unchecked) package private(set) var hasReceivedMessage = false

    @exclusivity(unchecked) private var inbox = Inbox()
    @exclusivity(unchecked) private var assembly: MessageAssembly?
    @exclusivity(unchecked) private var inboundFailure: (any Error)?
    @exclusivity(unchecked) private var outboundFailure: (any Error)?
    @exclusivity(unchecked) private var reader: Waiter<[MessageRun]>?
    @exclusivity(unchecked) private var isReaderToWake = false
    @exclusivity(unchecked) private var sender: Sender?
    /// Client: what goes out first once the stream is attached.
    @exclusivity(unchecked) private var initialMessage: SharedBytes?

    /// See ``belongToCurrentTask()``. 0 where no task is known.
    private var ownTask: UInt = 0

    package init(loop: EventLoop) { self.loop = loop }

    package var isAttached: Bool { connection != nil }

    // What the connection calls.

    package func attach(_ connection: Connection, slot: Int) {
        loop.assertOnLoop()
        self.connection = connection
        slotNumber = Int32(truncatingIfNeeded: slot)
        if let first = initialMessage {
            connection.queueMessage(self, first, endsSending: endsSendingWhenAttached)
        } else if endsSendingWhenAttached {
            connection.queueEndOfMessages(self)
        }
        continueSending()
    }

    /// The connection forgets the stream.
    func detach() {
        let owner = owner
        connection = nil
        self.owner = nil
        slotNumber = -1
        owner?.streamDidDetach(self)
    }

    func receive(_ fragment: UnsafeRawBufferPointer, isFirst: Bool, isLast: Bool, endsSending: Bool, flow: UInt64) {
        hasReceivedMessage = true
        if isFirst, isLast {
            deliver(fragment, flow: flow)
            if endsSending { receiveEndOfMessages() }
        } else {
            receivePart(fragment, isFirst: isFirst)
            finishFragment(isLast: isLast, endsSending: endsSending, flow: flow)
        }
    }

    func receivePart(_ part: UnsafeRawBufferPointer, isFirst: Bool = false) {
        if isFirst {
            assembly = MessageAssembly(part)
        } else {
            assembly?.append(part)
        }
    }

    /// Lets `body` write up to `count` bytes of the message in assembly. It returns how many it wrote.
    func receivePart(upTo count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
        assembly?.append(upTo: count, body)
    }

    func finishFragment(isLast: Bool, endsSending: Bool, flow: UInt64) {
        if isLast, let message = assembly?.message {
            assembly = nil
            deliver(message, flow: flow)
        }
        if endsSending { receiveEndOfMessages() }
    }

    private func deliver(_ message: UnsafeRawBufferPointer, flow: UInt64) {
        if reader == nil, !ownerReadsStream {
            if owner?.stream(self, didReceive: message) ?? false {
                connection?.consumed(self, flow: flow, isRetained: true)
                return
            }
            ownerReadsStream = true
        }
        inbox.append(message, flow: flow)
        wakeReaderSoon()
    }

    private func deliver(_ message: SharedBytes, flow: UInt64) {
        guard reader != nil || ownerReadsStream, message.count > MessageRun.shortBytes else {
            return message.bytes.withUnsafeBytes { deliver($0, flow: flow) }
        }
        inbox.append(message, flow: flow)
        wakeReaderSoon()
    }

    func receiveEndOfMessages() {
        hasReceivedAll = true
        wakeReaderSoon()
        owner?.streamDidReceiveAll(self)
    }

    /// Wakes the task that waits to read once all that came with this has been dispatched: it gets that together.
    private func wakeReaderSoon() {
        guard reader != nil, !isReaderToWake else { return }
        isReaderToWake = true
        loop.readersToWake.append(self)
    }

    /// Gives a task that waits to read what there is. It may have been woken, and may wait again, since it was to be.
    func wakeReader() {
        isReaderToWake = false
        guard let reader else { return }
        do {
            switch try takeReady() {
            case .messages(let messages):
                self.reader = nil
                reader.continuation.resume(returning: messages)
            case .end:
                self.reader = nil
                reader.continuation.resume(returning: [])
            case .notYet: break
            }
        } catch {
            self.reader = nil
            reader.continuation.resume(throwing: error)
        }
    }

    /// Asks for more to send, where a task waits with a message.
    func continueSending() {
        guard let connection, let sender else { return }
        guard connection.hasRoom(self) else { return connection.wakeWhenThereIsRoom(self) }
        self.sender = nil
        do throws(RPCError) {
            try connection.check(sender.message)
            if !sendDirectly(sender.message, connection) { connection.queueMessage(self, sender.message) }
            isReplayable = false
            sender.waiter.continuation.resume()
        } catch {
            sender.waiter.continuation.resume(throwing: error)
        }
    }

    // What the owner calls.

    /// Client: gives the request of a call with one. Before the stream is attached.
    package func setInitialMessage(_ message: SharedBytes, endsSending: Bool) {
        initialMessage = message
        endsSendingWhenAttached = endsSending
    }

    /// Client: says that no message follows.
    package func finishSending() {
        loop.assertOnLoop()
        endsSendingWhenAttached = true
        connection?.queueEndOfMessages(self)
    }

    /// Ends reading and sending on this side.
    ///
    /// - Parameters:
    ///   - inbound: What readers get after the messages that are here already; nil is the plain end.
    ///   - outbound: What senders get.
    ///   - discarding: Drop the messages that are here.
    package func fail(inbound: (any Error)?, outbound: any Error, discarding: Bool) {
        loop.assertOnLoop()
        if discarding {
            inbox.removeAll()
            assembly = nil
        }
        hasReceivedAll = true
        if inboundFailure == nil { inboundFailure = inbound }
        if outboundFailure == nil { outboundFailure = outbound }
        if let sender {
            self.sender = nil
            sender.waiter.continuation.resume(throwing: outbound)
        }
        wakeReader()
    }

    /// The messages that nobody has read.
    package func takeUnread() -> [[UInt8]] {
        var messages: [[UInt8]] = []
        for var run in inbox.take(leastFlow: .max).runs {
            while !run.isEmpty { messages.append(run.next().bytes) }
        }
        return messages
    }

    private func takeReady() throws -> Ready {
        loop.assertOnLoop()
        if !inbox.isEmpty { return .messages(takeBatch()) }
        if let inboundFailure { throw inboundFailure }
        return hasReceivedAll ? .end : .notYet
    }

    /// Some of the messages that are here. They count as used up: the reader holds no more than this besides a window.
    private func takeBatch() -> [MessageRun] {
        let (batch, flow) = inbox.take(leastFlow: Self.batchBytes)
        connection?.consumed(self, flow: flow)
        return batch
    }

    /// Queues now if there is room. False where the sender has to wait.
    private func trySend(_ bytes: SharedBytes) throws -> Bool {
        loop.assertOnLoop()
        if let outboundFailure { throw outboundFailure }
        guard let connection, connection.hasRoom(self) else { return false }
        try connection.check(bytes)
        if !sendDirectly(bytes, connection) { connection.queueMessage(self, bytes) }
        isReplayable = false
        return true
    }

    private func sendDirectly(_ message: SharedBytes, _ connection: Connection) -> Bool {
        guard message.tail == nil, connection.takesDirectly(self) else { return false }
        return message.head.withUnsafeBytes { connection.sendDirectly(self, $0) }
    }

    /// - Parameter isCancelled: The task was cancelled before it came to wait.
    private func park(_ waiter: Waiter<[MessageRun]>, isCancelled: Bool) {
        do {
            if isCancelled { throw CancellationError() }
            precondition(reader == nil, "two tasks read one stream")
            switch try takeReady() {
            case .messages(let messages): waiter.continuation.resume(returning: messages)
            case .end: waiter.continuation.resume(returning: [])
            case .notYet: reader = waiter
            }
        } catch {
            waiter.continuation.resume(throwing: error)
        }
    }

    private func park(_ waiter: Waiter<Void>, _ bytes: SharedBytes, isCancelled: Bool) {
        do {
            if isCancelled { throw CancellationError() }
            precondition(sender == nil, "two tasks send on one stream")
            if try trySend(bytes) { return waiter.continuation.resume() }
            sender = Sender(waiter, bytes)
            connection?.wakeWhenThereIsRoom(self)
        } catch {
            waiter.continuation.resume(throwing: error)
        }
    }

    private func cancelReader(_ cancellation: Cancellation) {
        cancellation.isCancelled = true
        guard let reader, reader.cancellation === cancellation else { return }
        self.reader = nil
        reader.continuation.resume(throwing: CancellationError())
    }

    private func cancelSender(_ cancellation: Cancellation) {
        cancellation.isCancelled = true
        guard let sender, sender.waiter.cancellation === cancellation else { return }
        self.sender = nil
        sender.waiter.continuation.resume(throwing: CancellationError())
    }
}

extension CallStream: InboundMessageSource {
    // Always inlined, as sendMessage(_:), so that the protocol's entry point keeps no frame of its own: 48 bytes.
    @inline(__always)
    package nonisolated(nonsending) func nextMessages() async throws -> [MessageRun] {
        if let ready = try takeReadyHere() { return ready }
        if isInOwnTask {
            return try await withUnsafeThrowingContinuation { park(readerOf: $0) }
        }
        return try await nextMessagesOrCancellation()
    }

    /// What need not be waited for, where this is the loop's thread.
    @inline(never)
    private func takeReadyHere() throws -> [MessageRun]? {
        guard loop.isCurrent else { return nil }
        switch try takeReady() {
        case .messages(let messages): return messages
        case .end: return []
        case .notYet: return nil
        }
    }

    @inline(never)
    private func park(readerOf continuation: UnsafeContinuation<[MessageRun], any Error>) {
        let isCancelled = Task.isCancelled
        loop.perform { self.park(Waiter(continuation: continuation, cancellation: nil), isCancelled: isCancelled) }
    }

    @inline(never)
    private nonisolated(nonsending) func nextMessagesOrCancellation() async throws -> [MessageRun] {
        let cancellation = Cancellation()
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                loop.perform {
                    self.park(
                        Waiter(continuation: continuation, cancellation: cancellation),
                        isCancelled: cancellation.isCancelled)
                }
            }
        } onCancel: {
            loop.perform { self.cancelReader(cancellation) }
        }
    }

    package func belongToCurrentTask() {
        ownTask = withUnsafeCurrentTask { Self.identity(of: $0) }
    }

    /// A cancellation handler for each wait costs 250 bytes of an idle stream, and a tenth of the time of a message that is
    /// waited for. The call's own task is cancelled only by its call, which ends the stream first.
    private var isInOwnTask: Bool {
        ownTask != 0 && withUnsafeCurrentTask { Self.identity(of: $0) } == ownTask
    }

    /// To be compared only. An `UnsafeCurrentTask` is one pointer.
    private static func identity(of task: UnsafeCurrentTask?) -> UInt { unsafeBitCast(task, to: UInt.self) }
}

extension CallStream: OutboundMessageSink {
    package var takesCopies: Bool {
        guard loop.isCurrent, outboundFailure == nil, let connection else { return false }
        return connection.takesDirectly(self)
    }

    package func sendCopy(of bytes: UnsafeRawBufferPointer) -> Bool {
        guard let connection, connection.sendDirectly(self, bytes) else { return false }
        isReplayable = false
        return true
    }

    package func sendMessageNow(_ bytes: SharedBytes) throws -> Bool {
        guard loop.isCurrent else { return false }
        return try trySend(bytes)
    }

    @inline(__always)
    package nonisolated(nonsending) func sendMessage(_ bytes: SharedBytes) async throws {
        if isInOwnTask {
            return try await withUnsafeThrowingContinuation { park(senderOf: bytes, $0) }
        }
        try await sendMessageOrCancellation(bytes)
    }

    @inline(never)
    private func park(senderOf bytes: SharedBytes, _ continuation: UnsafeContinuation<Void, any Error>) {
        let isCancelled = Task.isCancelled
        loop.perform {
            self.park(Waiter(continuation: continuation, cancellation: nil), bytes, isCancelled: isCancelled)
        }
    }

    @inline(never)
    private nonisolated(nonsending) func sendMessageOrCancellation(_ bytes: SharedBytes) async throws {
        let cancellation = Cancellation()
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                loop.perform {
                    self.park(
                        Waiter(continuation: continuation, cancellation: cancellation), bytes,
                        isCancelled: cancellation.isCancelled)
                }
            }
        } onCancel: {
            loop.perform { self.cancelSender(cancellation) }
        }
    }
}
