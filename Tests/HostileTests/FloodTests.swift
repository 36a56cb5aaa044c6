import Synchronization
import Testing

extension Hostile {
    /// Many cheap frames, each of which makes the server do something.
    @Suite("Floods")
    struct FloodTests {
        /// Sends a flood until the server closes, or once.
        private func flood(
            _ name: String, boundMiB: Int = 12, isRepeated: Bool = true, _ bytes: @escaping @Sendable () -> [UInt8]
        ) -> Attack {
            let bytes = bytes()
            return Attack(name: name, boundMiB: boundMiB) { assault in
                try assault.connect { connection in
                    while connection.send(bytes), isRepeated, !assault.isOver {}
                    connection.read(until: isRepeated ? .now + .seconds(5) : assault.end)
                }
            }
        }

        @Test func `rapid reset: more than 200 calls made and cancelled in 30 s end the connection with abuse`()
            async throws
        {
            let attack = flood("rapid reset", isRepeated: false) {
                (0..<400).flatMap { index -> [UInt8] in
                    let stream = UInt32(2 * index + 1)
                    return WireBytes.request("target/Slow", "200", stream: stream) + WireBytes.cancel(stream)
                }
            }
            try await attack.run().expectAbuse()
        }

        @Test func `resets that the server is provoked to make count like the client's own`() async throws {
            let provocations: [@Sendable (UInt32) -> [UInt8]] = [
                // A malformed CALL, a malformed request, an unknown method, no request, two requests.
                { WireBytes.frame(.call, stream: $0, payload: [0xFF]) },
                { stream in
                    WireBytes.call("target/Echo", stream: stream)
                        + WireBytes.frame(.data, flags: WireBytes.endSend, stream: stream, payload: [0xFF])
                },
                { WireBytes.request("target/Nothing", "", stream: $0) },
                { stream in
                    WireBytes.call("target/Echo", stream: stream)
                        + WireBytes.frame(.data, flags: WireBytes.endSend | WireBytes.noMessage, stream: stream)
                },
                { stream in
                    WireBytes.call("target/Echo", stream: stream) + WireBytes.frame(.data, stream: stream)
                        + WireBytes.frame(.data, stream: stream)
                },
            ]
            let floods = provocations.map { provocation in (0..<300).flatMap { provocation(UInt32(2 * $0 + 1)) } }
            let told = Told()
            let attack = Attack(name: "provoked resets", attackers: 5, boundMiB: 12) { assault in
                try assault.connect { connection in
                    connection.send(floods[assault.index])
                    connection.read(until: assault.end)
                    if connection.seen.goAways[Reason.abuse] != nil { told.note(assault.index) }
                }
            }
            let result = try await attack.run()
            // Each of them: those that are not told make few connections, and would not show among the others.
            #expect(told.all == Set(provocations.indices))
            result.expectAbuse(attackers: 5)
            #expect(Set(result.answers.ends.keys) == [Code.invalidArgument, Code.unimplemented])
        }

        @Test func `PINGs: more than 100 in 30 s end the connection, and at most 100 are answered`() async throws {
            let result = try await flood("PING flood") { WireBytes.ping() * 1000 }.run()
            result.expectAbuse()
            #expect(result.answers.pongs <= 100 * result.answers.connections)
        }

        @Test func `PINGs whose answers nobody reads are bounded as those that are read`() async throws {
            let attack = Attack(name: "PINGs unread", boundMiB: 12) { assault in
                try assault.connect(receiveBuffer: 4096) { connection in
                    let pings = WireBytes.ping() * 500
                    while connection.send(pings, reading: false), !assault.isOver {}
                    connection.read()
                }
            }
            try await attack.run().expectAbuse()
        }

        @Test func `streams beyond max_streams are refused, and 200 refusals end the connection`() async throws {
            let attack = flood("stream flood", boundMiB: 16, isRepeated: false) {
                (0..<600).flatMap { WireBytes.request("target/Slow", "60000", stream: UInt32(2 * $0 + 1)) }
            }
            let result = try await attack.run()
            result.expectAbuse()
            #expect(result.answers.ends[Code.resourceExhausted, default: 0] > 200)
        }

        @Test func `fragments that bring nothing: more than 100 in 30 s end the connection`() async throws {
            let attack = flood("empty fragments") {
                WireBytes.call("target/Sink", stream: 1)
                    + WireBytes.frame(.data, flags: WireBytes.more, stream: 1) * 5000
            }
            try await attack.run().expectAbuse()
        }

        @Test func `frames of unknown type that are to be ignored are counted`() async throws {
            let attack = flood("ignorable frames") {
                WireBytes.header(length: 0, type: 99, flags: WireBytes.ignorable) * 20_000
            }
            try await attack.run().expectAbuse()
        }

        @Test func `GOAWAYs from a client are counted`() async throws {
            let attack = flood("GOAWAY flood") {
                WireBytes.frame(.goAway, payload: WireBytes.number(2, 0) + WireBytes.text(3, "bye")) * 5000
            }
            try await attack.run().expectAbuse()
        }

        @Test func `CANCELs and WINDOWs of streams that are over are counted`() async throws {
            let attack = Attack(name: "late CANCEL and WINDOW", boundMiB: 12) { assault in
                try assault.connect { connection in
                    connection.send(WireBytes.request("target/Echo", "", stream: 1))
                    let late = (WireBytes.cancel(1) + WireBytes.window(1, .max)) * 3000
                    while connection.send(late), !assault.isOver {}
                    connection.read()
                }
            }
            try await attack.run().expectAbuse()
        }

        @Test func `WINDOWs of absurd value overflow nothing, and too many of them are counted`() async throws {
            let attack = flood("absurd WINDOWs") {
                let values: [UInt64] = [0, .max, 1, .max - 1, UInt64(UInt32.max), 1 << 63]
                let windows = values.flatMap { WireBytes.window(1, $0) } * 1000
                return WireBytes.call("target/Stuck", stream: 1) + windows
            }
            try await attack.run().expectAbuse()
        }

        @Test func `DATA of a stream that is over may use up the credit that the stream had, not more`() async throws {
            let attack = Attack(name: "late DATA", boundMiB: 12) { assault in
                try assault.connect { connection in
                    connection.send(WireBytes.call("target/Nothing", stream: 1))
                    let late = WireBytes.frame(.data, stream: 1, payload: [1]) * 5000
                    while connection.send(late), !assault.isOver {}
                    connection.read()
                }
            }
            try await attack.run().expect(Reason.flowControl)
        }

        /// As fast as the handler takes them: each costs the handler far more than it costs the sender.
        @Test(arguments: [[], WireBytes.text(1, "")])
        func `long runs of messages of two bytes, or of none, to a handler that reads them hold up nobody`(
            _ message: [UInt8]
        ) async throws {
            let run = WireBytes.frame(.data, stream: 1, payload: message) * 500
            let attack = Attack(name: "runs of messages of \(message.count) bytes", boundMiB: 12) { assault in
                try assault.connect { connection in
                    connection.send(WireBytes.call("target/Sink", stream: 1))
                    var sent = 0
                    while !connection.isClosed, !assault.isOver {
                        while sent + run.count <= connection.seen.limits[1] ?? 262_144, !assault.isOver {
                            connection.send(run, until: assault.end)
                            sent += run.count
                        }
                        let limit = connection.seen.limits[1]
                        connection.read(until: assault.end) { $0.limits[1] != limit }
                    }
                }
            }
            let result = try await attack.run()
            #expect(result.answers.goAways.isEmpty && result.answers.ends.isEmpty)
        }

        @Test func `a handler that ignores its cancellation keeps its slot, so resets gain no concurrency`()
            async throws
        {
            let attack = Attack(
                name: "stubborn handlers", options: ["--max-streams", "32"], attackers: 2, boundMiB: 12
            ) { assault in
                // One connection each: what is bounded is what a connection can have running.
                guard assault.round == 0 else { return }
                try assault.connect { connection in
                    let flood = (0..<150).flatMap { index -> [UInt8] in
                        let stream = UInt32(2 * index + 1)
                        return WireBytes.request("target/Stubborn", "3000", stream: stream) + WireBytes.cancel(stream)
                    }
                    connection.send(flood)
                    connection.read(until: assault.end)
                }
            }
            let result = try await attack.run { server, honest in
                let running = try await honest.runningHandlers()
                #expect(running == 64)
            }
            #expect(result.answers.ends == [Code.resourceExhausted: 2 * (150 - 32)])
        }

        @Test func `deadlines of nothing and of for ever are kept, and cost no more than other calls`() async throws {
            let attack = Attack(name: "deadlines", boundMiB: 12) { assault in
                try assault.connect { connection in
                    let values: [UInt64] = [1, 2, .max, UInt64(Int64.max), UInt64(UInt32.max) + 1]
                    let calls = (0..<100).flatMap {
                        WireBytes.request(
                            "target/Slow", "100", stream: UInt32(2 * $0 + 1), deadline: values[$0 % values.count])
                    }
                    connection.send(calls)
                    connection.read(until: assault.end) { $0.ends.values.reduce(0, +) == 100 }
                }
            }
            let result = try await attack.run()
            #expect(Set(result.answers.ends.keys).isSubset(of: [0, Code.deadlineExceeded]))
            #expect(result.answers.ends[Code.deadlineExceeded, default: 0] > 0)
            #expect(result.answers.ends[0, default: 0] > 0)
        }
    }
}

/// Attackers that were told what this test is about.
private final class Told: Sendable {
    private let attackers = Mutex<Set<Int>>([])

    func note(_ attacker: Int) { attackers.withLock { _ = $0.insert(attacker) } }
    var all: Set<Int> { attackers.withLock { $0 } }
}

extension Attack.Result {
    /// Every connection of the attack was told so, but for those of the last round, which time may have cut short.
    func expect(_ reason: UInt64, attackers: Int = 3, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(answers.goAways.keys.sorted() == [reason], sourceLocation: sourceLocation)
        let told = answers.goAways[reason, default: 0]
        #expect(told >= max(2, answers.connections - attackers), sourceLocation: sourceLocation)
    }

    func expectAbuse(attackers: Int = 3, sourceLocation: SourceLocation = #_sourceLocation) {
        expect(Reason.abuse, attackers: attackers, sourceLocation: sourceLocation)
    }
}
