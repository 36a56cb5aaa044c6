import RPCWire
import Testing

@testable import RPCTransport

/// What comes while a task waits to read: streams without a connection, driven on their loop.
@Suite("Waking readers", .timeLimit(.minutes(5)))
struct ReaderWakingTests {
    private typealias Reading = Task<[MessageRun], any Error>
    private static let messages: [[UInt8]] = [[1], [], [UInt8](repeating: 2, count: 5000), [3, 3], [4]]

    private static func bytes(_ runs: [MessageRun]) -> [[UInt8]] {
        runs.flatMap { run in
            var run = run
            var messages: [[UInt8]] = []
            while !run.isEmpty { messages.append(run.next().bytes) }
            return messages
        }
    }

    /// Lets a task wait to read, then runs `body` on the loop, and then wakes readers as after a read of the socket.
    private func whileReading(
        _ body: @escaping @Sendable (CallStream, _ reading: Task<[MessageRun], any Error>) -> Void
    ) async throws -> (stream: CallStream, reading: Task<[MessageRun], any Error>, loop: EventLoop) {
        let loop = try EventLoop(name: "test")
        let stream = CallStream(loop: loop)
        let reading = await loop.run {
            // Runs until it waits.
            let reading: Reading = Task.immediate(executorPreference: loop) { try await stream.nextMessages() }
            body(stream, reading)
            loop.wakeReaders()
            return reading
        }
        return (stream, reading, loop)
    }

    private static func receive(_ stream: CallStream, endsSending: Bool = false) {
        for (index, message) in messages.enumerated() {
            message.withUnsafeBytes {
                stream.receive(
                    $0, isFirst: true, isLast: true, endsSending: endsSending && index == messages.count - 1,
                    flow: UInt64(message.count + FrameHeader.byteCount))
            }
        }
    }

    @Test func `what comes together goes to the reader together, in order, and then the end`() async throws {
        let (stream, reading, loop) = try await whileReading { stream, _ in Self.receive(stream, endsSending: true) }
        #expect(Self.bytes(try await reading.value) == Self.messages)
        #expect(try await stream.nextMessages().isEmpty)
        await loop.stop()
    }

    @Test func `a reader that is cancelled before it is woken loses nothing`() async throws {
        let (stream, reading, loop) = try await whileReading { stream, reading in
            Self.receive(stream)
            reading.cancel()
        }
        await #expect(throws: CancellationError.self) { _ = try await reading.value }
        #expect(Self.bytes(try await stream.nextMessages()) == Self.messages)
        await loop.stop()
    }

    @Test func `what came before an error is read before it`() async throws {
        let failure = RPCError(.aborted, "over")
        let (stream, reading, loop) = try await whileReading { stream, _ in
            Self.receive(stream)
            stream.fail(inbound: failure, outbound: failure, discarding: false)
        }
        #expect(Self.bytes(try await reading.value) == Self.messages)
        let error = await #expect(throws: RPCError.self) { _ = try await stream.nextMessages() }
        #expect(error?.code == .aborted)
        await loop.stop()
    }

    @Test func `a deadline that passes before the reader is woken leaves only its error`() async throws {
        let failure = RPCError(.deadlineExceeded, "late")
        let (stream, reading, loop) = try await whileReading { stream, _ in
            Self.receive(stream)
            stream.fail(inbound: failure, outbound: failure, discarding: true)
        }
        let error = await #expect(throws: RPCError.self) { _ = try await reading.value }
        #expect(error?.code == .deadlineExceeded)
        let next = await #expect(throws: RPCError.self) { _ = try await stream.nextMessages() }
        #expect(next?.code == .deadlineExceeded)
        await loop.stop()
    }
}
