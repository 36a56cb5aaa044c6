public import RPCWire
public import STTProto

/// Takes the encoded messages of one direction of a stream, in order. Called by one task at a time.
@usableFromInline
package protocol OutboundMessageSink: AnyObject, Sendable {
    /// Queues a message; waits while the peer accepts no more.
    nonisolated(nonsending) func sendMessage(_ bytes: SharedBytes) async throws
    /// Queues a message where that takes no waiting. False where it has to wait, in ``sendMessage(_:)``.
    func sendMessageNow(_ bytes: SharedBytes) throws -> Bool
    /// Whether ``sendCopy(of:)`` is worth a try.
    var takesCopies: Bool { get }
    /// Sends a short message where that takes no waiting, by copying it to where the next write begins. False where it is to
    /// be sent in another way.
    func sendCopy(of bytes: UnsafeRawBufferPointer) -> Bool
}

extension OutboundMessageSink {
    package func sendMessageNow(_ bytes: SharedBytes) throws -> Bool { false }
    package var takesCopies: Bool { false }
    package func sendCopy(of bytes: UnsafeRawBufferPointer) -> Bool { false }
}

/// Streams messages to a peer.
///
/// Concurrency: to be used by one task at a time.
public struct OutboundMessages<Message: ProtoMessage>: Sendable {
    @usableFromInline let sink: any OutboundMessageSink

    package init(_ sink: any OutboundMessageSink) { self.sink = sink }

    /// Sends one message. Suspends while the peer has not consumed enough of the earlier ones.
    ///
    /// - Throws: `CancellationError` where the call was given up by the peer, by its deadline or by this task;
    ///   ``RPCWire/RPCError`` where the stream has ended or the message cannot be sent.
    // Inlinable, so that it knows the message's type; what waits is in functions of its own.
    @inlinable
    public nonisolated(nonsending) func send(_ message: Message) async throws {
        if sendCopy(of: message) { return }
        let encoded = try encodeMessage(message)
        if try sink.sendMessageNow(encoded) { return }
        try await sink.sendMessage(encoded)
    }

    @inlinable
    func sendCopy(of message: Message) -> Bool {
        guard sink.takesCopies else { return false }
        var isSent = false
        return message.withEncodedBytes { isSent = sink.sendCopy(of: $0) } && isSent
    }

    /// Sends a message that is encoded already, shared by any number of streams.
    ///
    /// - Parameter encoded: The bytes of one `Message`.
    /// - Throws: As ``send(_:)``.
    public nonisolated(nonsending) func send(encoded: SharedBytes) async throws {
        // Most need not wait, and what may wait takes a frame of its own and changes of executors.
        if try sink.sendMessageNow(encoded) { return }
        try await sink.sendMessage(encoded)
    }
}

/// Encodes a message of this side's own making.
package func encode(_ message: some ProtoMessage) throws(RPCError) -> SharedBytes { try encodeMessage(message) }

@usableFromInline
func encodeMessage(_ message: some ProtoMessage) throws(RPCError) -> SharedBytes {
    do throws(ProtoError) {
        return try SharedBytes(encoding: message)
    } catch {
        throw RPCError(.internalError, "cannot encode a message: \(error)", cause: error)
    }
}
