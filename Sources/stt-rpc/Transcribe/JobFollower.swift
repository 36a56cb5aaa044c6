import STTClient

/// Reads a job's events to the end and shows them.
struct JobFollower {
    /// Where the texts of partials go.
    enum Partials {
        /// Standard output: they are the result.
        case output
        /// One object an event on standard output.
        case json
        /// Standard error where that is a terminal: the result comes in another form.
        case preview
    }

    /// How the job went.
    struct Outcome {
        /// With a terminal state.
        var status: JobStatus
        var firstPartial: ContinuousClock.Instant?
        var firstChunkEngine: Duration?
    }

    let session: Session
    let job: String
    /// The input, where this program sent it.
    let file: String?
    /// For the live line and for warnings.
    let name: String
    let partials: Partials
    let display: ProgressDisplay

    init(
        session: Session, job: String, file: String?, name: String, partials: Partials,
        display: ProgressDisplay? = nil
    ) {
        self.session = session
        self.job = job
        self.file = file
        self.name = name
        self.partials = partials
        self.display = display ?? ProgressDisplay(console: session.console)
    }

    /// - Throws: What the stream or standard output throws. How the job ended is in the outcome.
    func follow(
        fromChunk: Int = 0, order: DeliveryOrder = .inOrder, onPartial: (Partial) -> Void = { _ in }
    ) async throws -> Outcome {
        let began = ContinuousClock.now
        var firstPartial: ContinuousClock.Instant?
        var firstChunkEngine: Duration?
        var (audioDone, doneAt) = (0, began)
        for try await event in session.client.streamResult(job, fromChunk: fromChunk, order: order) {
            switch event {
            case .partial(let partial):
                if firstPartial == nil {
                    firstPartial = .now
                    firstChunkEngine = .milliseconds(partial.engineMilliseconds)
                }
                try show(partial)
                onPartial(partial)
            case .status(let status):
                if case .json = partials { try session.console.line(.status(status, file: file)) }
                if status.state.isTerminal {
                    display.clear()
                    return Outcome(status: status, firstPartial: firstPartial, firstChunkEngine: firstChunkEngine)
                }
                if status.audioDoneMilliseconds != audioDone {
                    (audioDone, doneAt) = (status.audioDoneMilliseconds, .now)
                }
                display.show { [name, doneAt] in
                    ProgressText.transcription(status, elapsed: $0 - began, age: $0 - doneAt, name: name)
                }
            }
        }
        try Task.checkCancellation()
        throw Failure(.unexpected, "the stream of job \(job) ended without a status; report this as a bug")
    }

    private func show(_ partial: Partial) throws {
        switch partials {
        case .output: try session.console.output(partial.text)
        case .json: try session.console.line(.partial(partial, job: job, file: file))
        case .preview:
            if session.console.isErrorTerminal { session.console.note(partial.text, terminator: "") }
        }
        for gap in partial.gaps {
            let from = Format.position(milliseconds: gap.startMilliseconds)
            let to = Format.position(milliseconds: gap.endMilliseconds)
            let message = gap.message.isEmpty ? "" : ": \(gap.message)"
            session.console.warning("\(name): no transcript from \(from) to \(to): \(gap.code)\(message)")
        }
    }
}
