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
    /// The input, where this program sent it.
    let file: String?
    /// For the live line and for warnings.
    let name: String
    let partials: Partials
    let display: ProgressDisplay

    init(
        session: Session, file: String?, name: String, partials: Partials, display: ProgressDisplay? = nil
    ) {
        self.session = session
        self.file = file
        self.name = name
        self.partials = partials
        self.display = display ?? ProgressDisplay(console: session.console)
    }

    /// Follows a job that is on the server.
    /// - Throws: What the stream or standard output throws. How the job ended is in the outcome.
    func follow(
        _ job: String, fromChunk: Int = 0, order: DeliveryOrder = .inOrder,
        onPartial: @escaping (Partial) -> Void = { _ in }
    ) async throws -> Outcome {
        var following = Following(self, onPartial: onPartial)
        following.job = job
        for try await event in session.client.streamResult(job, fromChunk: fromChunk, order: order) {
            if let outcome = try following.take(event) { return outcome }
        }
        throw try endWithoutStatus(job)
    }

    /// Follows what is still being sent. Where the upload has to be repeated, what was printed as the result is not printed
    /// again.
    /// - Parameter begin: Called once there is a job.
    func follow(_ upload: Upload, begin: () throws -> Void) async throws -> Outcome {
        var following = Following(self)
        for try await event in upload.events() {
            switch event {
            case .job(let job):
                if following.job.isEmpty { try begin() }
                following.begin(job)
            case .result(let event): if let outcome = try following.take(event) { return outcome }
            }
        }
        throw try endWithoutStatus(following.job)
    }

    private func endWithoutStatus(_ job: String) throws -> Failure {
        try Task.checkCancellation()
        return Failure(.unexpected, "the stream of job \(job) ended without a status; report this as a bug")
    }

    /// What was shown of a job so far.
    private struct Following {
        let follower: JobFollower
        let onPartial: (Partial) -> Void
        let began = ContinuousClock.now
        var job = ""
        private var firstPartial: ContinuousClock.Instant?
        private var firstChunkEngine: Duration?
        private var audioDone = 0
        private var doneAt: ContinuousClock.Instant
        /// Of the partials that were printed as the result, in order.
        private var shown: [Int] = []
        /// How many partials of this job are those that were printed already.
        private var repeats = 0
        private var next = 0

        init(_ follower: JobFollower, onPartial: @escaping (Partial) -> Void = { _ in }) {
            self.follower = follower
            self.onPartial = onPartial
            doneAt = began
        }

        mutating func begin(_ job: String) {
            self.job = job
            repeats = shown.count
            next = 0
        }

        /// - Returns: The outcome, where this was the end.
        mutating func take(_ event: ResultEvent) throws -> Outcome? {
            switch event {
            case .partial(let partial):
                if firstPartial == nil {
                    firstPartial = .now
                    firstChunkEngine = .milliseconds(partial.engineMilliseconds)
                }
                guard try isNew(partial) else { return nil }
                try follower.show(partial, of: job)
                onPartial(partial)
            case .status(let status):
                if case .json = follower.partials {
                    try follower.session.console.line(.status(status, file: follower.file))
                }
                if status.state.isTerminal {
                    follower.display.clear()
                    return Outcome(status: status, firstPartial: firstPartial, firstChunkEngine: firstChunkEngine)
                }
                if status.audioDoneMilliseconds != audioDone {
                    (audioDone, doneAt) = (status.audioDoneMilliseconds, .now)
                }
                // While the upload goes on, the line is about that.
                guard status.audio?.bytes ?? 0 > 0 else { return nil }
                follower.display.show { [name = follower.name, began, doneAt] in
                    ProgressText.transcription(status, elapsed: $0 - began, age: $0 - doneAt, name: name)
                }
            }
            return nil
        }

        /// A repeated upload is cut and transcribed as the first one was. Should it not be, all of it is shown. What is not
        /// the result itself is shown as it comes: each object names its job.
        private mutating func isNew(_ partial: Partial) throws -> Bool {
            guard case .output = follower.partials else { return true }
            defer { next += 1 }
            let text = partial.text.hashValue
            guard next < repeats else {
                shown.append(text)
                return true
            }
            if shown[next] == text { return false }
            guard next == 0 else {
                throw Failure(
                    .unexpected,
                    "the upload had to be repeated, and the transcript differs from what was printed;"
                        + " see it with: stt-rpc stream \(job)")
            }
            follower.session.console.warning(
                "\(follower.name): the upload had to be repeated, and the transcript differs from what was printed:"
                    + " it begins again")
            (shown, repeats) = ([text], 0)
            return true
        }
    }

    private func show(_ partial: Partial, of job: String) throws {
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
