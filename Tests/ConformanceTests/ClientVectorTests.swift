import Logging
import RPCClient
import STTProto
import Testing

/// Sends the bytes of a vector as they are, and keeps those of the replies.
struct RawMessage: ProtoMessage {
    var bytes: [UInt8]

    func encode() throws(ProtoError) -> [UInt8] { bytes }
    static func decode(_ bytes: UnsafeRawBufferPointer) throws(ProtoError) -> RawMessage {
        RawMessage(bytes: [UInt8](bytes))
    }
}

@Suite("The client follows the vectors", .timeLimit(.minutes(5)))
struct ClientVectorTests {
    static let vectors = VectorFile.load(ClientVector.self, role: "client")

    @Test func `there are vectors`() {
        #expect(Self.vectors.count >= 40)
    }

    @Test func `every vector holds`() async throws {
        for vector in Self.vectors {
            if let failure = await Self.run(vector) {
                Issue.record("§\(vector.rule) \(vector.name): \(failure)")
            }
        }
    }

    private static func run(_ vector: ClientVector) async -> String? {
        let server = ScriptedServer(vector)
        var configuration = RPCClientConfiguration()
        configuration.connection.limits.maxMessageBytes = WireLimits.smallest.maxMessageBytes
        configuration.connection.limits.initialWindowBytes = WireLimits.smallest.initialWindowBytes
        configuration.connection.limits.maxFrameBytes = WireLimits.smallest.maxFrameBytes
        configuration.connection.limits.maxHeldBytes = 1 << 20
        configuration.initialBackoff = .milliseconds(5)
        configuration.defaultTimeout = .seconds(10)
        let client = RPCClient(
            addresses: [.tcp(host: "127.0.0.1", port: server.port)], configuration: configuration,
            logger: Logger(label: "conformance") { _ in SwiftLogNoOpLogHandler() })
        let (messages, error) = await call(client, vector)
        await client.close()
        let (frames, problem) = server.stop()
        if let problem { return problem }
        return compare(vector, messages, error) ?? missing(vector, frames)
    }

    private static func call(_ client: RPCClient, _ vector: ClientVector) async -> ([RawMessage], RPCError?) {
        var messages: [RawMessage] = []
        do {
            if vector.kind == "unary" {
                let request = RawMessage(bytes: vector.request.bytes)
                // The reply must be one of JobStatus.
                let reply: RawMessage = try await client.unary("stt.v1.SpeechToText/Status", request)
                do {
                    _ = try JobStatus.decode(reply.bytes)
                } catch {
                    throw RPCError(.internalError, "malformed reply: \(error)")
                }
                messages.append(reply)
            } else {
                let request = RawMessage(bytes: vector.request.bytes)
                messages = try await client.serverStreaming("stt.v1.SpeechToText/GetResult", request) {
                    (replies: InboundMessages<RawMessage>) -> [RawMessage] in
                    for try await reply in replies { messages.append(reply) }
                    return messages
                }
            }
            return (messages, nil)
        } catch let error as RPCError {
            return (messages, error)
        } catch {
            return (messages, RPCError(.unknown, "not an RPCError: \(error)"))
        }
    }

    private static func compare(_ vector: ClientVector, _ messages: [RawMessage], _ error: RPCError?) -> String? {
        let outcome = vector.outcome
        let code = error?.code ?? .ok
        if code.rawValue != outcome.code {
            return "code \(code), expected \(outcome.code); \(error?.message ?? "")"
        }
        if let message = outcome.message, error?.message != message { return "message: \(error?.message ?? "none")" }
        if let wait = outcome.retryAfter, error?.retryAfter != .milliseconds(wait) {
            return "retry after \(String(describing: error?.retryAfter))"
        }
        if let count = outcome.count, count != messages.count { return "\(messages.count) messages, not \(count)" }
        if let expected = outcome.messages, expected.map(\.bytes) != messages.map(\.bytes) {
            return "the messages are \(messages.map(\.bytes))"
        }
        return nil
    }

    private static func missing(_ vector: ClientVector, _ frames: [ReceivedFrame]) -> String? {
        for pattern in vector.clientSends ?? [] {
            let isThere = frames.contains { frame in
                frame.name == pattern.frame && (pattern.reason == nil || frame.goAway?.reason == pattern.reason)
                    && (pattern.payload == nil || frame.payload == pattern.payload?.bytes)
                    && (pattern.flags == nil || frame.header.flags.rawValue == pattern.flags)
                    && (pattern.stream == nil || frame.header.stream == pattern.stream)
            }
            if !isThere { return "the client did not send \(pattern); it sent \(frames.map(\.description))" }
        }
        return nil
    }
}
