import STTCore
import STTProto
import STTTestKit
import Testing

@testable import STTRedis

@Suite(.timeLimit(.minutes(5))) struct HostileEventTests {
    @Test("bytes that are no event are dropped, and the next event arrives") func dropsGarbage() async throws {
        let server = try RedisServer()
        let client = try await server.client()
        let log = LogRecorder()
        let bus = RedisEventBus(client, logger: log.logger)
        let queue = RedisWorkQueue(client, consumer: "a", logger: .silent)
        var events = try await bus.subscribe(to: Fixed.job).makeAsyncIterator()
        var control = try await bus.subscribeToControl().makeAsyncIterator()
        async let waiting = queue.next(.transcription)
        let other = JobID(at: Timestamp(millisecondsSinceEpoch: 5))
        let valid = EventCodec.encode(Fixed.event(0))
        let payloads: [[UInt8]] = [
            [], [0], Array("not protobuf".utf8), Array(repeating: 0xFF, count: 10_000), Array(valid.dropLast()),
            EventCodec.encode(Fixed.event(0, of: other)), EventCodec.encode(.stop(Fixed.job)),
            Array(repeating: 0, count: 5 << 20),
        ]
        for channel in ["job:\(Fixed.job)", "control", "bell:transcription", "bell:housekeeping"] {
            for payload in payloads where channel != "control" || payload != EventCodec.encode(.stop(Fixed.job)) {
                _ = try await client.run(RedisCommand(["PUBLISH", "{stt}:\(channel)"], payload: payload))
            }
        }
        try await bus.publish(Fixed.event(7))
        #expect(await events.next() == Fixed.event(7))
        try await bus.publish(control: .stop(other))
        #expect(await control.next() == .stop(other))
        try await queue.enqueue([Fixed.chunk(0)])
        #expect(try await waiting.item == Fixed.chunk(0))
        #expect(log.lines.count == 1, "\(log.lines)")
        await client.close()
    }

    @Test("no mutation of an event's bytes is more than refused") func survivesMutations() async {
        var generator = SeededGenerator(seed: 7)
        let valid = EventCodec.encode(Fixed.event(3))
        for round in 0..<20_000 {
            // The other tests' clocks go on.
            if round % 50 == 0 { await Task.yield() }
            var bytes = valid
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = .random(in: 0...255, using: &generator)
                case 1: bytes.removeSubrange(place...)
                default: bytes.insert(.random(in: 0...255, using: &generator), at: place)
                }
                if bytes.isEmpty { break }
            }
            guard case .chunkDone(let chunk)? = try? EventCodec.decodeJobEvent(bytes) else { continue }
            // What arithmetic would trap on.
            _ = (chunk.span.startMilliseconds, chunk.span.endMilliseconds, chunk.span.ownSamples, chunk.span.duration)
        }
    }

    @Test("numbers that cannot be are refused") func refusesNumbers() throws {
        func decode(_ change: (inout EventChunk) -> Void) -> JobEvent? {
            guard case .chunkDone(let chunk) = Fixed.event(1) else { return nil }
            var message = EventChunk(chunk)
            change(&message)
            let event = JobEventMessage(job: Fixed.job.description, event: .chunkDone(message))
            return (try? event.encode()).flatMap { try? EventCodec.decodeJobEvent($0) }
        }
        #expect(decode { _ in } == Fixed.event(1))
        #expect(decode { $0.startSample = -1 } == nil)
        #expect(decode { $0.endSample = .max } == nil)
        #expect(decode { $0.endSample = 0 } == nil)
        #expect(decode { $0.leadInSamples = 1 << 40 } == nil)
        #expect(decode { $0.state = .unspecified } == nil)
        #expect(decode { $0.result?.segments[0].startMilliseconds = .min } == nil)
        #expect(decode { $0.result?.segments[0].avgLogProbability = .nan } == nil)
        #expect(decode { $0.result?.segments[0].words[0].probability = .infinity } == nil)
        #expect(decode { $0.result?.engineMilliseconds = -1 } == nil)
        #expect(decode { $0.result?.guards[0].endMilliseconds = .max } == nil)
    }

    @Test("channels, flags and guards that are not there or not known leave the rest of an event as it is")
    func readsOtherVersions() throws {
        guard case .chunkDone(let chunk) = Fixed.event(1) else { return }
        func decode(_ change: (inout EventResult) -> Void) throws -> ChunkResult? {
            var message = EventChunk(chunk)
            if var result = message.result {
                change(&result)
                message.result = result
            }
            let event = JobEventMessage(job: Fixed.job.description, event: .chunkDone(message))
            guard case .chunkDone(let read) = try EventCodec.decodeJobEvent(try event.encode()) else { return nil }
            return read.result
        }
        var expected = try #require(chunk.result)
        expected.segments[0].channel = nil
        expected.segments[0].flags = []
        expected.guards = []
        let old = try decode {
            $0.segments[0].channel = 0
            $0.segments[0].flags = []
            $0.guards = []
        }
        #expect(old == expected)
        let new = try decode {
            $0.segments[0].flags.append("sung")
            $0.guards.append(EventGuardNote(kind: "hummed"))
        }
        #expect(new == chunk.result)
    }

    @Test(
        "a state of any number is refused",
        arguments: [[0x05], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], Array(repeating: 0xFF, count: 9) + [0x01]] as [[UInt8]])
    func refusesStates(_ varint: [UInt8]) throws {
        // Field 6 of a chunk, which is field 2 of the event; the job is field 1.
        let chunk = [0x18, 0x10, 0x30] + varint
        let job = Array(Fixed.job.description.utf8)
        let bytes = [0x0A, UInt8(job.count)] + job + [0x12, UInt8(chunk.count)] + chunk
        #expect(throws: EventCodec.Unreadable.self) { try EventCodec.decodeJobEvent(bytes) }
        #expect(
            try EventCodec.decodeJobEvent(bytes.dropLast(chunk.count + 1) + [4, 0x18, 0x10, 0x30, 0x03]).job
                == Fixed.job)
    }

    @Test("text that a message cannot carry becomes a hint to read the store") func fallsBack() throws {
        guard case .chunkDone(var chunk) = Fixed.event(1) else { return }
        chunk.result?.segments[0].text = "a\0b"
        #expect(try EventCodec.decodeJobEvent(EventCodec.encode(.chunkDone(chunk))) == .jobChanged(Fixed.job))
    }
}
