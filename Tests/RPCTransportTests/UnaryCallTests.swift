import Logging
import RPCServer
import RPCTransport
import STTProto
import Synchronization
import Testing

@testable import RPCClient

@Suite("Unary calls from on and off the client's loop", .timeLimit(.minutes(5)))
struct UnaryCallTests {
    /// Counts the calls that have begun and ended.
    private final class Ledger: CallInterceptor {
        let begun = Atomic<Int>(0)
        let ended = Atomic<Int>(0)

        var isEven: Bool { begun.load(ordering: .relaxed) == ended.load(ordering: .relaxed) }

        func callBegins(_ call: inout CallHead) throws(RPCError) { begun.add(1, ordering: .relaxed) }
        func callEnded(_ call: CallHead, _ summary: CallSummary) { ended.add(1, ordering: .relaxed) }
    }

    /// A message that nothing but itself can be read as.
    private struct Odd: ProtoMessage {
        static func decode(_ bytes: UnsafeRawBufferPointer) throws(ProtoError) -> Odd { throw .malformed }
        func encode() throws(ProtoError) -> [UInt8] { [] }
    }

    @Test(arguments: [true, false])
    func `each reply reaches the task that asked, many at once`(isOnLoop: Bool) async throws {
        try await withServer { _, client in
            let executor = isOnLoop ? try client.taskExecutor : nil
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<64 {
                    group.addTask(executorPreference: executor) {
                        for index in 0..<50 {
                            let value = [UInt8](repeating: UInt8(index), count: index * task * 7 % 20_000)
                            let reply: Item = try await client.unary("test/Echo", Item("\(task) \(index)", value))
                            #expect(reply == Item("\(task) \(index)", value))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a malformed reply and more than one reply are INTERNAL`() async throws {
        try await withServer { _, client in
            let malformed = await #expect(throws: RPCError.self) {
                let _: Odd = try await client.unary("test/Echo", Item("a"))
            }
            #expect(malformed?.code == .internalError)
            #expect(malformed?.message.contains("malformed reply") == true)
            let two = await #expect(throws: RPCError.self) {
                let _: Item = try await client.unary("test/Repeat", Item("2", [1]))
            }
            #expect(two?.code == .internalError)
            #expect(two?.message.contains("2 replies") == true)
            let none = await #expect(throws: RPCError.self) {
                let _: Item = try await client.unary("test/Repeat", Item("0"))
            }
            #expect(none?.message.contains("0 replies") == true)
        }
    }

    @Test func `a method whose name cannot be sent is refused without harm to the connection`() async throws {
        try await withServer { _, client in
            for name in ["a\0b", String(repeating: "m", count: 20_000)] {
                let error = await #expect(throws: RPCError.self) {
                    let _: Item = try await client.unary(name, Item(""))
                }
                #expect(
                    error?.code == .invalidArgument || error?.code == .internalError || error?.code == .unimplemented)
            }
            let reply: Item = try await client.unary("test/Echo", Item("on"))
            #expect(reply.key == "on")
        }
    }

    /// 10,000 calls that end in every way there is, at moments drawn by lot.
    @Test(arguments: [true, false])
    func `every call of a race of cancellations, deadlines and replies ends once`(isOnLoop: Bool) async throws {
        let onServer = Ledger()
        let onClient = Ledger()
        var configuration = RPCServerConfiguration()
        configuration.interceptors = [onServer]
        configuration.connection.limits.maxResets = .max
        var clientConfiguration = RPCClientConfiguration()
        clientConfiguration.interceptors = [onClient]
        try await withServer(
            configuration, client: clientConfiguration,
            methods: { methods in
                methods.unary("test/Yield") { (request: Item, _) -> Item in
                    for _ in request.value {
                        await Task.yield()
                        try Task.checkCancellation()
                    }
                    return request
                }
            }
        ) { _, client in
            let executor = isOnLoop ? try client.taskExecutor : nil
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 {
                    group.addTask(executorPreference: executor) {
                        for _ in 0..<100 { try await Self.race(client) }
                    }
                }
                try await group.waitForAll()
            }
            // A slot on the server is free once its handler has returned, even where the client has given the call up.
            while !onServer.isEven { await Task.yield() }
            // None is left behind: as many calls as the connection takes run at once.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<128 {
                    group.addTask {
                        let options = CallOptions(timeout: .seconds(60))
                        let _: Item = try await client.unary("test/Yield", Item("", [1, 2, 3]), options: options)
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(onClient.begun.load(ordering: .relaxed) >= 1000)
        #expect(onClient.isEven)
        #expect(onServer.isEven)
    }

    private static func race(_ client: RPCClient) async throws {
        let timeout: Duration? = Bool.random() ? .microseconds(Int.random(in: 1...3000)) : nil
        let call = Task { () -> Item in
            try await client.unary(
                "test/Yield", Item("k", [UInt8](repeating: 1, count: .random(in: 0...40))),
                options: CallOptions(timeout: timeout))
        }
        let isCancelled = Int.random(in: 0..<3) == 0
        if isCancelled {
            for _ in 0..<Int.random(in: 0...20) { await Task.yield() }
            call.cancel()
        }
        do {
            #expect(try await call.value.key == "k")
        } catch let error as RPCError {
            switch error.code {
            case .deadlineExceeded: #expect(timeout != nil)
            case .cancelled: #expect(isCancelled || timeout != nil)
            // The handlers of calls that were given up have not all returned yet.
            case .resourceExhausted: break
            default: throw error
            }
        }
    }

    @Test func `clients share as many loops as there are processors, and the last one ends its loop`() async throws {
        let loops = ClientLoops(most: 2)
        let taken = try (0..<5).map { _ in try loops.take() }
        #expect(loops.count == 2)
        #expect(Set(taken.map(ObjectIdentifier.init)).count == 2)
        var ended = 0
        for loop in taken where loops.giveBack(loop) {
            ended += 1
            await loop.stop()
        }
        #expect(ended == 2)
        #expect(loops.count == 0)
    }

    @Test func `a client that is closed does not end the loop of another`() async throws {
        let fixture = try await Fixture()
        let clients = (0..<8).map { _ in fixture.client() }
        for client in clients { let _: Item = try await client.unary("test/Echo", Item("a")) }
        for client in clients.dropLast() { await client.close() }
        let reply: Item = try await clients[7].unary("test/Echo", Item("b"))
        #expect(reply.key == "b")
        await clients[7].close()
        await fixture.server.shutdown()
    }
}
