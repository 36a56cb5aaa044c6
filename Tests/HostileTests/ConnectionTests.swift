import Foundation
import STTRig
import Synchronization
import Testing

extension Hostile {
    /// Connections that are made, held open or shut in ways that no client needs.
    @Suite("Connections")
    struct ConnectionTests {
        private static let times = ["--hello-timeout", "600", "--frame-timeout", "600"]

        @Test
        func `preface, HELLO, a frame or a long payload sent byte by byte end at their time-outs, though bytes come`()
            async throws
        {
            let sink = WireBytes.opening + WireBytes.call("target/Sink", stream: 1)
            let body = [UInt8](repeating: 1, count: 100)
            let slow: [(before: [UInt8], after: [UInt8])] = [
                ([], WireBytes.preface), (WireBytes.preface, Array(WireBytes.opening.dropFirst(8))),
                (WireBytes.opening, WireBytes.call("target/Echo", stream: 1)),
                (sink + WireBytes.header(length: 60_000, type: 3, flags: WireBytes.more, stream: 1) + body, body),
            ]
            let outlasted = Atomic(0)
            let attack = Attack(
                name: "slow header", options: Self.times, attackers: slow.count, boundMiB: 10
            ) { assault in
                let (before, after) = slow[assault.index]
                let connections = try (0..<50).map { _ in try RawConnection(assault.port, from: "127.0.0.2") }
                for connection in connections { connection.send(before) }
                // One byte in 400 ms, of a time-out of 600: it counts from the first, not from the last.
                for byte in after.dropLast().prefix(10) {
                    for connection in connections where !connection.isClosed {
                        connection.send([byte])
                        connection.take()
                    }
                    usleep(400_000)
                    for connection in connections { connection.take() }
                    if connections.allSatisfy(\.isClosed) { break }
                }
                outlasted.add(connections.count { !$0.isClosed }, ordering: .relaxed)
                for connection in connections {
                    connection.read()
                    assault.note(connection)
                }
            }
            let result = try await attack.run()
            #expect(result.answers.goAways.keys.sorted() == [Reason.helloTimeout, Reason.frameTimeout])
            #expect(result.answers.goAways.values.reduce(0, +) == result.answers.connections)
            #expect(result.answers.closed == result.answers.connections)
            #expect(outlasted.load(ordering: .relaxed) == 0, "connections that were open while bytes still came")
        }

        @Test func `a second HELLO ends the connection, and a flood of connections that do that harms nobody`()
            async throws
        {
            let attack = Attack(name: "HELLO flood", boundMiB: 12) { assault in
                try assault.connect { connection in
                    connection.send(Array(WireBytes.opening.dropFirst(8)) * 500)
                    connection.read(until: assault.end)
                }
            }
            try await attack.run().expect(Reason.protocolError)
        }

        @Test(arguments: ["--max-per-address", "--max-connections"])
        func `thousands of connections without HELLO: beyond the address's limit, or that of all, they are turned away`(
            _ limit: String
        ) async throws {
            let attack = Attack(
                name: "connection flood, \(limit)", options: [limit, "1500", "--hello-timeout", "10000"],
                time: .seconds(2), attackers: 2, boundMiB: 24
            ) { assault in
                guard assault.round == 0 else { return }
                var held: [RawConnection] = []
                for index in 0..<5000 where !assault.isOver {
                    let connection = try RawConnection(assault.port, from: "127.0.0.2")
                    held.append(connection)
                    // A few at a time, as a network would let them through.
                    if index % 20 == 19 { usleep(4000) }
                }
                // What was sent to the last of them is under way.
                usleep(300_000)
                for connection in held {
                    connection.take()
                    assault.note(connection)
                }
            }
            let result = try await attack.run { server, _ in
                guard limit == "--max-per-address" else { return }
                // Other addresses get in all the while.
                let start = ContinuousClock.now
                let other = HonestClient(server)
                try await other.echo()
                #expect(start.duration(to: .now) < .seconds(1))
                await other.close()
            }
            #expect(result.answers.connections > 2000)
            #expect(result.answers.goAways.keys.sorted() == [Reason.connectionLimit])
            #expect(result.answers.connections - result.answers.goAways[Reason.connectionLimit, default: 0] <= 1500)
        }

        @Test func `half-closed connections end at once, in every state`() async throws {
            let states: [[UInt8]] = [
                [], WireBytes.preface, WireBytes.opening, WireBytes.opening + WireBytes.call("target/Sink", stream: 1),
                WireBytes.opening + WireBytes.request("target/Slow", "60000", stream: 1),
                WireBytes.opening + WireBytes.header(length: 100, type: 2, stream: 1),
            ]
            let attack = Attack(name: "half-close", boundMiB: 10) { assault in
                for state in states {
                    try assault.connect(opening: state) { connection in
                        connection.finishSending()
                        connection.read(until: .now + .seconds(2))
                    }
                }
            }
            let result = try await attack.run { server, honest in
                try await waitUntil("the calls of closed connections are cancelled", within: .seconds(3)) {
                    let running = try await honest.runningHandlers()
                    return running == 0
                }
            }
            #expect(result.answers.closed == result.answers.connections)
        }

        @Test func `connections that are made and reset at once leave nothing behind`() async throws {
            let attack = Attack(name: "connect and reset", boundMiB: 12) { assault in
                for _ in 0..<10 {
                    let connection = try RawConnection(assault.port, from: "127.0.0.2")
                    connection.send(WireBytes.opening + WireBytes.request("target/Slow", "60000", stream: 1) * 1)
                    connection.close()
                }
            }
            try await attack.run()
        }
    }
}
