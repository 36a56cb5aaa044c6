import RPCClient
import Testing

@testable import STTClient

@Suite struct ServerSequenceTests {
    @Test func `elements come in order and then the end`() async throws {
        let sequence = ServerSequence<Int> { handoff in
            for number in 0..<100 { try await handoff.send(number) }
        }
        var seen: [Int] = []
        for try await number in sequence { seen.append(number) }
        #expect(seen == Array(0..<100))
    }

    @Test func `an error comes after the elements before it`() async throws {
        let sequence = ServerSequence<Int> { handoff in
            try await handoff.send(1)
            throw RPCError(.notFound, "gone")
        }
        var iterator = sequence.makeAsyncIterator()
        #expect(try await iterator.next() == 1)
        let error = await #expect(throws: SpeechError.self) { _ = try await iterator.next() }
        #expect(error?.code == .notFound)
    }

    @Test func `a producer is held back while nobody reads`() async throws {
        let handoff = Handoff<Int>()
        let producer = Task {
            for number in 0..<20 { try await handoff.send(number) }
            handoff.finish(.success(()))
        }
        // The producer cannot be ahead by more than the buffer, so every element is still there to be read.
        var seen: [Int] = []
        while let number = try await handoff.next() { seen.append(number) }
        #expect(seen == Array(0..<20))
        try await producer.value
    }

    @Test func `a producer that nobody reads any more is told`() async throws {
        let handoff = Handoff<Int>()
        handoff.abandon()
        await #expect(throws: CancellationError.self) { try await handoff.send(1) }
    }

    @Test func `leaving the loop ends the producer`() async throws {
        let (ended, signal) = AsyncStream.makeStream(of: Bool.self)
        let sequence = ServerSequence<Int> { handoff in
            do {
                var number = 0
                while true {
                    try await handoff.send(number)
                    number += 1
                }
            } catch {
                signal.yield(error is CancellationError)
                signal.finish()
                throw error
            }
        }
        for try await number in sequence where number == 3 { break }
        var iterator = ended.makeAsyncIterator()
        #expect(await iterator.next() == true)
    }

    @Test func `cancelling the reader ends its wait`() async throws {
        let (started, signal) = AsyncStream.makeStream(of: Void.self)
        let sequence = ServerSequence<Int> { _ in
            signal.yield()
            let (never, _) = AsyncStream.makeStream(of: Void.self)
            for await _ in never {}
            try Task.checkCancellation()
        }
        let reader = Task {
            for try await _ in sequence {}
        }
        var iterator = started.makeAsyncIterator()
        _ = await iterator.next()
        reader.cancel()
        let result = await reader.result
        #expect(throws: SpeechError.self) { try result.get() }
    }
}
