import STTClient
import Synchronization

/// Transcribes files one after the other, with uploads running ahead.
struct TranscriptionRun {
    /// Where a transcript goes.
    enum Destination: Equatable {
        /// To standard output as it is made.
        case partials
        /// To standard output when it is complete.
        case result
        case file(String)
        /// Nowhere but into the events of `--json`.
        case events
    }

    let session: Session
    let recordings: [Recording]
    let format: FormatArgument
    /// Of subtitles. `nil`: the server's default.
    let layout: SubtitleLayout?
    let failOnGaps: Bool
    let options: SubmissionOptions
    let destination: (String) -> Destination

    private var files: [String] { recordings.map(\.text) }
    private var console: Console { session.console }
    private var isJSON: Bool { session.options.json }

    /// - Throws: With one file, what went wrong. With several, a ``Failure`` that was told already, with the status of
    ///   the first file that failed.
    func run() async throws {
        let display = ProgressDisplay(console: console)
        let current = CurrentFile()
        let uploads = UploadAhead(count: files.count) { start(upload: $0, isAhead: $1, display, current) }
        do {
            try await transcribeAll(uploads, display, current)
        } catch {
            display.clear()
            await uploads.cancelAll()
            throw error
        }
    }

    private func transcribeAll(
        _ uploads: UploadAhead, _ display: ProgressDisplay, _ current: CurrentFile
    ) async throws {
        var first: Failure?
        for (index, file) in files.enumerated() {
            do {
                current.set(index)
                defer { uploads.forget(index) }
                try await follow(uploads.upload(index), index, display)
            } catch let error as Failure.BrokenPipe {
                throw error
            } catch {
                display.clear()
                try Task.checkCancellation()
                let failure = Failure(error, server: session.server)
                if files.count == 1 { throw failure }
                let isNamed = failure.message.hasPrefix(file)
                console.error(isNamed ? failure.message : "\(FileLabel.short(file)): \(failure.message)")
                if isJSON { try console.line(.failure(failure, file: file)) }
                first = first ?? failure
                // The next file would meet the same.
                if failure.status == .unreachable { break }
            }
        }
        if let first { throw Failure(first.status, "", code: first.code) }
    }

    private func start(
        upload index: Int, isAhead: Bool, _ display: ProgressDisplay, _ current: CurrentFile
    ) -> UploadAhead.Sending {
        let (recording, name) = (recordings[index], FileLabel.short(files[index]))
        let (session, options) = (session, options)
        let began = ContinuousClock.now
        let upload = recording.upload(with: session.client, options: options) { progress in
            guard current.isAt(index) else { return }
            display.show { ProgressText.upload(progress, elapsed: $0 - began, name: name) }
        }
        let owning = Task {
            guard let submission = try? await upload.submission else { return }
            // A job that was there before under the user's key is not this run's to cancel.
            if !submission.isExisting || options.idempotencyKey == nil { session.own(submission.id) }
        }
        return UploadAhead.Sending(upload: upload, owning: owning, isAhead: isAhead)
    }

    private func follow(_ sending: UploadAhead.Sending, _ index: Int, _ display: ProgressDisplay) async throws {
        let file = files[index]
        let destination = destination(file)
        let follower = JobFollower(
            session: session, file: file, name: FileLabel.short(file),
            partials: isJSON ? .json : destination == .partials ? .output : .preview, display: display)
        let outcome = try await outcome(of: sending, follower) {
            if files.count > 1, !isJSON, destination == .partials || destination == .result {
                try console.output("\(index > 0 ? "\n" : "")==> \(file) <==\n")
            }
        }
        if let error = SpeechError(endOf: outcome.status) {
            session.disown(outcome.status.jobID)
            throw error
        }
        let submission = try await submission(of: sending)
        await sending.owning.value
        session.disown(submission.id)
        try await deliver(submission.id, file, to: destination)
        let summary = RunSummary(
            name: FileLabel.short(file), submission: submission, outcome: outcome, isAhead: sending.isAhead, end: .now)
        if isJSON {
            try console.line(summary.json(file: file))
        } else if console.isErrorTerminal || session.options.verbose {
            console.note(summary.text)
        }
        if failOnGaps, outcome.status.chunksWithGaps > 0 { throw Failure.gaps(outcome.status) }
    }

    private func submission(of sending: UploadAhead.Sending) async throws -> Submission {
        try await withTaskCancellationHandler {
            try await sending.upload.submission
        } onCancel: {
            sending.upload.cancel()
        }
    }

    /// - Throws: With a lost connection, the error says how to go on.
    private func outcome(
        of sending: UploadAhead.Sending, _ follower: JobFollower, begin: () throws -> Void
    ) async throws -> JobFollower.Outcome {
        do {
            return try await follower.follow(sending.upload, begin: begin)
        } catch var error as SpeechError where error.code == .unreachable {
            guard let job = sending.upload.completeJob else { throw error }
            error.message += " (job \(job) goes on: stt-rpc stream \(job))"
            throw error
        }
    }

    private func deliver(_ job: String, _ file: String, to destination: Destination) async throws {
        let writer = ResultWriter(session: session, job: job, format: format, layout: layout)
        switch destination {
        case .partials, .events: break
        case .result:
            if isJSON { try console.line(try await writer.json(file: file)) } else { try await writer.writeToOutput() }
        case .file(let path):
            let bytes = try await writer.write(to: path)
            if isJSON {
                try console.line(writer.receipt(file: file, output: path, bytes: bytes))
            } else if console.isErrorTerminal {
                console.note("\(FileLabel.short(file)): \(format.rawValue) written to \(path)")
            }
        }
    }
}

/// Which file the live line is about.
private final class CurrentFile: Sendable {
    private let index = Atomic(0)

    func set(_ value: Int) { index.store(value, ordering: .relaxed) }

    func isAt(_ value: Int) -> Bool { index.load(ordering: .relaxed) == value }
}
