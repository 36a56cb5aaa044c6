import RPCClient
import RPCServer
import RPCTransport
import STTProto
import Testing

@Suite("Long messages over a real socket", .timeLimit(.minutes(5)))
struct LongMessageTests {
    /// Bytes that tell their place.
    private static func audio(_ count: Int, seed: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 31) ^ ($0 >> 8) ^ seed) }
    }

    private static func digest(_ bytes: [UInt8], into digest: inout UInt64) {
        for byte in bytes { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    private static let sizes = [
        1, 300_000, 0, 262_144, 65_536 - 4, 65_536, 40_000, 16, 1_000_000, 70_000, 4_000_000, 5,
    ]

    private static func upload(_ client: RPCClient, seed: Int) async throws -> Bool {
        var expected: UInt64 = 0
        for size in sizes { digest(audio(size, seed: seed), into: &expected) }
        let reply: SubmitReply = try await client.clientStreaming("test/Upload") {
            (writer: RequestWriter<SubmitRequest>) in
            try await writer.send(.options(SubmitOptions(filename: "a.wav")))
            for size in sizes { try await writer.send(.audio(audio(size, seed: seed))) }
        }
        return reply.jobID == String(expected) && reply.audioBytes == sizes.reduce(0, +)
    }

    private static func addUpload(_ methods: inout MethodRegistry) {
        methods.clientStreaming("test/Upload") { (requests: InboundMessages<SubmitRequest>, _) in
            var received: UInt64 = 0
            var bytes = 0
            for try await request in requests {
                guard case .audio(let audio) = request else { continue }
                digest(audio, into: &received)
                bytes += audio.count
            }
            return SubmitReply(jobID: String(received), audioBytes: bytes)
        }
    }

    @Test func `uploads of all sizes arrive as they were sent, several at once and calls among them`() async throws {
        try await withServer(methods: Self.addUpload) { _, client in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for seed in 0..<4 { group.addTask { try await Self.upload(client, seed: seed) } }
                group.addTask {
                    for index in 0..<200 {
                        let item = Item("k\(index)", [UInt8](repeating: 1, count: index * 97 % 20_000))
                        let reply: Item = try await client.unary("test/Echo", item)
                        guard reply == item else { return false }
                    }
                    return true
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test func `a long message to a method that takes one is read whole`() async throws {
        try await withServer { _, client in
            let item = Item("long", Self.audio(1_000_000, seed: 3))
            let reply: Item = try await client.unary("test/Echo", item)
            #expect(reply == item)
        }
    }

    @Test func `a call that ends in the middle of a long message disturbs no other`() async throws {
        try await withServer(methods: { methods in
            Self.addUpload(&methods)
            methods.clientStreaming("test/Refuse") {
                (_: InboundMessages<SubmitRequest>, _) -> SubmitReply in
                throw RPCError(.resourceExhausted, "no")
            }
        }) { _, client in
            let message = SubmitRequest.audio([UInt8](repeating: 7, count: 1_000_000))
            for _ in 0..<8 {
                let error = await #expect(throws: RPCError.self) {
                    let _: SubmitReply = try await client.clientStreaming("test/Refuse") {
                        (writer: RequestWriter<SubmitRequest>) in
                        for _ in 0..<4 { try await writer.send(message) }
                    }
                }
                #expect(error?.code == .resourceExhausted)
            }
            let isRight = try await Self.upload(client, seed: 9)
            #expect(isRight)
        }
    }

    @Test func `a handler's child task that reads is cancelled by itself`() async throws {
        let (answered, signal) = AsyncStream.makeStream(of: Void.self)
        let result: Item = try await withServer(methods: { methods in
            methods.clientStreaming("test/Impatient") { (requests: InboundMessages<Item>, _) in
                let wasCancelled = await withTaskGroup(of: Bool.self) { group in
                    group.addTask {
                        do {
                            for try await _ in requests {}
                            return false
                        } catch {
                            return error is CancellationError
                        }
                    }
                    group.cancelAll()
                    return await group.next() ?? false
                }
                signal.finish()
                return Item(wasCancelled ? "cancelled" : "went on")
            }
        }) { _, client in
            try await client.clientStreaming("test/Impatient") { (_: RequestWriter<Item>) in
                for await _ in answered {}
            }
        }
        #expect(result == Item("cancelled"))
    }
}
