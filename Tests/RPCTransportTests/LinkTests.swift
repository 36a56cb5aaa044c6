import Foundation
import RPCClient
import RPCServer
import RPCTransport
import STTProto
import STTTestKit
import Synchronization
import Testing

@Suite("Calls over a link that fails", .timeLimit(.minutes(5)), .serialized)
struct LinkTests {
    /// What a call came to, when its link was cut at some byte.
    private enum Outcome: Equatable {
        case reply
        case unavailable
        case other(String)
    }

    /// Handlers of one server, counted by the request's key, for one may begin after its caller has given up.
    private final class Counted: Sendable {
        private let counts = Mutex<(begun: [String: Int], ended: Int)>(([:], 0))

        func begun(_ key: String) -> Int { counts.withLock { $0.begun[key] ?? 0 } }
        var mostBegun: Int { counts.withLock { $0.begun.values.max() ?? 0 } }
        var running: Int { counts.withLock { $0.begun.values.reduce(0, +) - $0.ended } }

        private func begin(_ key: String) { counts.withLock { $0.begun[key, default: 0] += 1 } }
        private func end() { counts.withLock { $0.ended += 1 } }

        func register(_ methods: inout MethodRegistry) {
            methods.unary("test/Once") { [self] (request: Item, _) in
                begin(request.key)
                defer { end() }
                return request
            }
            methods.serverStreaming("test/Five") { [self] (request: Item, messages: OutboundMessages<Item>, _) in
                begin(request.key)
                defer { end() }
                for index in 0..<5 { try await messages.send(Item("\(index)")) }
            }
        }
    }

    @Test func `split into single bytes, calls are the same`() async throws {
        try await withServer { fixture, _ in
            var faults = InProcessLink.Faults()
            faults.pieceBytes = 1
            let client = fixture.client(through: InProcessLink(faults))
            let reply: Item = try await client.unary("test/Echo", Item("k", [1, 2, 3]))
            #expect(reply == Item("k", [1, 2, 3]))
            let sum: Item = try await client.clientStreaming("test/Count") { (writer: RequestWriter<Item>) in
                for _ in 0..<3 { try await writer.send(Item("", [UInt8](repeating: 1, count: 1000))) }
            }
            #expect(sum.key == "3 3000")
            await client.close()
        }
    }

    @Test(arguments: [true, false])
    func `a unary call cut at any byte has its reply or is UNAVAILABLE, and is done once at most`(
        _ fromClient: Bool
    ) async throws {
        try await cutEverywhere(fromClient, most: 1) { client, key in
            let reply: Item = try await client.unary("test/Once", Item(key, [1, 2, 3]))
            #expect(reply == Item(key, [1, 2, 3]))
        } verify: { begun, outcome in
            if outcome == .reply { #expect(begun == 1) }
            return outcome == .reply || outcome == .unavailable
        }
    }

    @Test(arguments: [true, false])
    func `a unary call with an idempotency key has its reply wherever the link is cut`(
        _ fromClient: Bool
    ) async throws {
        try await cutEverywhere(fromClient, most: 2) { client, key in
            let reply: Item = try await client.unary(
                "test/Once", Item(key, [1, 2, 3]), options: CallOptions(idempotencyKey: key))
            #expect(reply == Item(key, [1, 2, 3]))
        } verify: { begun, outcome in
            if outcome == .reply { #expect(begun >= 1) }
            // A reply that has come in part is not asked for again: nobody can tell how much of it was taken.
            return outcome == .reply || (outcome == .unavailable && !fromClient)
        }
    }

    @Test(arguments: [true, false])
    func `a stream cut at any byte brings the first messages in order, and then its end or UNAVAILABLE`(
        _ fromClient: Bool
    ) async throws {
        try await cutEverywhere(fromClient, most: 1) { client, key in
            let keys = Mutex<[String]>([])
            defer { #expect(keys.withLock { $0.elementsEqual((0..<$0.count).map(String.init)) }) }
            let count = try await client.serverStreaming("test/Five", Item(key), receiving: Item.self) { messages in
                for try await message in messages { keys.withLock { $0.append(message.key) } }
                return keys.withLock { $0.count }
            }
            #expect(count == 5)
        } verify: { _, outcome in
            outcome == .reply || outcome == .unavailable
        }
    }

    /// Makes a call again and again, with the first connection cut one byte later each time.
    ///
    /// - Parameters:
    ///   - most: How often a call's handler may run.
    ///   - call: Makes the call with a key that no other has.
    ///   - verify: How often the handler has begun so far, and the outcome; whether that may be.
    private func cutEverywhere(
        _ fromClient: Bool, most: Int, _ call: (RPCClient, String) async throws -> Void, verify: (Int, Outcome) -> Bool
    ) async throws {
        let counted = Counted()
        try await withServer(methods: counted.register) { fixture, _ in
            let whole = InProcessLink()
            let client = fixture.client(through: whole)
            try await call(client, "1000")
            await client.close()
            let counts = whole.lastCounts
            let total = fromClient ? counts.fromClient : counts.fromServer
            try #require(total > 50 && total < 1000)
            var replies = 0
            for length in 0..<total {
                let key = "\(2000 + length)"
                var faults = InProcessLink.Faults()
                if fromClient {
                    faults.cutAfterBytesFromClient = length
                } else {
                    faults.cutAfterBytesFromServer = length
                }
                let client = fixture.client(through: InProcessLink(faults), InProcessLink())
                var outcome = Outcome.reply
                do {
                    try await call(client, key)
                    replies += 1
                } catch let error as RPCError {
                    outcome = error.code == .unavailable ? .unavailable : .other("\(error)")
                }
                await client.close()
                let begun = counted.begun(key)
                #expect(verify(begun, outcome), "cut after \(length) bytes: \(outcome), \(begun) handlers")
            }
            while counted.running > 0 { await Task.yield() }
            #expect(counted.mostBegun <= most)
            print("cut after each of \(total) bytes from the \(fromClient ? "client" : "server"): \(replies) replies")
        }
    }

    @Test func `a peer that has vanished is found by both sides within interval and timeout`() async throws {
        var serverSide = RPCServerConfiguration()
        var clientSide = RPCClientConfiguration()
        serverSide.connection.limits.keepaliveFloorMilliseconds = 50
        clientSide.connection.limits.keepaliveFloorMilliseconds = 50
        serverSide.connection.keepaliveInterval = .seconds(1)
        serverSide.connection.keepaliveTimeout = .seconds(1)
        clientSide.connection.keepaliveInterval = .seconds(1)
        clientSide.connection.keepaliveTimeout = .seconds(1)
        try await withServer(serverSide) { [clientSide] fixture, _ in
            let link = InProcessLink()
            let client = fixture.client(through: link, configuration: clientSide)
            // The server's HELLO has come, too: it may go out after a handler has begun.
            let _: Item = try await client.unary("test/Echo", Item(""))
            let call = Task { () throws(RPCError) -> Item in try await client.unary("test/Hang", Item("")) }
            await fixture.probe.wait(for: "started")
            link.swallow()
            let start = ContinuousClock.now
            let error = await #expect(throws: RPCError.self) { _ = try await call.value }
            let clientTime = ContinuousClock.now - start
            await fixture.probe.wait(for: "cancelled")
            let serverTime = ContinuousClock.now - start
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("no answer to a PING") == true, "\(error?.message ?? "")")
            // 2 s after the last byte that came through, and a machine that is busy.
            let longest = Duration.seconds(8) * Sanitizing.timeFactor
            #expect(clientTime > .milliseconds(500) && clientTime < longest, "\(clientTime)")
            #expect(serverTime > .milliseconds(500) && serverTime < longest, "\(serverTime)")
            print("vanished peer: found by the client in \(clientTime), by the server in \(serverTime)")
            await client.close()
        }
    }

    @Test func `a thousand cancelled calls leave nothing on either side`() async throws {
        var configuration = RPCServerConfiguration()
        configuration.connection.limits.maxResets = 100_000
        // A cancelled call counts until its handler has returned, of which the client does not know.
        configuration.connection.limits.maxStreams = 2000
        let counted = Turns()
        let ended = Turns()
        let began = HandlerProbe()
        try await withServer(configuration) { methods in
            methods.unary("test/Wait") { (request: Item, _) -> Item in
                _ = counted.next()
                began.record(request.key)
                defer { _ = ended.next() }
                try await Task.sleep(for: .seconds(3600))
                return request
            }
        } _: { fixture, client in
            let _: Item = try await client.unary("test/Echo", Item(""))
            let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1000 {
                    if number >= 100 { try await group.next() }
                    group.addTask {
                        let call = Task { () throws(RPCError) -> Item in
                            try await client.unary("test/Wait", Item("\(number)"))
                        }
                        // Cancelled before it is sent, on its way, or while its handler waits.
                        if number % 2 == 0 {
                            await began.wait(for: "\(number)")
                        } else {
                            for _ in 0..<(number % 40) { await Task.yield() }
                        }
                        call.cancel()
                        let error = await #expect(throws: RPCError.self) { _ = try await call.value }
                        #expect(error?.code == .cancelled)
                    }
                }
                try await group.waitForAll()
            }
            // The slots of cancelled calls are free only once their handlers have returned, so this waits for them.
            for _ in 0..<200 { let _: Item = try await client.unary("test/Echo", Item("on")) }
            while ended.value < counted.value { await Task.yield() }
            let after = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
            #expect(after <= before + 20)
            #expect(counted.value >= 500)
            print("1000 cancelled calls, \(counted.value) of them after their handler had begun")
        }
    }
}
