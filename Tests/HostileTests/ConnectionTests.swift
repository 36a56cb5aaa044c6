import Foundation
import STTRig
import Testing

extension Hostile {
    /// Connections that are made, held open or shut in ways that no client needs.
    @Suite("Connections")
    struct ConnectionTests {
        private static let times = ["--hello-timeout", "600", "--frame-timeout", "600"]

        @Test func `preface, HELLO or a frame sent byte by byte end at their time-outs`() async throws {
            let slow: [(before: [UInt8], after: [UInt8])] = [
                ([], WireBytes.preface), (WireBytes.preface, Array(WireBytes.opening.dropFirst(8))),
                (WireBytes.opening, WireBytes.call("target/Echo", stream: 1)),
            ]
            let attack = Attack(name: "slow header", options: Self.times, boundMiB: 10) { assault in
                let (before, after) = slow[assault.index]
                let connections = try (0..<50).map { _ in try RawConnection(assault.port, from: "127.0.0.2") }
                for connection in connections { connection.send(before) }
                // One byte in 100 ms, of a time-out of 600.
                for byte in after.dropLast() {
                    for connection in connections where !connection.isClosed {
                        connection.send([byte])
                        connection.take()
                    }
                    usleep(100_000)
                    if connections.allSatisfy(\.isClosed) { break }
                }
                for connection in connections {
                    connection.read()
                    assault.note(connection)
                }
            }
            let result = try await attack.run()
            #expect(result.answers.goAways.keys.sorted() == [Reason.helloTimeout, Reason.frameTimeout])
            #expect(result.answers.goAways.values.reduce(0, +) == result.answers.connections)
            #expect(result.answers.closed == result.answers.connections)
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

        @Test func `thousands of connections without HELLO: beyond the address's limit they are turned away`()
            async throws
        {
            let attack = Attack(
                name: "connection flood", options: ["--max-per-address", "1500", "--hello-timeout", "2500"],
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
