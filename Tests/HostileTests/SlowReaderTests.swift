import Foundation
import RPCClient
import STTProto
import STTRig
import Testing

extension Hostile {
    /// Clients that take what a server has for them slowly, or not at all.
    @Suite("Slow readers")
    struct SlowReaderTests {
        private static let partials = 10_000
        private static let partialBytes = 230
        private static let stall = Duration.seconds(2)

        /// Asks for the 10,000 partials and gives credit for all of them.
        private static let request =
            WireBytes.opening + WireBytes.request("target/Stream", "10000 230", stream: 1) + WireBytes.window(1, .max)

        @Test func `a client that reads 1 KB/s from 10,000 partials loses none and costs others nothing`() async throws
        {
            let attack = Attack(
                name: "1 KB/s", options: ["--stall-timeout", "4000"], time: .seconds(8), attackers: 4, boundMiB: 8
            ) { assault in
                guard assault.round == 0 else { return }
                let connection = try RawConnection(assault.port, from: "127.0.0.2", receiveBuffer: 2048)
                connection.keepsKeys()
                connection.send(Self.request, reading: false)
                while !assault.isOver {
                    connection.take(atMost: 256)
                    usleep(250_000)
                }
                // The rest as fast as it comes.
                connection.read(until: .now + .seconds(20)) { $0.endedStreams.contains(1) }
                assault.note(connection)
            }
            let result = try await attack.run()
            #expect(result.answers.ends == [0: 4])
            #expect(result.answers.closed == 0)
            #expect(result.answers.keys == (0..<Self.partials).map { "\($0)" } * 4)
        }

        @Test func `a client that stops reading is closed when the stall time is over, not before`() async throws {
            let server = try await HostileServer(["--stall-timeout", "2000"])
            let honest = HonestClient(server)
            _ = await honest.measure(for: .milliseconds(300))
            let base = server.facts
            let before = await honest.measure(for: .milliseconds(600))
            let watch = MemoryWatch(pid: server.pid)
            async let during = honest.measure(for: .seconds(3))
            let start = ContinuousClock.now
            let times = await withTaskGroup(of: Duration?.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        await onThread {
                            guard let connection = try? RawConnection(server.port, receiveBuffer: 4096) else {
                                return nil
                            }
                            // More than the kernel's buffers take: a stream of 60 MB.
                            let request = WireBytes.request("target/Stream", "1000 60000", stream: 1)
                            connection.send(WireBytes.opening + request + WireBytes.window(1, .max), reading: false)
                            return connection.waitForReset(until: .now + .seconds(8)) ? start.duration(to: .now) : nil
                        }
                    }
                }
                return await group.reduce(into: [Duration?]()) { $0.append($1) }
            }
            let grown = Double(await watch.peakKiB() - base.residentKiB) / 1024
            let latencies = await during
            print(
                "hostile: stopped readers: closed after \(times.map { $0?.inMilliseconds ?? -1 }) ms, +\(grown) MiB,"
                    + " p99 \(before.p99) -> \(latencies.p99) ms")
            for time in times {
                let time = try #require(time, "not closed")
                #expect(time >= Self.stall && time < Self.stall * 2)
            }
            #expect(grown < 16)
            #expect(latencies.errors == [])
            #expect(latencies.p99 <= 2 * before.p99 + Attack.noiseMilliseconds)
            try await waitUntil("the handlers are cancelled", within: .seconds(3)) {
                let running = try await honest.runningHandlers()
                return running == 0 && server.facts.descriptors <= base.descriptors
            }
            await honest.close()
            await server.stop()
        }

        @Test func `a stream whose reader gives no credit holds up no other stream of its connection`() async throws {
            let server = try await HostileServer(["--stall-timeout", "500"])
            let honest = HonestClient(server)
            _ = await honest.measure(for: .milliseconds(300))
            let before = await honest.measure(for: .milliseconds(600))
            // On the honest client's own connection: a stream that is opened and not read.
            let during = try await honest.client.serverStreaming(
                "target/Stream", Item(key: "10000 230", value: []), receiving: Item.self
            ) { replies in
                var iterator = replies.makeAsyncIterator()
                _ = try await iterator.next()
                let during = await honest.measure(for: .milliseconds(1500))
                // And all of it is there for one who reads late, long after the stall time.
                var count = 1
                while try await iterator.next() != nil { count += 1 }
                #expect(count == Self.partials)
                return during
            }
            print("hostile: unread stream beside calls: p99 \(before.p99) -> \(during.p99) ms")
            #expect(during.errors == [])
            #expect(during.p99 <= 2 * before.p99 + Attack.noiseMilliseconds)
            await honest.close()
            await server.stop()
        }

        @Test func `200 streams that nobody reads take their output share, not their length`() async throws {
            let attack = Attack(name: "200 unread streams", time: .seconds(2), attackers: 2, boundMiB: 24) { assault in
                guard assault.round == 0 else { return }
                try assault.connect { connection in
                    let streams = (0..<100).flatMap {
                        WireBytes.request("target/Stream", "1000 8000", stream: UInt32(2 * $0 + 1))
                    }
                    connection.send(streams)
                    connection.read(until: assault.end)
                }
            }
            let result = try await attack.run()
            #expect(result.answers.closed == 0)
            #expect(result.answers.ends.isEmpty)
        }
    }
}

private func * (strings: [String], count: Int) -> [String] { (0..<count).flatMap { _ in strings } }
