import Testing

extension Hostile {
    /// The rules of docs/PROTOCOL.md §8 against a server that runs: bytes in, the documented code out, and it goes on.
    @Suite("Fatal rules")
    struct FatalRuleTests {
        struct Rule: Sendable, CustomTestStringConvertible {
            var name: String
            var bytes: [UInt8]
            /// Of GOAWAY; nil where only the stream ends.
            var reason: UInt64?
            /// Of END.
            var code: UInt64?

            init(_ name: String, _ reason: UInt64, _ bytes: [UInt8], opened: Bool = true) {
                self.name = name
                self.bytes = (opened ? WireBytes.opening : []) + bytes
                self.reason = reason
            }

            init(_ name: String, code: UInt64, _ bytes: [UInt8]) {
                self.name = name
                self.bytes = WireBytes.opening + bytes
                self.code = code
            }

            var testDescription: String { name }
        }

        private static let open = WireBytes.call("target/Sink", stream: 1)
        private static let hello = Array(WireBytes.opening.dropFirst(8))

        private static func header(
            _ kind: WireBytes.Kind, flags: UInt8 = 0, stream: UInt32 = 0, length: UInt32 = 0, reserved: UInt16 = 0
        ) -> [UInt8] {
            WireBytes.header(length: length, type: kind.rawValue, flags: flags, reserved: reserved, stream: stream)
        }

        static let connectionRules: [Rule] = [
            Rule("a wrong preface", 1, Array("GET / HTTP/1.1\r\n\r\n".utf8), opened: false),
            Rule(
                "a preface that a transport changed", 1, [0x89, 0x53, 0x54, 0x54, 0x0A, 0x0A, 0x1A, 0x0A], opened: false
            ),
            Rule("a frame before HELLO", 1, WireBytes.preface + WireBytes.ping(), opened: false),
            Rule("CALL before HELLO", 1, WireBytes.preface + open, opened: false),
            Rule(
                "an ignorable frame before HELLO", 1,
                WireBytes.preface + WireBytes.header(length: 0, type: 99, flags: 0x80), opened: false),
            Rule("a second HELLO", 1, hello),
            Rule("a HELLO of 4,097 bytes", 3, WireBytes.preface + header(.hello, length: 4097), opened: false),
            Rule("a malformed HELLO", 1, WireBytes.preface + WireBytes.frame(.hello, payload: [0xFF]), opened: false),
            Rule(
                "a HELLO with a limit below the smallest", 1,
                WireBytes.preface
                    + WireBytes.frame(
                        .hello,
                        payload: WireBytes.number(1, 1) + WireBytes.number(2, 1)
                            + WireBytes.bytes(3, WireBytes.number(1, 65_535))), opened: false),
            Rule(
                "no common version", 10,
                WireBytes.preface
                    + WireBytes.frame(.hello, payload: WireBytes.number(1, 2) + WireBytes.number(2, 9)), opened: false),
            Rule(
                "a HELLO on a stream", 1,
                WireBytes.preface
                    + WireBytes.frame(.hello, stream: 1, payload: WireBytes.number(1, 1) + WireBytes.number(2, 1)),
                opened: false),
            Rule("a reserved bit", 1, header(.ping, length: 8, reserved: 1)),
            Rule("an unknown flag on PING", 1, header(.ping, flags: 2, length: 8)),
            Rule("an unknown flag on DATA", 1, open + header(.data, flags: 8, stream: 1)),
            Rule("a flag on CALL", 1, header(.call, flags: 1, stream: 1)),
            Rule("a flag on WINDOW", 1, open + header(.window, flags: 2, stream: 1)),
            Rule("MORE and END_SEND", 1, open + header(.data, flags: 3, stream: 1)),
            Rule("NO_MESSAGE without END_SEND", 1, open + header(.data, flags: 4, stream: 1)),
            Rule("NO_MESSAGE with a payload", 1, open + header(.data, flags: 6, stream: 1, length: 1)),
            Rule(
                "NO_MESSAGE within a message", 1,
                open
                    + WireBytes.frame(.data, flags: 1, stream: 1, payload: [1]) + header(.data, flags: 6, stream: 1)),
            Rule("CALL on an even stream", 1, WireBytes.call("target/Echo", stream: 2)),
            Rule("CALL on stream 0", 1, WireBytes.call("target/Echo", stream: 0)),
            Rule("CALL above the highest number", 1, WireBytes.call("target/Echo", stream: 0x8000_0001)),
            Rule("CALL on a used stream", 1, open + open),
            Rule("CALL below the highest", 1, WireBytes.call("target/Echo", stream: 5) + open),
            Rule("DATA on a stream never opened", 1, open + header(.data, stream: 3)),
            Rule("DATA on stream 0", 1, header(.data)),
            Rule("WINDOW on a stream never opened", 1, WireBytes.window(1, 1)),
            Rule("CANCEL on a stream never opened", 1, WireBytes.cancel(1)),
            Rule("PING on a stream", 1, open + header(.ping, stream: 1, length: 8)),
            Rule("GOAWAY on a stream", 1, open + header(.goAway, stream: 1)),
            Rule("a PING of 7 bytes", 1, header(.ping, length: 7)),
            Rule("a PING of 9 bytes", 3, header(.ping, length: 9)),
            Rule("a CALL of 16,385 bytes", 3, header(.call, stream: 1, length: 16_385)),
            Rule("a DATA of 65,537 bytes", 3, open + header(.data, stream: 1, length: 65_537)),
            Rule("a CANCEL of 4,097 bytes", 3, open + header(.cancel, stream: 1, length: 4097)),
            Rule("a WINDOW of 17 bytes", 3, open + header(.window, stream: 1, length: 17)),
            Rule("a GOAWAY of 4,097 bytes", 3, header(.goAway, length: 4097)),
            Rule("an ignorable frame of 16,385 bytes", 3, WireBytes.header(length: 16_385, type: 99, flags: 0x80)),
            Rule("4 GiB", 3, open + header(.data, stream: 1, length: .max)),
            Rule("a malformed WINDOW", 1, open + WireBytes.frame(.window, stream: 1, payload: [0xFF])),
            Rule("a malformed GOAWAY", 1, WireBytes.frame(.goAway, payload: [0xFF])),
            Rule(
                "DATA beyond the limit", 2,
                WireBytes.call("target/Stuck", stream: 1)
                    + WireBytes.frame(.data, stream: 1, payload: [UInt8](repeating: 0, count: 60_000)) * 5),
            Rule(
                "DATA after END_SEND", 1,
                WireBytes.call("target/Stuck", stream: 1)
                    + header(.data, flags: 2, stream: 1) + header(.data, stream: 1)),
            Rule("END from a client", 1, open + header(.end, stream: 1)),
            Rule("an unknown type without IGNORABLE", 1, WireBytes.header(length: 0, type: 99)),
            Rule("type 0", 1, WireBytes.header(length: 0, type: 0)),
            Rule("101 PINGs", 9, WireBytes.ping() * 101),
            Rule("101 fragments without payload", 9, open + header(.data, flags: 1, stream: 1) * 101),
        ]

        static let streamRules: [Rule] = [
            Rule("a malformed CALL", code: 3, WireBytes.frame(.call, stream: 1, payload: [0xFF])),
            Rule(
                "a CALL with a NUL in a string", code: 3,
                WireBytes.frame(.call, stream: 1, payload: WireBytes.bytes(1, [0]))),
            Rule(
                "a malformed message", code: 3,
                WireBytes.call("target/Echo", stream: 1)
                    + WireBytes.frame(.data, flags: 2, stream: 1, payload: [0xFF])),
            Rule("no request", code: 3, WireBytes.call("target/Echo", stream: 1) + header(.data, flags: 6, stream: 1)),
            Rule(
                "two requests", code: 3,
                WireBytes.call("target/Echo", stream: 1)
                    + header(.data, stream: 1) + header(.data, flags: 2, stream: 1)),
            Rule("an unknown method", code: 12, WireBytes.request("target/Nothing", "", stream: 1)),
            Rule(
                "metadata of 8,193 bytes", code: 3,
                WireBytes.call(
                    "target/Echo", stream: 1,
                    more: WireBytes.bytes(3, WireBytes.bytes(2, [UInt8](repeating: 0, count: 8193))))),
            Rule(
                "metadata of 129 entries", code: 3,
                WireBytes.call("target/Echo", stream: 1, more: WireBytes.bytes(3, []) * 129)),
            Rule(
                "a CALL of 300 fields in more than 1,024 bytes", code: 3,
                WireBytes.call("target/Echo", stream: 1, more: WireBytes.text(4, "key") * 300)),
            Rule("a passed deadline", code: 4, WireBytes.request("target/Slow", "60000", stream: 1, deadline: 20)),
        ]

        @Test func `each rule that is fatal for the connection ends it with its reason, and nothing else`() async throws
        {
            try await check(Self.connectionRules) { rule, connection in
                connection.read()
                if !connection.isClosed { return "not closed" }
                return connection.seen.goAways == [rule.reason ?? 0: 1] ? nil : "GOAWAY \(connection.seen.goAways)"
            }
        }

        @Test func `each rule that is fatal for the stream ends it with its code, and the connection goes on`()
            async throws
        {
            try await check(Self.streamRules) { rule, connection in
                connection.read { !$0.ends.isEmpty }
                guard connection.seen.ends == [rule.code ?? 0: 1] else { return "END \(connection.seen.ends)" }
                connection.send(WireBytes.request("target/Echo", "on", stream: 3))
                connection.read { $0.endedStreams.contains(3) }
                let goesOn = connection.seen.goAways.isEmpty && connection.seen.ends[0] == 1
                return goesOn ? nil : "the connection does not go on"
            }
        }

        /// Breaks each rule twice: in one write, and byte by byte.
        ///
        /// - Parameter finding: Says what is wrong; nil where nothing is.
        private func check(_ rules: [Rule], _ finding: @escaping @Sendable (Rule, RawConnection) -> String?)
            async throws
        {
            let server = try await HostileServer()
            let honest = HonestClient(server)
            for rule in rules {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for isSplit in [false, true] {
                        group.addTask {
                            // A thread belongs to no test, so it expects nothing itself.
                            let result = await onThread { () -> Result<String?, any Error> in
                                do {
                                    let connection = try RawConnection(server.port)
                                    if isSplit, rule.bytes.count < 2000 {
                                        for byte in rule.bytes { connection.send([byte]) }
                                    } else {
                                        connection.send(rule.bytes)
                                    }
                                    return .success(finding(rule, connection))
                                } catch {
                                    return .failure(error)
                                }
                            }
                            if let wrong = try result.get() { Issue.record("\(rule.name): \(wrong)") }
                        }
                    }
                    try await group.waitForAll()
                }
                try await honest.echo()
            }
            #expect(server.isRunning)
            await honest.close()
            await server.stop()
        }
    }
}
