public import STTCore
import Testing

/// What every event bus does. Adapters are judged by running all rules, each on a bus without subscribers.
public enum EventBusContract {
    public typealias Rule = ContractRule<any EventBus>

    public static var rules: [Rule] {
        [
            Rule("what is published after a subscription returned is delivered in order") { bus in
                let subscription = try await bus.subscribe(to: job)
                for index in 0..<100 { try await bus.publish(event(index)) }
                try await bus.publish(.jobChanged(job))
                var received: [JobEvent] = []
                for await event in subscription {
                    received.append(event)
                    if event == .jobChanged(job) { break }
                }
                #expect(received == (0..<100).map(event) + [.jobChanged(job)])
            },
            Rule("an event carries its chunk as it is") { bus in
                let subscription = try await bus.subscribe(to: job)
                var chunk = Chunk(job: job, span: Sample.spans(2)[1])
                chunk.state = .done
                chunk.attempts = 3
                chunk.claims = 4
                chunk.result = Sample.result(1)
                chunk.lastFailure = Sample.failure
                try await bus.publish(.chunkDone(chunk))
                let received = await first(1, of: subscription)
                #expect(received == [.chunkDone(chunk)])
            },
            Rule("a subscriber gets the events of its job only, and every subscriber gets them") { bus in
                let (one, two) = (try await bus.subscribe(to: job), try await bus.subscribe(to: job))
                let foreign = try await bus.subscribe(to: other)
                try await bus.publish(.jobChanged(other))
                try await bus.publish(event(1))
                try await bus.publish(control: .stop(job))
                try await bus.publish(event(2))
                #expect(await first(2, of: one) == [event(1), event(2)])
                #expect(await first(2, of: two) == [event(1), event(2)])
                #expect(await first(1, of: foreign) == [.jobChanged(other)])
            },
            Rule("control events reach every worker, and nothing else does") { bus in
                let (one, two) = (try await bus.subscribeToControl(), try await bus.subscribeToControl())
                try await bus.publish(event(0))
                for id in [job, other] { try await bus.publish(control: .stop(id)) }
                #expect(await first(2, of: one) == [.stop(job), .stop(other)])
                #expect(await first(2, of: two) == [.stop(job), .stop(other)])
            },
            Rule("a slow subscriber loses the oldest events, keeps the newest, and holds nobody up") { bus in
                let (slow, quick) = (try await bus.subscribe(to: job), try await bus.subscribe(to: job))
                var events = quick.makeAsyncIterator()
                let count = 5_000
                for index in 0..<count {
                    try await bus.publish(event(index))
                    #expect(await events.next() == event(index))
                }
                var received: [Int] = []
                for await case .chunkDone(let chunk) in slow {
                    received.append(chunk.index)
                    if chunk.index == count - 1 { break }
                }
                #expect(received.count < count)
                #expect(received == Array((count - received.count)..<count))
            },
            Rule("a subscription ends when its task is cancelled") { bus in
                let subscription = try await bus.subscribe(to: job)
                let reading = Task {
                    var count = 0
                    for await _ in subscription { count += 1 }
                    return count
                }
                reading.cancel()
                #expect(await reading.value == 0)
            },
            Rule("publishing without a subscriber, or after one has gone, does nothing") { bus in
                try await bus.publish(event(0))
                try await bus.publish(control: .stop(job))
                do {
                    let subscription = try await bus.subscribe(to: job)
                    try await bus.publish(event(1))
                    _ = await first(1, of: subscription)
                }
                try await bus.publish(event(2))
                let late = try await bus.subscribe(to: job)
                try await bus.publish(event(3))
                #expect(await first(1, of: late) == [event(3)])
            },
        ]
    }

    private static let job = JobID(at: Timestamp(millisecondsSinceEpoch: 1))
    private static let other = JobID(at: Timestamp(millisecondsSinceEpoch: 2))

    private static func event(_ index: Int) -> JobEvent {
        .chunkDone(Chunk(job: job, span: ChunkSpan(index: index, startSample: index, endSample: index + 1)))
    }

    private static func first<Event>(_ count: Int, of subscription: EventSubscription<Event>) async -> [Event] {
        var events: [Event] = []
        for await event in subscription {
            events.append(event)
            if events.count == count { break }
        }
        return events
    }
}
