import STTProto
import Testing

@testable import STTClient

private func partial(_ chunk: Int) -> StreamResultReply {
    .partial(Partial(chunk: chunk, text: "line \(chunk)\n"))
}

private func status(_ state: JobState, done: Int = 0) -> StreamResultReply {
    .status(JobStatus(jobID: "j", state: state, chunksDone: done))
}

@Suite struct StreamCursorTests {
    private func delivered(_ step: StreamCursor.Step) -> Int? {
        guard case .deliver(.partial(let partial)) = step else { return nil }
        return partial.chunk
    }

    @Test func `partials in order are each delivered and move the place to resume at`() throws {
        var cursor = StreamCursor(job: "j", fromChunk: 0, order: .inOrder)
        for chunk in 0..<3 { #expect(delivered(try cursor.take(partial(chunk))) == chunk) }
        #expect(cursor.request == StreamResultRequest(jobID: "j", fromChunk: 3, order: .inOrder))
    }

    @Test func `what a server repeats after a reconnect is skipped`() throws {
        var cursor = StreamCursor(job: "j", fromChunk: 2, order: .inOrder)
        _ = try cursor.take(partial(2))
        #expect(try cursor.take(partial(2)) == .skip)
        #expect(try cursor.take(partial(1)) == .skip)
        #expect(delivered(try cursor.take(partial(3))) == 3)
    }

    @Test func `a hole in an ordered stream is an error, not a silent loss`() throws {
        var cursor = StreamCursor(job: "j", fromChunk: 0, order: .inOrder)
        let error = #expect(throws: RPCError.self) { try cursor.take(partial(1)) }
        #expect(error?.code == .dataLoss)
    }

    @Test func `partials as ready resume at the first one missing and are delivered once`() throws {
        var cursor = StreamCursor(job: "j", fromChunk: 0, order: .asReady)
        for chunk in [2, 0, 4] { #expect(delivered(try cursor.take(partial(chunk))) == chunk) }
        #expect(cursor.request.fromChunk == 1)
        for chunk in [2, 4, 0] { #expect(try cursor.take(partial(chunk)) == .skip) }
        #expect(delivered(try cursor.take(partial(1))) == 1)
        #expect(cursor.request.fromChunk == 3)
        #expect(delivered(try cursor.take(partial(3))) == 3)
        #expect(cursor.request.fromChunk == 5)
    }

    @Test func `a status is delivered only where it tells something new`() throws {
        var cursor = StreamCursor(job: "j", fromChunk: 0, order: .inOrder)
        #expect(try cursor.take(status(.transcribing)) != .skip)
        #expect(try cursor.take(status(.transcribing)) == .skip)
        #expect(try cursor.take(status(.transcribing, done: 1)) != .skip)
    }

    @Test(arguments: [JobState.completed, .failed, .cancelled])
    func `a terminal status ends the stream`(_ state: JobState) throws {
        var cursor = StreamCursor(job: "j", fromChunk: 0, order: .inOrder)
        guard case .finish(.status(let last)) = try cursor.take(status(state)) else {
            Issue.record("not finished")
            return
        }
        #expect(last.state == state)
    }

    @Test func `an event of a newer server is skipped`() throws {
        var cursor = StreamCursor(job: "j", fromChunk: 0, order: .inOrder)
        #expect(try cursor.take(.unrecognized) == .skip)
    }

    @Test func `whatever order chunks come in and however often, each is delivered once`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SplitMix(state: seed)
        for _ in 0..<200 {
            var cursor = StreamCursor(job: "j", fromChunk: 0, order: .asReady)
            let count = Int.random(in: 1...30, using: &generator)
            var seen: [Int] = []
            while seen.count < count {
                // A connection: some of the chunks from the place asked for, in any order.
                for chunk in (cursor.request.fromChunk..<count).shuffled(using: &generator).prefix(5) {
                    if let chunk = delivered(try cursor.take(partial(chunk))) { seen.append(chunk) }
                }
            }
            #expect(seen.sorted() == Array(0..<count), "seed \(seed)")
            #expect(cursor.request.fromChunk == count, "seed \(seed)")
        }
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
