import Foundation
import Testing

extension Hostile {
    /// Few bytes, or bytes that nobody wants, that are to make the server take much memory.
    @Suite("Memory")
    struct MemoryTests {
        @Test func `a length of 4 GiB is refused by its header`() async throws {
            let attack = Attack(name: "4 GiB length", boundMiB: 8) { assault in
                try assault.connect { connection in
                    connection.send(WireBytes.call("target/Sink", stream: 1))
                    connection.send(WireBytes.header(length: .max, type: 3, stream: 1) + [1, 2, 3])
                    connection.read(until: assault.end)
                }
            }
            try await attack.run().expect(Reason.frameTooLarge)
        }

        @Test func `memory grows with what has come, not with what is announced`() async throws {
            let attack = Attack(
                name: "300 announced frames", options: ["--frame-timeout", "700"], attackers: 3, boundMiB: 12
            ) { assault in
                let bytes =
                    WireBytes.opening + WireBytes.call("target/Sink", stream: 1)
                    + WireBytes.header(length: 65_536, type: 3, flags: WireBytes.more, stream: 1) + [1]
                let connections = try (0..<100).map { _ in try RawConnection(assault.port, from: "127.0.0.2") }
                for connection in connections { connection.send(bytes) }
                for connection in connections {
                    connection.read()
                    assault.note(connection)
                }
            }
            let result = try await attack.run()
            #expect(result.answers.goAways.keys.sorted() == [Reason.frameTimeout])
            #expect(result.answers.closed == result.answers.connections)
        }

        @Test func `messages in assembly take no more than the windows and what a connection may hold`() async throws {
            // 128 windows of 64 KiB and 8 MiB: 16 MiB for each connection. By default it is 64 MiB.
            let options = ["--window", "65536", "--max-held", "\(8 << 20)"]
            let attack = Attack(
                name: "messages in assembly", options: options, time: .seconds(2), attackers: 2, boundMiB: 2 * 16 + 8
            ) { assault in
                try assault.connect { connection in
                    let calls = (0..<128).flatMap { WireBytes.call("target/Sink", stream: UInt32(2 * $0 + 1)) }
                    connection.send(calls)
                    // Each is a legal message; together they are 25 MiB.
                    let message = [UInt8](repeating: 1, count: 200 * 1024)
                    let messages = (0..<128).map { (UInt32(2 * $0 + 1), message) }
                    connection.sendWithCredit(
                        Dictionary(uniqueKeysWithValues: messages), window: 65_536, isEnded: false, until: assault.end)
                }
            }
            let result = try await attack.run()
            #expect(result.answers.ends[Code.resourceExhausted, default: 0] > 0)
            #expect(Set(result.answers.ends.keys) == [Code.resourceExhausted])
        }

        @Test func `tiny messages that nobody reads take no more than the credit that they used`() async throws {
            let attack = Attack(
                name: "tiny unread messages", options: ["--window", "65536"], attackers: 2, boundMiB: 4
            ) { assault in
                guard assault.round == 0 else { return }
                try assault.connect { connection in
                    let count = 64 * 1024 / 13
                    for index in 0..<8 {
                        let stream = UInt32(2 * index + 1)
                        let messages = WireBytes.frame(.data, stream: stream, payload: [0]) * count
                        connection.send(WireBytes.call("target/Stuck", stream: stream) + messages, until: assault.end)
                    }
                    connection.read(until: assault.end)
                }
            }
            try await attack.run()
        }

        @Test func `DATA beyond the credit ends the connection`() async throws {
            let attack = Attack(name: "window overflow", boundMiB: 16) { assault in
                try assault.connect { connection in
                    let data = WireBytes.frame(.data, stream: 1, payload: [UInt8](repeating: 1, count: 60_000))
                    connection.send(WireBytes.call("target/Stuck", stream: 1) + data * 5)
                    connection.read(until: assault.end)
                }
            }
            try await attack.run().expect(Reason.flowControl)
        }

        @Test func `empty messages cost credit, so their number is bounded, too`() async throws {
            let attack = Attack(name: "empty messages", options: ["--window", "65536"], boundMiB: 12) { assault in
                try assault.connect { connection in
                    connection.send(
                        WireBytes.call("target/Stuck", stream: 1) + WireBytes.frame(.data, stream: 1) * 5500)
                    connection.read(until: assault.end)
                }
            }
            try await attack.run().expect(Reason.flowControl)
        }

        @Test func `a message that would take much more memory unpacked is malformed`() async throws {
            // A million empty entries; the same with strings; nesting is bounded by the messages themselves.
            let bodies: [[UInt8]] = [
                WireBytes.bytes(3, []) * 1_000_000,
                WireBytes.bytes(3, WireBytes.text(1, "")) * 500_000,
                WireBytes.bytes(3, WireBytes.text(1, "a") + WireBytes.text(1, "b")) * 250_000,
            ]
            let attack = Attack(
                name: "protobuf amplification", time: .seconds(2), boundMiB: 160, longestStepMilliseconds: 30
            ) { assault in
                try assault.connect { connection in
                    connection.send(WireBytes.call("target/Nested", stream: 1))
                    connection.sendWithCredit([1: bodies[assault.index]], until: assault.end)
                    connection.read(until: assault.end) { $0.endedStreams.contains(1) }
                }
            }
            let result = try await attack.run()
            #expect(Set(result.answers.ends.keys) == [Code.invalidArgument])
        }

        @Test func `metadata is bounded in bytes and in entries`() async throws {
            let bombs: [[UInt8]] = [
                WireBytes.bytes(3, WireBytes.text(1, "k") + WireBytes.bytes(2, [UInt8](repeating: 1, count: 8192))),
                WireBytes.bytes(3, []) * 4000,
                WireBytes.bytes(3, WireBytes.text(1, "")) * 2000,
            ]
            let attack = Attack(name: "metadata bomb", boundMiB: 12) { assault in
                try assault.connect { connection in
                    let calls = (0..<300).flatMap {
                        WireBytes.call("target/Echo", stream: UInt32(2 * $0 + 1), more: bombs[assault.index])
                    }
                    connection.send(calls)
                    connection.read(until: assault.end)
                }
            }
            let result = try await attack.run()
            result.expectAbuse()
            #expect(Set(result.answers.ends.keys) == [Code.invalidArgument])
        }

        @Test func `strings that are no UTF-8 or hold a NUL are malformed, keys as long as a CALL do no harm`()
            async throws
        {
            let calls: [[UInt8]] = [
                WireBytes.bytes(1, [0x61, 0xFF, 0xFE]), WireBytes.bytes(1, [0x61, 0, 0x62]),
                WireBytes.text(1, "target/Echo") + WireBytes.bytes(4, [0]),
                WireBytes.text(1, "target/Echo") + WireBytes.bytes(4, [0xC0, 0x80]),
                WireBytes.text(1, "target/Echo") + WireBytes.bytes(3, WireBytes.bytes(1, [0xED, 0xA0, 0x80])),
            ]
            let long = WireBytes.call(
                "target/Echo", stream: 11, more: WireBytes.bytes(4, [UInt8](repeating: 0x61, count: 16_000)))
            let attack = Attack(name: "hostile strings", boundMiB: 12) { assault in
                try assault.connect { connection in
                    for (index, call) in calls.enumerated() {
                        connection.send(WireBytes.frame(.call, stream: UInt32(2 * index + 1), payload: call))
                    }
                    connection.send(long + WireBytes.frame(.data, flags: WireBytes.endSend, stream: 11))
                    connection.read(until: assault.end) { $0.endedStreams.count == 6 }
                }
            }
            let result = try await attack.run()
            #expect(Set(result.answers.ends.keys) == [0, Code.invalidArgument])
            #expect(result.answers.goAways.isEmpty)
        }

        @Test func `replies that a client asks for and does not read are bounded, and it is closed`() async throws {
            let attack = Attack(
                name: "unread replies", options: ["--stall-timeout", "800"], time: .seconds(2), attackers: 2,
                boundMiB: 2 * 16
            ) { assault in
                guard assault.round == 0 else { return }
                try assault.connect(receiveBuffer: 4096) { connection in
                    var stream: UInt32 = 1
                    while !connection.isClosed, !assault.isOver {
                        var calls: [UInt8] = []
                        for _ in 0..<100 {
                            calls += WireBytes.request("target/Large", "20000", stream: stream)
                            stream += 2
                        }
                        connection.send(calls, reading: false, until: assault.end)
                    }
                }
            }
            let result = try await attack.run()
            #expect(result.answers.closed == 2)
        }

        /// Each connection keeps within its own bounds: 12 MiB of messages and 4 MiB of replies.
        @Test(arguments: [true, false])
        func `many connections that each take what one may have lose calls, and those that take little do not`(
            _ isInput: Bool
        ) async throws {
            let limit = 48
            let options = [
                "--max-buffered", "\(limit << 20)", "--window", "65536", "--max-held", "\(4 << 20)",
                "--waiting-replies", "\(4 << 20)",
            ]
            // Takes messages of 4 MiB: a client that took less would be refused for that.
            let limits = WireBytes.bytes(3, WireBytes.number(1, 4 << 20))
            let opening =
                WireBytes.preface
                + WireBytes.frame(.hello, payload: WireBytes.number(1, 1) + WireBytes.number(2, 1) + limits)
            let attack = Attack(
                name: isInput ? "messages on many connections" : "replies on many connections", options: options,
                // What is counted is bytes; arrays that grew take more.
                time: .seconds(3), boundMiB: limit * 3 / 2 + 24, longestStepMilliseconds: 30
            ) { assault in
                guard isInput || assault.round == 0 else { return }
                let connections = try (0..<16).map { _ in try RawConnection(assault.port, from: "127.0.0.2") }
                for connection in connections where !assault.isOver {
                    connection.send(opening)
                    if isInput {
                        let calls = (0..<128).flatMap { WireBytes.call("target/Stuck", stream: UInt32(2 * $0 + 1)) }
                        connection.send(calls, until: assault.end)
                        let message = [UInt8](repeating: 1, count: 90 * 1024)
                        let messages = (0..<128).map { (UInt32(2 * $0 + 1), message) }
                        connection.sendWithCredit(
                            Dictionary(uniqueKeysWithValues: messages), window: 65_536, isEnded: false,
                            until: assault.end)
                    } else {
                        let calls = (0..<16).flatMap {
                            WireBytes.request("target/Large", "300000", stream: UInt32(2 * $0 + 1))
                        }
                        connection.send(calls, until: assault.end)
                        usleep(10_000)
                    }
                }
                for connection in connections {
                    connection.read(until: isInput ? .now : assault.end)
                    while connection.take() {}
                    assault.note(connection)
                }
            }
            let result = try await attack.run()
            #expect(Set(result.answers.ends.keys) == [Code.resourceExhausted])
            #expect(result.answers.endsWithRetry > 0)
            #expect(result.grownMiB > 16, "it came near the bound")
        }

        @Test func `large replies without credit are bounded for a connection`() async throws {
            let attack = Attack(
                name: "large replies without credit", options: ["--waiting-replies", "\(4 << 20)"], attackers: 2,
                boundMiB: 2 * 4 + 12
            ) { assault in
                guard assault.round == 0 else { return }
                // Takes messages of 4 MiB: a client that took less would be refused for that.
                let limits = WireBytes.bytes(3, WireBytes.number(1, 4 << 20))
                let hello = WireBytes.number(1, 1) + WireBytes.number(2, 1) + limits
                let opening = WireBytes.preface + WireBytes.frame(.hello, payload: hello)
                try assault.connect(opening: opening) { connection in
                    let calls = (0..<128).flatMap {
                        WireBytes.request("target/Large", "1000000", stream: UInt32(2 * $0 + 1))
                    }
                    connection.send(calls)
                    connection.read(until: assault.end)
                }
            }
            let result = try await attack.run()
            #expect(result.answers.ends[Code.resourceExhausted, default: 0] >= 2 * 80)
            #expect(result.answers.ends[Code.resourceExhausted, default: 0] < 2 * 128, "some fit")
        }
    }
}
