import RPCServer
import RPCTransport
import STTProto
import Synchronization

/// What the test methods report, as events that a test can wait for.
final class HandlerProbe: Sendable {
    private struct State {
        var events: [String] = []
        var waiters: [(String, CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func record(_ event: String) {
        let ready = state.withLock { state in
            state.events.append(event)
            let ready = state.waiters.filter { $0.0 == event }
            state.waiters.removeAll { $0.0 == event }
            return ready
        }
        for (_, continuation) in ready { continuation.resume() }
    }

    func count(_ event: String) -> Int { state.withLock { $0.events.count { $0 == event } } }

    /// Waits until `event` has been recorded, or until the test is out of time.
    func wait(for event: String) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isHere = state.withLock { state in
                    if state.events.contains(event) || Task.isCancelled { return true }
                    state.waiters.append((event, continuation))
                    return false
                }
                if isHere { continuation.resume() }
            }
        } onCancel: {
            let waiters = state.withLock { state in
                defer { state.waiters = [] }
                return state.waiters
            }
            for (_, continuation) in waiters { continuation.resume() }
        }
    }
}

extension MethodRegistry {
    mutating func registerTestMethods(_ probe: HandlerProbe) {
        unary("test/Echo") { (request: Item, _) in request }
        unary("test/Fail") { (_: Item, _) -> Item in
            throw RPCError(.notFound, "no such thing", details: [1, 2, 3], retryAfter: .milliseconds(250))
        }
        unary("test/Crash") { (_: Item, _) -> Item in
            struct Unexpected: Error {}
            throw Unexpected()
        }
        unary("test/Context") { (_: Item, context) -> Item in
            Item(
                "\(context.idempotencyKey ?? "-") \(context.traceparent ?? "-") \(context.deadline != nil)",
                context.metadata.first("k") ?? [])
        }
        // Returns only when it is cancelled.
        unary("test/Hang") { (request: Item, _) -> Item in
            probe.record("started")
            defer { probe.record("ended") }
            do {
                try await Task.sleep(for: .seconds(3600))
            } catch {
                probe.record("cancelled")
                throw error
            }
            return request
        }
        clientStreaming("test/Count") { (messages: InboundMessages<Item>, _) -> Item in
            var count = 0
            var bytes = 0
            for try await message in messages {
                count += 1
                bytes += message.value.count
            }
            return Item("\(count) \(bytes)")
        }
        clientStreaming("test/Stuck") { (_: InboundMessages<Item>, _) -> Item in
            try await Task.sleep(for: .seconds(3600))
            return Item("")
        }
        clientStreaming("test/AnswerEarly") { (messages: InboundMessages<Item>, _) -> Item in
            for try await message in messages { return Item("early", message.value) }
            return Item("none")
        }
        clientStreaming("test/RefuseEarly") { (messages: InboundMessages<Item>, _) -> Item in
            for try await _ in messages { throw RPCError(.resourceExhausted, "enough") }
            return Item("none")
        }
        // Sends as many messages as the key says, each as long as the value.
        serverStreaming("test/Repeat") { (request: Item, messages: OutboundMessages<Item>, _) in
            defer { probe.record("repeat ended") }
            for index in 0..<(Int(request.key) ?? 0) {
                try await messages.send(Item("\(index)", request.value))
                probe.record("sent")
            }
        }
        serverStreaming("test/FailAfterTwo") { (_: Item, messages: OutboundMessages<Item>, _) in
            try await messages.send(Item("0"))
            try await messages.send(Item("1"))
            throw RPCError(.dataLoss, "the rest is gone")
        }
    }
}
