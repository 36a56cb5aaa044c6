import Foundation
import RPCServer
import STTProto
import Testing

/// The program as a whole, against a scripted server.
@Suite(.timeLimit(.minutes(1))) struct CLIProcessTests {
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("stt-cli-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["a.wav", "b.wav"] {
            try Data("RIFF \(name)".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        try await body(folder)
    }

    private func run(_ server: FakeSpeechServer, _ words: String..., input: String = "") async throws
        -> CLIProcess.Outcome
    {
        try await CLIProcess.run(["--server", "unix:\(server.path)"] + words, input: input)
    }

    @Test func `transcribe prints the partials and nothing else`() async throws {
        try await withFolder { folder in
            try await FakeSpeechServer.run { server in
                let outcome = try await run(server, "transcribe", "\(folder)/a.wav", "--format", "txt")
                #expect(outcome.status == 0)
                #expect(outcome.output == "one\ntwo\nthree\n")
                #expect(outcome.error == "")
                #expect(server.read(\.uploads) == [Array("RIFF a.wav".utf8)])
                #expect(server.read { $0.options.map(\.filename) } == ["a.wav"])
                #expect(server.read(\.resultFormats).isEmpty)
            }
        }
    }

    @Test func `the server may come from the environment`() async throws {
        try await FakeSpeechServer.run { server in
            let outcome = try await CLIProcess.run(["health"], environment: ["STT_SERVER": "unix:\(server.path)"])
            #expect(outcome.status == 0)
            #expect(outcome.output == "serving, version 9.9, up 1.50 s\n  engine: ok\n")
        }
    }

    @Test func `transcribe reads standard input`() async throws {
        try await FakeSpeechServer.run { server in
            let outcome = try await run(server, "transcribe", "-", input: "RIFF from a pipe")
            #expect(outcome.status == 0)
            #expect(outcome.output == "one\ntwo\nthree\n")
            #expect(server.read(\.uploads) == [Array("RIFF from a pipe".utf8)])
        }
    }

    @Test func `another format is fetched when the job is complete`() async throws {
        try await withFolder { folder in
            try await FakeSpeechServer.run { server in
                let outcome = try await run(server, "transcribe", "\(folder)/a.wav", "--format", "srt")
                #expect(outcome.status == 0)
                #expect(outcome.output == "one\ntwo\nthree\n")
                #expect(server.read(\.resultFormats) == [.srt])
            }
        }
    }

    @Test func `several files have headers, and one that is missing does not stop the others`() async throws {
        try await withFolder { folder in
            try await FakeSpeechServer.run {
                $0.chunks = ["text\n"]
            } _: { server in
                let outcome = try await run(
                    server, "transcribe", "\(folder)/a.wav", "\(folder)/no.wav", "\(folder)/b.wav")
                #expect(outcome.status == 5)
                #expect(outcome.output == "==> \(folder)/a.wav <==\ntext\n\n==> \(folder)/b.wav <==\ntext\n")
                #expect(outcome.error == "stt-rpc: error: \(folder)/no.wav does not exist; check the name\n")
            }
        }
    }

    @Test func `results go into files named after their inputs, and nothing else is left there`() async throws {
        try await withFolder { folder in
            try await FakeSpeechServer.run { server in
                let outcome = try await run(
                    server, "transcribe", "\(folder)/a.wav", "\(folder)/b.wav", "-f", "vtt", "--output-dir",
                    "\(folder)/out/deep")
                #expect(outcome.status == 0)
                #expect(outcome.output == "")
                let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/out/deep").sorted()
                #expect(names == ["a.vtt", "b.vtt"])
                #expect(try String(contentsOfFile: "\(folder)/out/deep/a.vtt", encoding: .utf8) == "one\ntwo\nthree\n")
            }
        }
    }

    @Test func `json has one object a line with the file's name and a summary`() async throws {
        try await withFolder { folder in
            try await FakeSpeechServer.run { server in
                let outcome = try await run(server, "--json", "transcribe", "\(folder)/a.wav")
                #expect(outcome.status == 0)
                let objects = try outcome.objects()
                let partials = objects.filter { $0["type"] as? String == "partial" }
                #expect(partials.compactMap { $0["text"] as? String } == ["one\n", "two\n", "three\n"])
                #expect(partials.compactMap { $0["chunk"] as? Int } == [0, 1, 2])
                #expect(objects.allSatisfy { ($0["file"] as? String)?.hasSuffix("a.wav") == true })
                let summary = try #require(objects.last)
                #expect(summary["type"] as? String == "summary")
                #expect(summary["first_chunk_engine_seconds"] as? Double == 0.25)
                #expect(summary["first_partial_seconds"] is Double)
            }
        }
    }

    @Test func `a gap is a warning, and an error where that is asked`() async throws {
        try await withFolder { folder in
            try await FakeSpeechServer.run {
                $0.gaps[1] = Gap(
                    startMilliseconds: 1000, endMilliseconds: 2000, code: "engine.crashed",
                    message: "it crashed 3 times")
            } _: { server in
                let lenient = try await run(server, "transcribe", "\(folder)/a.wav")
                #expect(lenient.status == 0)
                #expect(
                    lenient.error
                        == "stt-rpc: warning: a.wav: no transcript from 0:01 to 0:02: engine.crashed: it crashed 3 times\n"
                )
                let strict = try await run(server, "stream", "j", "--fail-on-gaps")
                #expect(strict.status == 10)
                #expect(strict.output == "one\ntwo\nthree\n")
            }
        }
    }

    @Test(arguments: [
        ("audio.notAudio", ProtoJobState.failed, Int32(5)), ("engine.failed", .failed, 6), ("", .cancelled, 7),
    ])
    func `how a job ends is the exit status`(_ code: String, _ state: ProtoJobState, _ expected: Int32) async throws {
        try await FakeSpeechServer.run {
            $0.finalState = state
            $0.error = code.isEmpty ? nil : JobError(code: code, message: "the reason, and what to do")
        } _: { server in
            let outcome = try await run(server, "stream", "j")
            #expect(outcome.status == expected)
            #expect(outcome.output == "one\ntwo\nthree\n")
            #expect(outcome.error.hasPrefix("stt-rpc: error: "))
            #expect(outcome.error.split(separator: "\n").count == 1)
            if !code.isEmpty { #expect(outcome.error.contains("the reason, and what to do")) }
        }
    }

    @Test(arguments: [
        (StatusCode.notFound, Int32(4)), (.invalidArgument, 2), (.resourceExhausted, 8), (.unavailable, 3),
        (.internalError, 1), (.failedPrecondition, 11),
    ])
    func `how a call fails is the exit status`(_ code: StatusCode, _ expected: Int32) async throws {
        try await FakeSpeechServer.run {
            $0.failures[SpeechMethod.status] = [RPCError(code, "the server's words")]
        } _: { server in
            let outcome = try await run(server, "status", "j")
            #expect(outcome.status == expected)
            #expect(outcome.output == "")
            #expect(outcome.error.contains("the server's words"))
            #expect(outcome.error.split(separator: "\n").count == 1)
        }
    }

    @Test func `without a server the address is named`() async throws {
        let outcome = try await CLIProcess.run(["--server", "unix:/tmp/stt-nobody-\(UUID()).sock", "stats"])
        #expect(outcome.status == 3)
        #expect(outcome.error.hasPrefix("stt-rpc: error: no connection to unix:/tmp/stt-nobody-"))
        #expect(outcome.error.split(separator: "\n").count == 1)
    }

    @Test func `submit prints the id alone, and the same id again under the same key`() async throws {
        try await withFolder { folder in
            try await FakeSpeechServer.run { server in
                for _ in 0..<2 {
                    let outcome = try await run(server, "submit", "\(folder)/a.wav", "--idempotency-key", "k")
                    #expect(outcome.status == 0)
                    #expect(outcome.output == "job-0\n")
                    #expect(outcome.error == "")
                }
            }
        }
    }

    @Test func `a stream starts at the chunk that was asked for`() async throws {
        try await FakeSpeechServer.run { server in
            let outcome = try await run(server, "stream", "j", "--from-chunk", "2")
            #expect(outcome.output == "three\n")
            #expect(server.read(\.streamsFrom) == [2])
        }
    }

    @Test func `a stream that was running throughout prints every partial once across crashes`() async throws {
        try await FakeSpeechServer.run {
            $0.chunks = (0..<6).map { "line \($0)\n" }
            $0.partialsPerStream = 2
        } _: { server in
            let process = try CLIProcess(["--server", "unix:\(server.path)", "stream", "j"])
            await process.firstOutput()
            await server.kill()
            server.edit { $0.partialsPerStream = nil }
            try await server.start()
            let outcome = await process.outcome()
            #expect(outcome.status == 0)
            #expect(outcome.output == (0..<6).map { "line \($0)\n" }.joined())
            #expect(outcome.error.contains("trying again for up to 60 s"))
        }
    }

    @Test func `Ctrl-C cancels the job on the server and says so in one line`() async throws {
        try await withFolder { folder in
            try await FakeSpeechServer.run {
                $0.partialsPerStream = 1
            } _: { server in
                let process = try CLIProcess(["--server", "unix:\(server.path)", "transcribe", "\(folder)/a.wav"])
                await process.firstOutput()
                process.interrupt()
                let outcome = await process.outcome()
                #expect(outcome.status == 130)
                #expect(outcome.output == "one\n")
                #expect(outcome.error == "stt-rpc: interrupted; job job-0 cancelled\n")
                #expect(server.read(\.cancelled) == ["job-0"])
            }
        }
    }

    @Test func `a stream that is interrupted leaves the job alone and says how to go on`() async throws {
        try await FakeSpeechServer.run {
            $0.partialsPerStream = 1
        } _: { server in
            let process = try CLIProcess(["--server", "unix:\(server.path)", "stream", "j"])
            await process.firstOutput()
            process.interrupt()
            let outcome = await process.outcome()
            #expect(outcome.status == 130)
            #expect(outcome.error.contains("stt-rpc stream j --from-chunk 1"))
            #expect(server.read(\.cancelled).isEmpty)
        }
    }

    @Test func `a time limit ends the work and cancels the job`() async throws {
        try await withFolder { folder in
            try await FakeSpeechServer.run {
                $0.partialsPerStream = 1
            } _: { server in
                let outcome = try await run(server, "transcribe", "\(folder)/a.wav", "--timeout", "500ms")
                #expect(outcome.status == 9)
                #expect(outcome.error == "stt-rpc: error: not done within 0.50 s; job job-0 cancelled\n")
                #expect(server.read(\.cancelled) == ["job-0"])
            }
        }
    }

    @Test func `a reader that leaves ends the program quietly`() async throws {
        try await FakeSpeechServer.run {
            $0.chunks = (0..<400).map { _ in String(repeating: "many words ", count: 200) + "\n" }
        } _: { server in
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/bash")
            let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
                .appendingPathComponent("stt-rpc").path
            shell.arguments = [
                "-c", "'\(program)' --server unix:\(server.path) stream j | head -1 | wc -l; echo ${PIPESTATUS[0]}",
            ]
            let (output, error) = (Pipe(), Pipe())
            shell.standardOutput = output
            shell.standardError = error
            let (ended, end) = AsyncStream.makeStream(of: Void.self)
            shell.terminationHandler = { _ in end.finish() }
            try shell.run()
            for await _ in ended {}
            #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) == "1\n0\n")
            #expect(error.fileHandleForReading.availableData.isEmpty)
        }
    }

    @Test func `a list has tabs between its columns when it is piped, and stops at its limit`() async throws {
        try await FakeSpeechServer.run {
            $0.jobs = (0..<5).map {
                JobStatus(jobID: "j\($0)", state: .queued, filename: "f\($0).wav", createdAtMilliseconds: 1)
            }
        } _: { server in
            let outcome = try await run(server, "list", "--limit", "3", "--state", "queued")
            #expect(outcome.status == 0)
            let lines = outcome.output.split(separator: "\n")
            #expect(lines.count == 3)
            #expect(lines.first == "j0\tqueued\t0\t0\t0.000\t1970-01-01T00:00:00.001Z\tf0.wav")
            let none = try await run(server, "--json", "list", "--state", "failed")
            #expect(none.output == "")
        }
    }

    @Test func `several jobs are cancelled in one run, and the first failure is the status`() async throws {
        try await FakeSpeechServer.run {
            $0.failures[SpeechMethod.cancel] = [RPCError(.notFound, "there is no job x")]
        } _: { server in
            let outcome = try await run(server, "cancel", "x", "y")
            #expect(outcome.status == 4)
            #expect(outcome.output == "y cancelled\n")
            #expect(outcome.error == "stt-rpc: error: x: there is no job x\n")
        }
    }

    @Test func `the result of a job that failed has the failed job's status`() async throws {
        try await FakeSpeechServer.run {
            $0.failures[SpeechMethod.getResult] = [RPCError(.failedPrecondition, "not completed")]
        } _: { server in
            let outcome = try await run(server, "result", "j")
            #expect(outcome.status == 11)
            #expect(outcome.error == "stt-rpc: error: not completed\n")
        }
    }

    @Test func `an output that cannot be written is told before the upload`() async throws {
        try await withFolder { folder in
            try await FakeSpeechServer.run { server in
                let outcome = try await run(server, "transcribe", "\(folder)/a.wav", "-o", "\(folder)/none/x.txt")
                #expect(outcome.status == 2)
                #expect(outcome.error.contains("does not exist"))
                #expect(server.read(\.calls).isEmpty)
            }
        }
    }
}
