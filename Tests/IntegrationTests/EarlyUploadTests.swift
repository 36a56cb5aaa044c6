import Foundation
import STTClient
import STTProcess
import STTProto
import STTRig
import STTTestKit
import Testing

/// Recordings that are transcribed while they are sent, and what becomes of them where something goes wrong.
@Suite(
    "Transcribed while uploaded", .enabled(if: FakeWhisperServer.isPossible, "python3 is not installed"), .serialized,
    .timeLimit(.minutes(3)))
struct EarlyUploadTests {
    private static let recording = SyntheticAudio.bursts(12, seconds: 9)

    /// Everything a test needs, until its end.
    private func withDaemon(
        slots: Int = 2, extra: [String] = [],
        _ body: (DaemonProcess, FakeWhisperServer, SpeechClient) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder)
        let daemon = try await DaemonProcess(in: folder, slots: slots, engine: engine.arguments, extra: extra)
        let client = try SpeechClient(address: daemon.address)
        try await body(daemon, engine, client)
        await client.close()
        #expect(await daemon.stop() == "exit status 0")
        #expect(try FileManager.default.contentsOfDirectory(atPath: daemon.data + "/tmp").isEmpty)
    }

    private static let options = SubmissionOptions(transcribesWhileUploading: true)

    /// Half of the recording, and the rest when the gate opens.
    private static func halves(_ gate: Gate) -> AsyncStream<[UInt8]> {
        AsyncStream { continuation in
            let middle = recording.count / 2
            continuation.yield(Array(recording[..<middle]))
            let task = Task {
                await gate.wait()
                if !Task.isCancelled { continuation.yield(Array(recording[middle...])) }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private static func jobs(_ client: SpeechClient) async throws -> [JobStatus] {
        var jobs: [JobStatus] = []
        for try await job in client.list() { jobs.append(job) }
        return jobs
    }

    private func hasObjects(_ daemon: DaemonProcess) throws -> Bool {
        try !FileManager.default.subpathsOfDirectory(atPath: daemon.data + "/objects").filter { path in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: daemon.data + "/objects/" + path, isDirectory: &isFolder)
            return !isFolder.boolValue
        }.isEmpty
    }

    @Test(
        "partials come while the upload goes on, and the transcript is that of an ordinary job",
        arguments: [recording.count, nil])
    func partials(announced: Int?) async throws {
        try await withDaemon { daemon, _, client in
            let gate = Gate()
            let upload = client.upload(
                stream: Self.halves(gate), byteCount: announced, options: Self.options)
            var text = ""
            var last: JobStatus?
            for try await event in upload.events() {
                switch event {
                case .job: continue
                case .result(.partial(let partial)):
                    #expect(text.isEmpty ? upload.completeJob == nil : true)
                    text += partial.text
                    gate.open()
                case .result(.status(let status)):
                    last = status
                    if text.isEmpty { #expect(status.audio?.bytes ?? 0 == 0) }
                }
            }
            let submission = try await upload.submission
            #expect(last?.state == .completed && last?.jobID == submission.id)
            #expect(submission.audioBytes == Self.recording.count && last?.audio?.bytes == Self.recording.count)
            let ordinary = try await client.submit(bytes: Self.recording)
            #expect(ordinary.audioSHA256 == submission.audioSHA256)
            _ = try await client.wait(for: ordinary.id)
            #expect(try await client.resultText(ordinary.id, format: .json).count > 0)
            #expect(try await client.resultText(ordinary.id) == text)
            #expect(try await client.resultText(submission.id) == text)
        }
    }

    @Test("a client that goes away leaves nothing of its upload, and a follower hears why")
    func clientGone() async throws {
        try await withDaemon { daemon, engine, client in
            let upload = client.upload(
                stream: Self.halves(Gate()), byteCount: Self.recording.count, options: Self.options)
            var partials = upload.events().makeAsyncIterator()
            guard case .job(let job)? = try await partials.next() else {
                Issue.record("there was no job")
                return
            }
            let follower = try SpeechClient(address: daemon.address)
            var end: JobStatus?
            for try await event in follower.streamResult(job) {
                switch event {
                case .partial: upload.cancel()
                case .status(let status): end = status
                }
            }
            #expect(end?.state == .failed && end?.error?.code == "upload.brokenOff")
            await #expect(throws: SpeechError.self) { try await upload.submission }
            while try await !Self.jobs(follower).isEmpty || hasObjects(daemon) { await Task.yield() }
            await #expect(throws: SpeechError.self) { try await follower.status(job) }
            // The engines are free.
            try engine.behave("sleep 0.01")
            #expect(try await follower.wait(for: follower.submit(bytes: Self.recording).id).state == .completed)
            await follower.close()
        }
    }

    @Test("an upload of another size than announced leaves nothing")
    func wrongSize() async throws {
        try await withDaemon { daemon, _, client in
            let gate = Gate()
            gate.open()
            let upload = client.upload(
                stream: Self.halves(gate), byteCount: Self.recording.count + 5, options: Self.options)
            let error = await #expect(throws: SpeechError.self) { try await upload.submission }
            #expect(error?.code == .invalidArgument || error?.code == .inputRefused, "\(String(describing: error))")
            while try await !Self.jobs(client).filter({ $0.error?.code != "audio.truncated" }).isEmpty {
                await Task.yield()
            }
        }
    }

    @Test("a job that is cancelled while it is uploaded ends the upload")
    func cancelled() async throws {
        try await withDaemon { daemon, _, client in
            let upload = client.upload(
                stream: Self.halves(Gate()), byteCount: Self.recording.count, options: Self.options)
            var cancelled = false
            var last: JobStatus?
            do {
                for try await event in upload.events() {
                    if case .result(.partial(_)) = event, !cancelled, let job = try await Self.jobs(client).first {
                        cancelled = true
                        _ = try await client.cancel(job.jobID)
                    }
                    if case .result(.status(let status)) = event { last = status }
                }
                #expect(last?.state == .cancelled)
            } catch let error as SpeechError {
                #expect(error.code == .jobCancelled, "\(error)")
            }
            let error = await #expect(throws: SpeechError.self) { try await upload.submission }
            #expect(error?.code == .jobCancelled, "\(String(describing: error))")
            #expect(try await Self.jobs(client).map(\.state) == [.cancelled])
        }
    }

    @Test("of two uploads under one key the one that is complete first has the job, and the other is told of it")
    func sameKey() async throws {
        try await withDaemon { daemon, _, client in
            var options = Self.options
            options.idempotencyKey = "k"
            let gates = [Gate(), Gate()]
            let uploads = gates.map {
                client.upload(stream: Self.halves($0), byteCount: Self.recording.count, options: options)
            }
            while try await Self.jobs(client).count < 2 { await Task.yield() }
            gates[1].open()
            let first = try await uploads[1].submission
            gates[0].open()
            let second = try await uploads[0].submission
            #expect(!first.isExisting && second.isExisting && first.id == second.id)
            #expect(try await client.wait(for: first.id).state == .completed)
            while try await Self.jobs(client).map(\.jobID) != [first.id] { await Task.yield() }
            for try await event in uploads[0].events() {
                if case .job(let job) = event { #expect(job == first.id) }
            }
        }
    }

    @Test("a server that dies in mid-upload leaves a job that says so, and a repeated upload is not hindered")
    func serverKilled() async throws {
        try await withDaemon { daemon, _, client in
            var options = Self.options
            options.idempotencyKey = "k"
            let gate = Gate()
            let upload = client.upload(
                stream: Self.halves(gate), byteCount: Self.recording.count, options: options)
            for try await event in upload.events() {
                if case .result(.partial(_)) = event { break }
            }
            await daemon.kill()
            gate.open()
            await #expect(throws: SpeechError.self) { try await upload.submission }
            try await daemon.start()
            let again = try SpeechClient(address: daemon.address)
            var failed = try await Self.jobs(again)
            while failed.contains(where: { !$0.state.isTerminal }) { failed = try await Self.jobs(again) }
            #expect(failed.map(\.state) == [.failed] && failed.first?.error?.code == "upload.brokenOff")
            let repeated = again.upload(bytes: Self.recording, options: options)
            let submission = try await repeated.submission
            #expect(!submission.isExisting)
            #expect(try await again.wait(for: submission.id).state == .completed)
            await again.close()
        }
    }

    @Test("a server that dies when the upload is acknowledged goes on with it after its start")
    func killedAfterEnd() async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder)
        let daemon = try await DaemonProcess(in: folder, engine: engine.arguments)
        let recording = SyntheticAudio.bursts(60, seconds: 9)
        let client = try SpeechClient(address: daemon.address)
        let upload = client.upload(bytes: recording, options: Self.options)
        let submission = try await upload.submission
        await daemon.kill()
        await client.close()
        try await daemon.start()
        let again = try SpeechClient(address: daemon.address)
        #expect(try await again.wait(for: submission.id).state == .completed)
        let ordinary = try await again.submit(bytes: recording)
        #expect(try await again.wait(for: ordinary.id).state == .completed)
        #expect(try await again.resultText(submission.id) == again.resultText(ordinary.id))
        await again.close()
        #expect(await daemon.stop() == "exit status 0")
    }

    @Test("seventy uploads at once are all transcribed, those beyond 64 once they are complete")
    func seventy() async throws {
        try await withDaemon { daemon, _, client in
            let gate = Gate()
            let uploads = (0..<70).map { _ in
                client.upload(stream: Self.halves(gate), byteCount: Self.recording.count, options: Self.options)
            }
            while try await Self.jobs(client).count < 64 { await Task.yield() }
            gate.open()
            for upload in uploads {
                let job = try await upload.submission.id
                #expect(try await client.wait(for: job).state == .completed)
            }
            #expect(try await Self.jobs(client).count == 70)
        }
    }

    @Test("a server that does not cut early answers once, and so does the program that asks for it")
    func never() async throws {
        try await withDaemon(extra: ["--early", "never"]) { daemon, _, client in
            let gate = Gate()
            gate.open()
            let upload = client.upload(
                stream: Self.halves(gate), byteCount: Self.recording.count, options: Self.options)
            let submission = try await upload.submission
            #expect(try await client.wait(for: submission.id).state == .completed)
            let file = try daemon.folder.write(Self.recording, to: "talk.wav")
            let outcome = try await daemon.client("transcribe", file)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try await client.resultText(submission.id) == outcome.output)
        }
    }

    @Test("a connection that is cut in mid-upload does not show in what is printed", arguments: [false, true])
    func cutConnection(json: Bool) async throws {
        let folder = try TemporaryFolder()
        let engine = try FakeWhisperServer(in: folder)
        let daemon = try await DaemonProcess(in: folder, engine: engine.arguments, address: "stt://127.0.0.1:0")
        let proxy = try await FaultProxy.tcp(to: daemon.address)
        // The whole upload would take half a minute.
        try await proxy.shape(bytesPerSecond: Self.recording.count / 30)
        let file = try folder.write(Self.recording, to: "talk.wav")
        let program = try await ChildProcess.start(
            ProcessCommand(
                Programs.client,
                ["--server", "stt://127.0.0.1:\(proxy.port)"] + (json ? ["--json"] : []) + ["transcribe", file],
                output: .stream))
        var output: [UInt8] = []
        while !String(decoding: output, as: UTF8.self).contains(json ? "\"type\":\"partial\"" : " ") {
            output += try #require(try await program.readOutput())
        }
        let client = try SpeechClient(address: daemon.address)
        let before = try #require(try await Self.jobs(client).first)
        #expect(before.state == .preparing && before.audio?.bytes ?? 0 == 0)
        try await proxy.cut()
        try await proxy.shape(bytesPerSecond: 0)
        while let more = try await program.readOutput() { output += more }
        #expect(await program.waitForExit().isSuccess)

        let job = try #require(try await Self.jobs(client).first { $0.state == .completed }?.jobID)
        #expect(job != before.jobID)
        let result = try await client.resultText(job)
        let printed = Outcome(status: 0, output: String(decoding: output, as: UTF8.self), errors: "")
        if json {
            let partials = try printed.objects().filter { $0["type"] as? String == "partial" }
            #expect(partials.first?["job"] as? String == before.jobID)
            #expect(
                partials.filter { $0["job"] as? String == job }.compactMap { $0["text"] as? String }.joined() == result)
        } else {
            #expect(printed.output == result)
        }
        await client.close()
        #expect(await daemon.stop() == "exit status 0")
    }
}
