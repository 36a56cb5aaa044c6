import RPCClient
import RPCServer
import RPCTransport
import RPCWire
import STTProto
import STTTestKit
import Synchronization
import Testing

@Suite("Interceptors", .timeLimit(.minutes(5)))
struct InterceptorTests {
    private func server(_ interceptors: any CallInterceptor...) -> RPCServerConfiguration {
        var configuration = RPCServerConfiguration()
        configuration.interceptors = interceptors
        return configuration
    }

    private func client(_ interceptors: any CallInterceptor...) -> RPCClientConfiguration {
        var configuration = RPCClientConfiguration()
        configuration.interceptors = interceptors
        return configuration
    }

    @Test func `they are asked in order, see what those before changed, and are told of the end in reverse`()
        async throws
    {
        let order = Mutex<[String]>([])
        func ordered(_ name: String) -> OrderInterceptor {
            OrderInterceptor { entry in order.withLock { $0.append("\(name)\(entry)") } }
        }
        try await withServer(server(ordered("a"), ordered("b"), ordered("c"))) { _, client in
            let _: Item = try await client.unary("test/Echo", Item(""))
        }
        #expect(order.withLock { $0 } == ["a0", "b1", "c2", "c end", "b end", "a end"])
    }

    @Test func `one that objects ends the call with its error, and only those before it are told`() async throws {
        let (first, last) = (RecordingInterceptor(), RecordingInterceptor())
        let refusal = RecordingInterceptor { _ throws(RPCError) in
            throw RPCError(.resourceExhausted, "enough", retryAfter: .milliseconds(1500))
        }
        try await withServer(server(first, refusal, last)) { _, client in
            let error = await #expect(throws: RPCError.self) {
                let _: Item = try await client.unary("test/Echo", Item(""))
            }
            #expect(error?.code == .resourceExhausted)
            #expect(error?.message == "enough")
            #expect(error?.retryAfter == .milliseconds(1500))
        }
        #expect(first.notes == ["+test/Echo", "-test/Echo RESOURCE_EXHAUSTED"])
        #expect(refusal.notes == ["+test/Echo"])
        #expect(last.notes == [])
    }

    @Test func `on the client one that objects keeps the call from being sent`() async throws {
        let seen = RecordingInterceptor()
        let first = RecordingInterceptor()
        let refusal = RecordingInterceptor { _ throws(RPCError) in throw RPCError(.permissionDenied, "not you") }
        try await withServer(server(seen), client: client(first, refusal)) { _, client in
            let error = await #expect(throws: RPCError.self) {
                let _: Item = try await client.unary("test/Echo", Item(""))
            }
            #expect(error?.code == .permissionDenied)
        }
        #expect(seen.notes == [])
        #expect(first.notes == ["+test/Echo", "-test/Echo PERMISSION_DENIED"])
    }

    @Test func `a client's changes of metadata, trace and deadline go out with the call`() async throws {
        let change = RecordingInterceptor { call throws(RPCError) in
            call.metadata.append([7], for: "k")
            call.traceparent = "t"
            call.timeout = .seconds(50)
        }
        try await withServer(client: client(change)) { _, client in
            let reply: Item = try await client.unary(
                "test/Context", Item(""), options: CallOptions(traceparent: "other"))
            #expect(reply.key == "- t true")
            #expect(reply.value == [7])
        }
    }

    @Test func `a client's interceptor can take the trace away`() async throws {
        let change = RecordingInterceptor { call throws(RPCError) in call.traceparent = nil }
        try await withServer(client: client(change)) { _, client in
            let reply: Item = try await client.unary(
                "test/Context", Item(""), options: CallOptions(traceparent: "other"))
            #expect(reply.key == "- - false")
        }
    }

    @Test func `a deadline set on either side is enforced there`() async throws {
        let hasty = RecordingInterceptor { call throws(RPCError) in call.timeout = .milliseconds(30) }
        for (onServer, onClient) in [([hasty], []), ([], [hasty])] as [([any CallInterceptor], [any CallInterceptor])] {
            var (server, client) = (RPCServerConfiguration(), RPCClientConfiguration())
            (server.interceptors, client.interceptors) = (onServer, onClient)
            try await withServer(server, client: client) { fixture, client in
                let error = await #expect(throws: RPCError.self) {
                    let _: Item = try await client.unary("test/Hang", Item(""))
                }
                #expect(error?.code == .deadlineExceeded)
            }
        }
    }

    @Test(arguments: [
        ("test/Echo", "OK"), ("test/Fail", "NOT_FOUND"), ("test/Crash", "INTERNAL"), ("test/None", "UNIMPLEMENTED"),
    ])
    func `both sides are told once how a call ended`(method: String, code: String) async throws {
        let (onServer, onClient) = (RecordingInterceptor(), RecordingInterceptor())
        try await withServer(server(onServer), client: client(onClient)) { _, client in
            let _: Item? = try? await client.unary(method, Item(""))
            await onServer.wait(for: 2)
        }
        #expect(onServer.notes == ["+\(method)", "-\(method) \(code)"])
        #expect(onClient.notes == ["+\(method)", "-\(method) \(code)"])
    }

    @Test func `streams end once, whoever ends them`() async throws {
        let (onServer, onClient) = (RecordingInterceptor(), RecordingInterceptor())
        try await withServer(server(onServer), client: client(onClient)) { fixture, client in
            try await client.serverStreaming("test/Repeat", Item("3"), receiving: Item.self) { messages in
                for try await _ in messages {}
            }
            await onServer.wait(for: 2)
            try await client.serverStreaming(
                "test/Repeat", Item("1000000", [UInt8](repeating: 0, count: 10_000)), receiving: Item.self
            ) { messages in
                for try await _ in messages { break }
            }
            await onServer.wait(for: 4)
            let _: Item? = try? await client.clientStreaming("test/RefuseEarly", returning: Item.self) {
                (writer: RequestWriter<Item>) in
                while true { try await writer.send(Item("")) }
            }
            await onServer.wait(for: 6)
        }
        #expect(
            onServer.notes == [
                "+test/Repeat", "-test/Repeat OK", "+test/Repeat", "-test/Repeat CANCELLED", "+test/RefuseEarly",
                "-test/RefuseEarly RESOURCE_EXHAUSTED",
            ])
        #expect(onClient.notes == onServer.notes)
    }

    @Test func `a cancelled call has ended only when its handler has returned`() async throws {
        let (onServer, onClient) = (RecordingInterceptor(), RecordingInterceptor())
        let gate = Gate()
        try await withServer(
            server(onServer), client: client(onClient),
            methods: { registry in
                // Takes no notice of its cancellation.
                registry.unary("test/Stubborn") { (request: Item, _) -> Item in
                    await Task { await gate.wait() }.value
                    return request
                }
            }
        ) { fixture, client in
            let call = Task { () throws(RPCError) -> Item in try await client.unary("test/Stubborn", Item("")) }
            await gate.arrivals(1)
            call.cancel()
            _ = await call.result
            // Behind the CANCEL on the same connection, so the server has seen it.
            let _: Item = try await client.unary("test/Echo", Item(""))
            #expect(onClient.notes.prefix(2) == ["+test/Stubborn", "-test/Stubborn CANCELLED"])
            #expect(!onServer.notes.contains { $0.hasPrefix("-test/Stubborn") })
            gate.open()
            await onServer.wait(for: 4)
            #expect(onServer.notes.last == "-test/Stubborn CANCELLED")
        }
        #expect(onServer.notes.count == 4)
    }

    @Test func `the deadline of a client that does not enforce it ends the call once`() async throws {
        let onServer = RecordingInterceptor()
        try await withServer(server(onServer)) { fixture, _ in
            let peer = try RawPeer(port: fixture.port)
            try peer.sendPrefaceAndHello()
            try peer.sendCall("test/Hang", Item(""), deadlineMilliseconds: 30)
            _ = try peer.readEnd()
            await onServer.wait(for: 2)
        }
        #expect(onServer.notes == ["+test/Hang", "-test/Hang DEADLINE_EXCEEDED"])
    }

    @Test func `a lost connection ends its calls once, on both sides`() async throws {
        let (onServer, onClient) = (RecordingInterceptor(), RecordingInterceptor())
        try await withServer(server(onServer), client: client(onClient)) { fixture, client in
            let peer = try RawPeer(port: fixture.port)
            try peer.sendPrefaceAndHello()
            try peer.sendCall("test/Hang", Item(""))
            await fixture.probe.wait(for: "started")
            peer.close()
            await onServer.wait(for: 2)
            #expect(onServer.notes == ["+test/Hang", "-test/Hang UNAVAILABLE"])

            let call = Task { () throws(RPCError) -> Item in try await client.unary("test/Hang", Item("")) }
            await onServer.wait(for: 3)
            await fixture.server.shutdown()
            _ = await call.result
            #expect(onClient.notes == ["+test/Hang", "-test/Hang UNAVAILABLE"])
        }
    }

    @Test func `a call cut off by a drain ends once`() async throws {
        let (onServer, onClient) = (RecordingInterceptor(), RecordingInterceptor())
        try await withServer(server(onServer), client: client(onClient)) { fixture, client in
            let call = Task { () throws(RPCError) -> Item in try await client.unary("test/Hang", Item("")) }
            await fixture.probe.wait(for: "started")
            await fixture.server.drain(grace: .zero)
            _ = await call.result
            await onServer.wait(for: 2)
        }
        #expect(onServer.notes == ["+test/Hang", "-test/Hang UNAVAILABLE"])
        #expect(onClient.notes == ["+test/Hang", "-test/Hang UNAVAILABLE"])
    }

    @Test func `a call that the connection ends for its message has that code`() async throws {
        let onServer = RecordingInterceptor()
        var configuration = server(onServer)
        configuration.connection.limits.maxMessageBytes = 65_536
        try await withServer(configuration) { fixture, _ in
            let peer = try RawPeer(port: fixture.port)
            try peer.sendPrefaceAndHello()
            try peer.send(.call, stream: 1, ControlMessage.Call(method: "test/Echo"))
            for _ in 0..<2 {
                try peer.send(.data, flags: .more, stream: 1, payload: [UInt8](repeating: 0, count: 50_000))
            }
            #expect(try peer.readEnd().code == StatusCode.resourceExhausted.rawValue)
            await onServer.wait(for: 2)
        }
        #expect(onServer.notes == ["+test/Echo", "-test/Echo RESOURCE_EXHAUSTED"])
    }

    @Test func `calls whose server cannot be reached end once`() async throws {
        let onClient = RecordingInterceptor()
        let fixture = try await Fixture()
        await fixture.server.shutdown()
        let client = fixture.client(client(onClient))
        let _: Item? = try? await client.unary("test/Echo", Item(""))
        await client.close()
        #expect(onClient.notes == ["+test/Echo", "-test/Echo UNAVAILABLE"])
    }
}

/// Tells of the metadata that it finds, and adds an entry.
private struct OrderInterceptor: CallInterceptor {
    let tell: @Sendable (String) -> Void

    func callBegins(_ call: inout CallHead) throws(RPCError) {
        tell("\(call.metadata.entries.count)")
        call.metadata.append([], for: "x")
    }

    func callEnded(_ call: CallHead, _ summary: CallSummary) { tell(" end") }
}
