import RPCClient
import RPCServer
import RPCTransport
import STTProto
import Testing

@Suite("Calls over a real socket", .timeLimit(.minutes(5)))
struct CallTests {
    @Test func `a unary call gets its reply`() async throws {
        try await withServer { _, client in
            let reply: Item = try await client.unary("test/Echo", Item("hello", [1, 2, 3]))
            #expect(reply == Item("hello", [1, 2, 3]))
        }
    }

    @Test func `an empty request and an empty reply are messages too`() async throws {
        try await withServer { _, client in
            let reply: Item = try await client.unary("test/Echo", Item(""))
            #expect(reply == Item(""))
        }
    }

    @Test func `a status carries code, message, details and retry-after`() async throws {
        try await withServer { _, client in
            let error = await #expect(throws: RPCError.self) {
                let _: Item = try await client.unary("test/Fail", Item(""))
            }
            #expect(error?.code == .notFound)
            #expect(error?.message == "no such thing")
            #expect(error?.details == [1, 2, 3])
            #expect(error?.retryAfter == .milliseconds(250))
        }
    }

    @Test func `an error without a status becomes INTERNAL and tells nothing`() async throws {
        try await withServer { _, client in
            let error = await #expect(throws: RPCError.self) {
                let _: Item = try await client.unary("test/Crash", Item(""))
            }
            #expect(error?.code == .internalError)
            #expect(error?.message.contains("Unexpected") == false)
        }
    }

    @Test func `an unknown method is UNIMPLEMENTED and the connection lives on`() async throws {
        try await withServer { _, client in
            let error = await #expect(throws: RPCError.self) {
                let _: Item = try await client.unary("test/Nothing", Item(""))
            }
            #expect(error?.code == .unimplemented)
            let reply: Item = try await client.unary("test/Echo", Item("on"))
            #expect(reply.key == "on")
        }
    }

    @Test func `metadata, idempotency key, trace context and deadline reach the handler`() async throws {
        try await withServer { _, client in
            let reply: Item = try await client.unary(
                "test/Context", Item(""),
                options: CallOptions(
                    timeout: .seconds(30), idempotencyKey: "once", metadata: ["k": "v"], traceparent: "00-ab"))
            #expect(reply.key == "once 00-ab true")
            #expect(reply.value == [UInt8]("v".utf8))
        }
    }

    @Test func `a client stream of messages larger than the window arrives whole`() async throws {
        try await withServer { _, client in
            let chunk = [UInt8](repeating: 7, count: 1_000_000)
            let reply: Item = try await client.clientStreaming("test/Count") { (writer: RequestWriter<Item>) in
                for _ in 0..<20 { try await writer.send(Item("", chunk)) }
            }
            #expect(reply.key == "20 20000000")
        }
    }

    @Test func `a client stream of nothing is an empty stream`() async throws {
        try await withServer { _, client in
            let reply: Item = try await client.clientStreaming("test/Count") { (_: RequestWriter<Item>) in }
            #expect(reply.key == "0 0")
        }
    }

    @Test func `a server stream arrives in order`() async throws {
        try await withServer { _, client in
            let keys = try await client.serverStreaming(
                "test/Repeat", Item("10000", [1]), receiving: Item.self
            ) { messages in
                var keys: [String] = []
                for try await message in messages { keys.append(message.key) }
                return keys
            }
            #expect(keys == (0..<10000).map(String.init))
        }
    }

    @Test func `messages before an error are delivered, then the error`() async throws {
        try await withServer { _, client in
            var keys: [String] = []
            let error = await #expect(throws: RPCError.self) {
                try await client.serverStreaming("test/FailAfterTwo", Item(""), receiving: Item.self) { messages in
                    for try await message in messages { keys.append(message.key) }
                }
            }
            #expect(keys == ["0", "1"])
            #expect(error?.code == .dataLoss)
        }
    }

    @Test func `a server that answers early ends the writer and returns its reply`() async throws {
        try await withServer { _, client in
            let reply: Item = try await client.clientStreaming("test/AnswerEarly") { (writer: RequestWriter<Item>) in
                while true { try await writer.send(Item("", [UInt8](repeating: 1, count: 1000))) }
            }
            #expect(reply.key == "early")
        }
    }

    @Test func `a server that refuses early ends the call with its status`() async throws {
        try await withServer { _, client in
            let error = await #expect(throws: RPCError.self) {
                let _: Item = try await client.clientStreaming("test/RefuseEarly") { (writer: RequestWriter<Item>) in
                    while true { try await writer.send(Item("", [UInt8](repeating: 1, count: 1000))) }
                }
            }
            #expect(error?.code == .resourceExhausted)
            #expect(error?.message == "enough")
        }
    }

    @Test func `hundreds of calls share one connection`() async throws {
        try await withServer { _, client in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<500 {
                    group.addTask {
                        let value = [UInt8](repeating: UInt8(index % 251), count: index * 100)
                        let reply: Item = try await client.unary("test/Echo", Item("\(index)", value))
                        return reply == Item("\(index)", value)
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test func `calls work over a unix socket`() async throws {
        let path = "/tmp/rpc-test-\(UInt64.random(in: 0 ... .max)).sock"
        try await withServer(listen: [.unix(path: path)]) { _, client in
            let reply: Item = try await client.unary("test/Echo", Item("unix"))
            #expect(reply.key == "unix")
        }
    }
}
