import Foundation
import RPCServer
import STTProto
import Testing

/// `stt-rpc transcribe` as a whole, against a scripted server.
@Suite(.timeLimit(.minutes(5))) struct CLITranscribeTests {
    @Test func `transcribe prints the partials and nothing else`() async throws {
        try await withAudioFolder { folder in
            try await FakeSpeechServer.run { server in
                let outcome = try await CLIProcess.run(server, "transcribe", "\(folder)/a.wav", "--format", "txt")
                #expect(outcome.status == 0)
                #expect(outcome.output == "one\ntwo\nthree\n")
                #expect(outcome.error == "")
                #expect(server.read(\.uploads) == [Array("RIFF a.wav".utf8)])
                #expect(server.read { $0.options.map(\.filename) } == ["a.wav"])
                #expect(server.read(\.resultFormats).isEmpty)
            }
        }
    }

    @Test func `transcribe reads standard input`() async throws {
        try await FakeSpeechServer.run { server in
            let outcome = try await CLIProcess.run(server, "transcribe", "-", input: "RIFF from a pipe")
            #expect(outcome.status == 0)
            #expect(outcome.output == "one\ntwo\nthree\n")
            #expect(server.read(\.uploads) == [Array("RIFF from a pipe".utf8)])
        }
    }

    @Test func `another format is fetched when the job is complete`() async throws {
        try await withAudioFolder { folder in
            try await FakeSpeechServer.run { server in
                let outcome = try await CLIProcess.run(server, "transcribe", "\(folder)/a.wav", "--format", "srt")
                #expect(outcome.status == 0)
                #expect(outcome.output == "one\ntwo\nthree\n")
                #expect(server.read(\.resultFormats) == [.srt])
                #expect(server.read(\.layouts) == [nil])
                #expect(
                    try await CLIProcess.run(server, "result", "job-0", "--format", "vtt", "--line-length", "30").status
                        == 0)
                #expect(server.read(\.layouts) == [nil, SubtitleLayoutMessage(lineCharacters: 30)])
            }
        }
    }

    @Test func `the help of transcribe shows a call with two parties, and subtitles`() async throws {
        try await FakeSpeechServer.run { server in
            let outcome = try await CLIProcess.run(server, "transcribe", "--help")
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("stt-rpc transcribe call.wav --channels separate"))
            #expect(outcome.output.contains("--format srt --line-length 36 --lines 2"))
        }
    }

    @Test func `several files have headers, and one that is missing does not stop the others`() async throws {
        try await withAudioFolder { folder in
            try await FakeSpeechServer.run {
                $0.chunks = ["text\n"]
            } _: { server in
                let outcome = try await CLIProcess.run(
                    server, "transcribe", "\(folder)/a.wav", "\(folder)/no.wav", "\(folder)/b.wav")
                #expect(outcome.status == 5)
                #expect(outcome.output == "==> \(folder)/a.wav <==\ntext\n\n==> \(folder)/b.wav <==\ntext\n")
                #expect(outcome.error == "stt-rpc: error: \(folder)/no.wav does not exist; check the name\n")
            }
        }
    }

    @Test func `results go into files named after their inputs, and nothing else is left there`() async throws {
        try await withAudioFolder { folder in
            try await FakeSpeechServer.run { server in
                let outcome = try await CLIProcess.run(
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
        try await withAudioFolder { folder in
            try await FakeSpeechServer.run { server in
                let outcome = try await CLIProcess.run(server, "--json", "transcribe", "\(folder)/a.wav")
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
        try await withAudioFolder { folder in
            try await FakeSpeechServer.run {
                $0.gaps[1] = Gap(
                    startMilliseconds: 1000, endMilliseconds: 2000, code: "engine.crashed",
                    message: "it crashed 3 times")
            } _: { server in
                let lenient = try await CLIProcess.run(server, "transcribe", "\(folder)/a.wav")
                #expect(lenient.status == 0)
                #expect(
                    lenient.error
                        == "stt-rpc: warning: a.wav: no transcript from 0:01 to 0:02: engine.crashed: it crashed 3 times\n"
                )
                let strict = try await CLIProcess.run(server, "stream", "j", "--fail-on-gaps")
                #expect(strict.status == 10)
                #expect(strict.output == "one\ntwo\nthree\n")
            }
        }
    }

    @Test func `Ctrl-C cancels the job on the server and says so in one line`() async throws {
        try await withAudioFolder { folder in
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

    @Test func `a time limit ends the work and cancels the job`() async throws {
        try await withAudioFolder { folder in
            try await FakeSpeechServer.run {
                $0.partialsPerStream = 1
            } _: { server in
                let outcome = try await CLIProcess.run(server, "transcribe", "\(folder)/a.wav", "--timeout", "500ms")
                #expect(outcome.status == 9)
                #expect(outcome.error == "stt-rpc: error: not done within 0.50 s; job job-0 cancelled\n")
                #expect(server.read(\.cancelled) == ["job-0"])
            }
        }
    }

    @Test func `an output that cannot be written is told before the upload`() async throws {
        try await withAudioFolder { folder in
            try await FakeSpeechServer.run { server in
                let outcome = try await CLIProcess.run(
                    server, "transcribe", "\(folder)/a.wav", "-o", "\(folder)/none/x.txt")
                #expect(outcome.status == 2)
                #expect(outcome.error.contains("does not exist"))
                #expect(server.read(\.calls).isEmpty)
            }
        }
    }
}
