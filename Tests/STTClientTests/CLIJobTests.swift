import Foundation
import RPCServer
import STTProto
import Testing

/// The other subcommands as a whole, against a scripted server.
@Suite(.timeLimit(.minutes(5))) struct CLIJobTests {
    @Test func `the server may come from the environment`() async throws {
        try await FakeSpeechServer.run { server in
            let outcome = try await CLIProcess.run(["health"], environment: ["STT_SERVER": "unix:\(server.path)"])
            #expect(outcome.status == 0)
            #expect(outcome.output == "serving, version 9.9, up 1.50 s\n  engine: ok\n")
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
            let outcome = try await CLIProcess.run(server, "stream", "j")
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
            let outcome = try await CLIProcess.run(server, "status", "j")
            #expect(outcome.status == expected)
            #expect(outcome.output == "")
            #expect(outcome.error.contains("the server's words"))
            #expect(outcome.error.split(separator: "\n").count == 1)
        }
    }

    @Test func `without a server the address is named`() async throws {
        let outcome = try await CLIProcess.run(["--server", "unix:/tmp/stt-nobody-\(UUID()).sock", "stats"])
        #expect(outcome.status == 3)
        #expect(outcome.error.hasPrefix("stt-rpc: error: "))
        #expect(outcome.error.contains("/tmp/stt-nobody-"))
        #expect(outcome.error.split(separator: "\n").count == 1)
    }

    @Test func `submit prints the id alone, and the same id again under the same key`() async throws {
        try await withAudioFolder { folder in
            try await FakeSpeechServer.run { server in
                for _ in 0..<2 {
                    let outcome = try await CLIProcess.run(
                        server, "submit", "\(folder)/a.wav", "--idempotency-key", "k")
                    #expect(outcome.status == 0)
                    #expect(outcome.output == "job-0\n")
                    #expect(outcome.error == "")
                }
            }
        }
    }

    @Test func `a stream starts at the chunk that was asked for`() async throws {
        try await FakeSpeechServer.run { server in
            let outcome = try await CLIProcess.run(server, "stream", "j", "--from-chunk", "2")
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
            let outcome = try await CLIProcess.run(server, "list", "--limit", "3", "--state", "queued")
            #expect(outcome.status == 0)
            let lines = outcome.output.split(separator: "\n")
            #expect(lines.count == 3)
            #expect(lines.first == "j0\tqueued\t0\t0\t0.000\t1970-01-01T00:00:00.001Z\tf0.wav")
            let none = try await CLIProcess.run(server, "--json", "list", "--state", "failed")
            #expect(none.output == "")
        }
    }

    @Test func `a priority is shown where it is not normal, and always in json`() async throws {
        try await FakeSpeechServer.run {
            $0.jobs = [
                JobStatus(jobID: "a", state: .queued, filename: "f", priority: .high),
                JobStatus(jobID: "b", state: .queued, filename: "f", priority: .normal),
            ]
        } _: { server in
            let list = try await CLIProcess.run(server, "list").output.split(separator: "\n")
            #expect(list.map { $0.hasSuffix("\tf\thigh") } == [true, false])
            let json = try await CLIProcess.run(server, "--json", "list").output
            #expect(json.contains(#""priority":"high""#) && json.contains(#""priority":"normal""#))
        }
    }

    @Test func `the workers are part of the statistics`() async throws {
        try await FakeSpeechServer.run {
            $0.workers = [
                WorkerInfo(id: "w1", host: "box", pid: 7, slotsTotal: 4, slotsBusy: 3, model: "tiny", version: "1.0"),
                WorkerInfo(id: "w2", host: "box", engineTrouble: "no model", draining: true),
            ]
        } _: { server in
            let text = try await CLIProcess.run(server, "stats").output
            #expect(text.contains("WORKER") && text.contains("3/4") && text.contains("draining, engine: no model"))
            let json = try await CLIProcess.run(server, "--json", "stats").output
            #expect(json.contains(#""workers":[{"id":"w1","host":"box","pid":7,"slots_total":4,"slots_busy":3"#))
        }
    }

    @Test func `a recording is named to the server by its URL or its key`() async throws {
        try await FakeSpeechServer.run { server in
            let url = "https://h/talk.mp3?token=x"
            let submitted = try await CLIProcess.run(server, "submit", "--url", url, "--priority", "high")
            #expect(submitted.status == 0)
            #expect(submitted.output == "job-0\n")
            let transcribed = try await CLIProcess.run(server, "transcribe", "--object", "imports/a.wav")
            #expect(transcribed.output == "one\ntwo\nthree\n")
            let options = server.read(\.options)
            #expect(options.map(\.url) == [url, ""])
            #expect(options.map(\.objectKey) == ["", "imports/a.wav"])
            #expect(options.map(\.priority) == [.high, .normal])
            #expect(server.read(\.uploads) == [[], []])
            #expect(options.allSatisfy { $0.idempotencyKey.hasPrefix("auto-") && $0.filename.isEmpty })
        }
    }

    @Test func `several jobs are cancelled in one run, and the first failure is the status`() async throws {
        try await FakeSpeechServer.run {
            $0.failures[SpeechMethod.cancel] = [RPCError(.notFound, "there is no job x")]
        } _: { server in
            let outcome = try await CLIProcess.run(server, "cancel", "x", "y")
            #expect(outcome.status == 4)
            #expect(outcome.output == "y cancelled\n")
            #expect(outcome.error == "stt-rpc: error: x: there is no job x\n")
        }
    }

    @Test func `the result of a job that failed has the failed job's status`() async throws {
        try await FakeSpeechServer.run {
            $0.failures[SpeechMethod.getResult] = [RPCError(.failedPrecondition, "not completed")]
        } _: { server in
            let outcome = try await CLIProcess.run(server, "result", "j")
            #expect(outcome.status == 11)
            #expect(outcome.error == "stt-rpc: error: not completed\n")
        }
    }
}
