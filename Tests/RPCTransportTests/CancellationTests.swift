import RPCClient
import RPCServer
import RPCTransport
import STTProto
import Testing

@Suite("Cancellation and deadlines", .timeLimit(.minutes(5)))
struct CancellationTests {
    @Test func `cancelling the task ends the call and reaches the handler`() async throws {
        try await withServer { fixture, client in
            let call = Task { () throws(RPCError) -> Item in try await client.unary("test/Hang", Item("")) }
            await fixture.probe.wait(for: "started")
            call.cancel()
            // Without the cancellation this would come in an hour.
            await fixture.probe.wait(for: "ended")
            let error = await #expect(throws: RPCError.self) { _ = try await call.value }
            #expect(error?.code == .cancelled)
            #expect(fixture.probe.count("cancelled") == 1)
        }
    }

    @Test func `a task cancelled before it calls never reaches the server`() async throws {
        try await withServer { fixture, client in
            let call = Task { () throws(RPCError) -> Item in
                withUnsafeCurrentTask { $0?.cancel() }
                return try await client.unary("test/Hang", Item(""))
            }
            let error = await #expect(throws: RPCError.self) { _ = try await call.value }
            #expect(error?.code == .cancelled)
            let _: Item = try await client.unary("test/Echo", Item(""))
            #expect(fixture.probe.count("started") == 0)
        }
    }

    @Test func `the deadline ends the call at the client and cancels the handler`() async throws {
        try await withServer { fixture, client in
            // Connected first, so that the deadline is not over before the call is sent.
            let _: Item = try await client.unary("test/Echo", Item(""))
            let error = await #expect(throws: RPCError.self) {
                let _: Item = try await client.unary(
                    "test/Hang", Item(""), options: CallOptions(timeout: .milliseconds(100)))
            }
            #expect(error?.code == .deadlineExceeded)
            await fixture.probe.wait(for: "ended")
        }
    }

    @Test func `the server enforces the deadline of a client that does not`() async throws {
        try await withServer { fixture, _ in
            let peer = try RawPeer(port: fixture.port)
            try peer.sendPrefaceAndHello()
            try peer.sendCall("test/Hang", Item(""), deadlineMilliseconds: 30)
            let end = try peer.readEnd()
            #expect(end.code == StatusCode.deadlineExceeded.rawValue)
            await fixture.probe.wait(for: "cancelled")
        }
    }

    @Test func `a handler blocked on sending is freed by the client's cancellation`() async throws {
        try await withServer { fixture, client in
            try await client.serverStreaming(
                "test/Repeat", Item("1000000", [UInt8](repeating: 0, count: 10_000)), receiving: Item.self
            ) { messages in
                for try await _ in messages { break }
            }
            await fixture.probe.wait(for: "repeat ended")
            #expect(fixture.probe.count("sent") < 1000)
        }
    }

    @Test func `a slow reader bounds what the server holds for it`() async throws {
        try await withServer { fixture, _ in
            let peer = try RawPeer(port: fixture.port)
            try peer.sendPrefaceAndHello()
            try peer.sendCall("test/Repeat", Item("1000000", [UInt8](repeating: 0, count: 10_000)))
            // The client's window of 64 KiB and the stream's output buffer of 128 KiB are all that fits.
            var received = 0
            while received < 64 * 1024 - 100 { received += try peer.readFrame(.data).payload.count }
            let pong = try peer.ping()
            #expect(pong)
            #expect(fixture.probe.count("sent") < 25)
        }
    }

    @Test func `a lost connection cancels its handlers`() async throws {
        try await withServer { fixture, _ in
            let peer = try RawPeer(port: fixture.port)
            try peer.sendPrefaceAndHello()
            try peer.sendCall("test/Hang", Item(""))
            await fixture.probe.wait(for: "started")
            peer.close()
            await fixture.probe.wait(for: "cancelled")
        }
    }
}
