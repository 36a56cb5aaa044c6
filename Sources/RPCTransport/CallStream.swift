internal import DequeModule
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
        case messages([SharedBytes])
        case end
        case notYet
    }

    private struct Received {
        let message: SharedBytes
        let flow: UInt64
    }

    /// A task that waits. Its cancellation may come before it has begun to wait.
    private final class Waiter<Value: Sendable>: @unchecked Sendable {
        // Touched on the loop only.
        var continuation: UnsafeContinuation<Value, any Error>?
        var isCancelled = false

        func resume(_ result: Result<Value, any Error>) {
            continuation?.resume(with: result)
            continuation = nil
        }
    }

    /// A reader gets messages of at least this many bytes together, where they are here.
    private static let batchBytes: UInt64 = 32 * 1024

    package let loop: EventLoop
    /// Holds each other with the stream until the stream is over.
    package var owner: (any CallStreamOwner)?
    package private(set) var connection: Connection?
    package private(set) var slot = -1

    private var inbox: Deque<Received> = []
    private var assembly: MessageAssembly?
    /// The owner leaves the messages to ``nextMessages()``.
    private var ownerReadsStream = false
    private var hasReceivedAll = false
    private var inboundFailure: (any Error)?
    private var outboundFailure: (any Error)?
    private var reader: Waiter<[SharedBytes]>?
    private var sender: Waiter<Void>?
    private var messageToSend: SharedBytes?
    /// Client: what goes out first once the stream is attached.
    private var initialMessage: SharedBytes?
    private var endsSendingWhenAttached = false

    /// See ``belongToCurrentTask()``. 0 where no task is known.
    private var ownTask: UInt = 0

    /// Nothing but the initial message was sent, so the stream may be attached to another connection.
    package private(set) var isReplayable = true

    package init(loop: EventLoop) { self.loop = loop }

    package var isAttached: Bool { connection != nil }

    // What the connection calls.

    package func attach(_ connection: Connection, slot: Int) {
        loop.assertOnLoop()
        self.connection = connection
        self.slot = slot
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
        slot = -1
        owner?.streamDidDetach(self)
    }

    func receive(_ fragment: UnsafeRawBufferPointer, isFirst: Bool, isLast: Bool, endsSending: Bool, flow: UInt64) {
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
        deliverToReader(SharedBytes([UInt8](message)), flow: flow)
    }

    private func deliver(_ message: SharedBytes, flow: UInt64) {
        if reader != nil || ownerReadsStream { return deliverToReader(message, flow: flow) }
        message.bytes.withUnsafeBytes { deliver($0, flow: flow) }
    }

    private func deliverToReader(_ message: SharedBytes, flow: UInt64) {
        if let reader {
            self.reader = nil
            connection?.consumed(self, flow: flow)
            reader.resume(.success([message]))
        } else {
            inbox.append(Received(message: message, flow: flow))
        }
    }

    func receiveEndOfMessages() {
        hasReceivedAll = true
        if let reader {
            self.reader = nil
            reader.resume(.success([]))
        }
        owner?.streamDidReceiveAll(self)
    }

    /// Asks for more to send, where a task waits with a message.
    func continueSending() {
        guard let connection, let message = messageToSend, let sender else { return }
        guard connection.hasRoom(self) else { return connection.wakeWhenThereIsRoom(self) }
        self.sender = nil
        messageToSend = nil
        do throws(RPCError) {
            try connection.check(message)
            connection.queueMessage(self, message)
            isReplayable = false
            sender.resume(.success(()))
        } catch {
            sender.resume(.failure(error))
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
            inbox = []
            assembly = nil
        }
        hasReceivedAll = true
        if inboundFailure == nil { inboundFailure = inbound }
        if outboundFailure == nil { outboundFailure = outbound }
        messageToSend = nil
        if let sender {
            self.sender = nil
            sender.resume(.failure(outbound))
        }
        if let reader {
            self.reader = nil
            if let inbound { reader.resume(.failure(inbound)) } else { reader.resume(.success([])) }
        }
    }

    /// The messages that nobody has read.
    package func takeUnread() -> [[UInt8]] {
        defer { inbox = [] }
        return inbox.map(\.message.bytes)
    }

    private func takeReady() throws -> Ready {
        loop.assertOnLoop()
        if !inbox.isEmpty { return .messages(takeBatch()) }
        if let inboundFailure { throw inboundFailure }
        return hasReceivedAll ? .end : .notYet
    }

    /// Some of the messages that are here. They count as used up: the reader holds no more than this besides a window.
    private func takeBatch() -> [SharedBytes] {
        var batch: [SharedBytes] = []
        var flow: UInt64 = 0
        while flow < Self.batchBytes, let received = inbox.popFirst() {
            batch.append(received.message)
            flow += received.flow
        }
        if inbox.isEmpty { inbox = [] }
        connection?.consumed(self, flow: flow)
        return batch
    }

    /// Queues now if there is room. False where the sender has to wait.
    private func trySend(_ bytes: SharedBytes) throws -> Bool {
        loop.assertOnLoop()
        if let outboundFailure { throw outboundFailure }
        guard let connection, connection.hasRoom(self) else { return false }
        try connection.check(bytes)
        connection.queueMessage(self, bytes)
        isReplayable = false
        return true
    }

    private func park(reader waiter: Waiter<[SharedBytes]>, _ continuation: UnsafeContinuation<[SharedBytes], any Error>) {
        do {
            if waiter.isCancelled { throw CancellationError() }
            precondition(reader == nil, "two tasks read one stream")
            switch try takeReady() {
            case .messages(let messages): continuation.resume(returning: messages)
            case .end: continuation.resume(returning: [])
            case .notYet:
                waiter.continuation = continuation
                reader = waiter
            }
        } catch {
            continuation.resume(throwing: error)
        }
    }

    private func park(
        sender waiter: Waiter<Void>, _ bytes: SharedBytes, _ continuation: UnsafeContinuation<Void, any Error>
    ) {
        do {
            if waiter.isCancelled { throw CancellationError() }
            precondition(sender == nil, "two tasks send on one stream")
            if try trySend(bytes) { return continuation.resume() }
            waiter.continuation = continuation
            sender = waiter
            messageToSend = bytes
            connection?.wakeWhenThereIsRoom(self)
        } catch {
            continuation.resume(throwing: error)
        }
    }

    private func cancel(reader waiter: Waiter<[SharedBytes]>) {
        waiter.isCancelled = true
        if reader === waiter { reader = nil }
        waiter.resume(.failure(CancellationError()))
    }

    private func cancel(sender waiter: Waiter<Void>) {
        waiter.isCancelled = true
        if sender === waiter {
            sender = nil
            messageToSend = nil
        }
        waiter.resume(.failure(CancellationError()))
    }
}

extension CallStream: InboundMessageSource {
    package func nextMessages() async throws -> [SharedBytes] {
        if let ready = try takeReadyHere() { return ready }
        if isInOwnTask {
            return try await withUnsafeThrowingContinuation { park(readerOf: $0) }
        }
        return try await nextMessagesOrCancellation()
    }

    /// What need not be waited for, where this is the loop's thread.
    @inline(never)
    private func takeReadyHere() throws -> [SharedBytes]? {
        guard loop.isCurrent else { return nil }
        switch try takeReady() {
        case .messages(let messages): return messages
        case .end: return []
        case .notYet: return nil
        }
    }

    @inline(never)
    private func park(readerOf continuation: UnsafeContinuation<[SharedBytes], any Error>) {
        let isCancelled = Task.isCancelled
        loop.perform {
            let waiter = Waiter<[SharedBytes]>()
            waiter.isCancelled = isCancelled
            self.park(reader: waiter, continuation)
        }
    }

    private func nextMessagesOrCancellation() async throws -> [SharedBytes] {
        let waiter = Waiter<[SharedBytes]>()
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                loop.perform { self.park(reader: waiter, continuation) }
            }
        } onCancel: {
            loop.perform { self.cancel(reader: waiter) }
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
    package func sendMessage(_ bytes: SharedBytes) async throws {
        if loop.isCurrent, try trySend(bytes) { return }
        if isInOwnTask {
            return try await withUnsafeThrowingContinuation { park(senderOf: bytes, $0) }
        }
        try await sendMessageOrCancellation(bytes)
    }

    @inline(never)
    private func park(senderOf bytes: SharedBytes, _ continuation: UnsafeContinuation<Void, any Error>) {
        let isCancelled = Task.isCancelled
        loop.perform {
            let waiter = Waiter<Void>()
            waiter.isCancelled = isCancelled
            self.park(sender: waiter, bytes, continuation)
        }
    }

    private func sendMessageOrCancellation(_ bytes: SharedBytes) async throws {
        let waiter = Waiter<Void>()
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                loop.perform { self.park(sender: waiter, bytes, continuation) }
            }
        } onCancel: {
            loop.perform { self.cancel(sender: waiter) }
        }
    }
}
