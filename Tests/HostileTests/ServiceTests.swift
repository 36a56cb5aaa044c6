import Foundation
import RPCClient
import STTProto
import STTRig
import STTTestKit
import Testing

extension Hostile {
    /// The real `stt-rpcd standalone`, with the real methods.
    @Suite("The service", .enabled(if: FakeWhisperServer.isPossible, "python3 is not installed"))
    struct ServiceTests {
        @Test func `rapid reset of StreamResult and Status calls`() async throws {
            let attack = Attack(
                name: "service: rapid reset", program: .service, boundMiB: 24, pause: .milliseconds(40)
            ) { assault in
                try assault.connect { connection in
                    let flood = (0..<300).flatMap { index -> [UInt8] in
                        let stream = UInt32(2 * index + 1)
                        let method = index % 2 == 0 ? SpeechMethod.streamResult : SpeechMethod.queueStats
                        return WireBytes.request(method, "x", stream: stream) + WireBytes.cancel(stream)
                    }
                    connection.send(flood)
                    connection.read(until: assault.end)
                }
            }
            try await attack.run().expectAbuse()
        }

        @Test func `slow headers, lengths of gigabytes and connections without HELLO`() async throws {
            let attack = Attack(name: "service: slow and false headers", program: .service, boundMiB: 16) { assault in
                let starts: [[UInt8]] = [
                    Array(WireBytes.preface.prefix(3)), WireBytes.opening,
                    WireBytes.opening + WireBytes.call(SpeechMethod.submit, stream: 1)
                        + WireBytes.header(length: .max, type: 3, stream: 1),
                ]
                let connections = try (0..<100).map { _ in try RawConnection(assault.port, from: "127.0.0.2") }
                for connection in connections { connection.send(starts[assault.index]) }
                for connection in connections {
                    connection.read(until: min(assault.end, .now + .milliseconds(10)))
                    assault.note(connection)
                }
            }
            let result = try await attack.run()
            #expect(result.answers.goAways.keys.sorted() == [Reason.frameTooLarge])
        }

        @Test func `requests of every method that are malformed or amplify themselves are refused`() async throws {
            let methods = [
                SpeechMethod.submit, SpeechMethod.status, SpeechMethod.streamResult, SpeechMethod.getResult,
                SpeechMethod.cancel, SpeechMethod.list, SpeechMethod.delete,
            ]
            let bodies: [[UInt8]] = [[0xFF], WireBytes.bytes(1, [0xFF, 0]), [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]]
            let attack = Attack(name: "service: malformed requests", program: .service, boundMiB: 24) { assault in
                try assault.connect { connection in
                    for (index, method) in methods.enumerated() {
                        let stream = UInt32(2 * index + 1)
                        connection.send(
                            WireBytes.call(method, stream: stream)
                                + WireBytes.frame(
                                    .data, flags: WireBytes.endSend, stream: stream, payload: bodies[assault.index]))
                    }
                    connection.read(until: assault.end) { $0.endedStreams.count == methods.count }
                }
            }
            let result = try await attack.run()
            #expect(Set(result.answers.ends.keys) == [Code.invalidArgument])
        }

        @Test func `uploads that stall end after their time with DEADLINE_EXCEEDED and leave nothing; slow ones go on`()
            async throws
        {
            let server = try await HostileServer(["--upload-idle-seconds", "1"], program: .service)
            let honest = HonestClient(server)
            try await honest.echo()
            let files = server.folder.file("data/tmp")
            let codes = await withTaskGroup(of: [UInt64: Int].self) { group in
                for kind in 0..<4 {
                    group.addTask {
                        await onThread {
                            guard let connection = try? RawConnection(server.port) else { return [:] }
                            let options = WireBytes.frame(.data, stream: 1, payload: WireBytes.bytes(1, []))
                            let audio = WireBytes.frame(
                                .data, stream: 1, payload: WireBytes.bytes(2, [UInt8](repeating: 1, count: 1000)))
                            let call = WireBytes.opening + WireBytes.call(SpeechMethod.submit, stream: 1)
                            switch kind {
                            // Nothing at all; options only; some audio; half a message.
                            case 0: connection.send(call)
                            case 1: connection.send(call + options)
                            case 2: connection.send(call + options + audio)
                            default:
                                let half = WireBytes.frame(.data, flags: WireBytes.more, stream: 1, payload: [0x12])
                                connection.send(call + options + audio + half)
                            }
                            connection.read(until: .now + .seconds(6)) { !$0.ends.isEmpty }
                            return connection.seen.ends
                        }
                    }
                }
                group.addTask {
                    await onThread {
                        // A byte twice a second, for longer than the time-out.
                        guard let connection = try? RawConnection(server.port) else { return [:] }
                        connection.send(WireBytes.opening + WireBytes.call(SpeechMethod.submit, stream: 1))
                        connection.send(WireBytes.frame(.data, stream: 1, payload: WireBytes.bytes(1, [])))
                        for _ in 0..<5 {
                            connection.send(WireBytes.frame(.data, stream: 1, payload: WireBytes.bytes(2, [1])))
                            usleep(500_000)
                            connection.take()
                        }
                        connection.send(
                            WireBytes.frame(.data, flags: WireBytes.endSend | WireBytes.noMessage, stream: 1))
                        connection.read(until: .now + .seconds(6)) { !$0.ends.isEmpty }
                        return connection.seen.ends
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.count { $0 == [Code.deadlineExceeded: 1] } == 4)
            #expect(codes.count { $0 == [0: 1] } == 1, "the slow upload")
            try await waitUntil("nothing is left of the stalled uploads", within: .seconds(3)) {
                ((try? FileManager.default.contentsOfDirectory(atPath: files)) ?? []).isEmpty
            }
            await honest.close()
            await server.stop()
        }

        @Test func `200 slow readers of one job's partials get all of them`() async throws {
            let server = try await HostileServer(program: .service)
            let honest = HonestClient(server)
            let options = SubmitOptions(
                transcription: TranscriptionOptionsMessage(segmentation: .fixed, chunkMilliseconds: 5000))
            let audio = SyntheticAudio.bursts(20, seconds: 9)
            let submitted: SubmitReply = try await honest.client.clientStreaming(SpeechMethod.submit) {
                (writer: RequestWriter<SubmitRequest>) in
                try await writer.send(.options(options))
                for start in stride(from: 0, to: audio.count, by: 1 << 20) {
                    try await writer.send(.audio(Array(audio[start..<min(start + 1 << 20, audio.count)])))
                }
            }
            let base = server.facts
            let before = await honest.measure(for: .milliseconds(600))
            let watch = MemoryWatch(pid: server.pid)
            async let during = honest.measure(for: .seconds(3))
            let port = server.port
            let counts = await onThread { () -> [Answers] in
                let connections = (0..<200).compactMap { _ in try? RawConnection(port, receiveBuffer: 2048) }
                let request = WireBytes.request(SpeechMethod.streamResult, submitted.jobID, stream: 1)
                for connection in connections {
                    connection.mark("words of")
                    connection.send(WireBytes.opening + request, reading: false)
                }
                // Each reads at most 100 bytes in 150 ms at first.
                let slow = ContinuousClock.now + .seconds(3)
                while ContinuousClock.now < slow {
                    for connection in connections { connection.take(atMost: 100) }
                    usleep(150_000)
                }
                for connection in connections { connection.read(until: .now + .seconds(20)) { !$0.ends.isEmpty } }
                return connections.map(\.seen)
            }
            let latencies = await during
            let grown = Double(await watch.peakKiB() - base.residentKiB) / 1024
            print(
                "hostile: 200 slow readers of a job: \(counts.first?.marked ?? 0) partials each, +\(grown) MiB,"
                    + " p99 \(before.p99) -> \(latencies.p99) ms")
            #expect(counts.count == 200)
            #expect(Set(counts.map(\.marked)).count == 1 && (counts.first?.marked ?? 0) >= 20)
            #expect(counts.allSatisfy { $0.ends == [0: 1] })
            #expect(latencies.errors == [])
            #expect(grown < 48)
            await honest.close()
            await server.stop()
        }
    }
}
