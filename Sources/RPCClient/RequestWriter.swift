internal import RPCTransport
public import RPCWire
public import STTProto

/// Streams the requests of a client-streaming call.
///
/// Concurrency: to be used by one task at a time.
public struct RequestWriter<Message: ProtoMessage>: Sendable {
    private let messages: OutboundMessages<Message>

    init(_ messages: OutboundMessages<Message>) { self.messages = messages }

    /// Sends one message. Suspends while the server has not consumed enough of the earlier ones.
    ///
    /// - Throws: ``RPCWire/RPCError`` where the call has ended; let it pass, the call then throws or returns what the
    ///   server answered.
    public nonisolated(nonsending) func send(_ message: Message) async throws { try await messages.send(message) }

    /// Sends a message that is encoded already.
    public nonisolated(nonsending) func send(encoded: SharedBytes) async throws {
        try await messages.send(encoded: encoded)
    }
}
