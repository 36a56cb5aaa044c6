internal import Synchronization

/// What happens to a recording from its upload on.
public enum TranscriptionEvent: Sendable, Hashable {
    /// What follows is of this job. It comes again where the upload broke off and was repeated, or was found to be that
    /// of an earlier job: everything that came before is void then, and comes anew.
    case job(String)
    case result(ResultEvent)
}

/// A recording that is being sent, with its job. Its release ends the upload.
///
/// Concurrency: any task; a mutex protects the state.
public final class Upload: Sendable {
    fileprivate struct State {
        var job: String?
        /// How the upload ended.
        var end: Result<Submission, SpeechError>?
        var nextWatcher = 0
        var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    /// What the upload's task and this object share.
    fileprivate final class Progress: Sendable {
        private let state = Mutex(State())

        var job: String? { state.withLock { $0.job } }
        var end: Result<Submission, SpeechError>? { state.withLock { $0.end } }

        func change(_ body: (inout State) -> Void) {
            let watchers = state.withLock { state in
                body(&state)
                return Array(state.watchers.values)
            }
            for watcher in watchers { watcher.yield() }
        }

        /// Begins with an element.
        func changes() -> AsyncStream<Void> {
            let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            let id = state.withLock { state in
                state.nextWatcher += 1
                state.watchers[state.nextWatcher] = continuation
                return state.nextWatcher
            }
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { _ = $0.watchers.removeValue(forKey: id) }
            }
            continuation.yield()
            return stream
        }

        /// Waits until a question has an answer.
        func first<Answer>(_ ask: (Progress) -> Answer?) async throws -> Answer {
            for await _ in changes() {
                if let answer = ask(self) { return answer }
            }
            throw CancellationError()
        }
    }

    private let progress = Progress()
    private let client: SpeechClient
    private let task: Task<Void, Never>

    init(
        _ client: SpeechClient,
        _ submit: @escaping @Sendable (@escaping @Sendable (String) -> Void) async throws(SpeechError) -> Submission
    ) {
        self.client = client
        task = Task { [progress] in
            do throws(SpeechError) {
                let submission = try await submit { job in progress.change { $0.job = job } }
                progress.change { state in
                    state.job = submission.id
                    state.end = state.end ?? .success(submission)
                }
            } catch {
                progress.change { $0.end = $0.end ?? .failure(error) }
            }
        }
    }

    deinit { task.cancel() }

    /// Waits for the end of the upload: the job is durable then.
    public var submission: Submission {
        get async throws(SpeechError) {
            do {
                return try await progress.first(\.end).get()
            } catch {
                throw SpeechError(any: error)
            }
        }
    }

    /// The job, once the upload is complete.
    public var completeJob: String? {
        guard case .success(let submission) = progress.end else { return nil }
        return submission.id
    }

    /// Ends the upload. A job that is complete goes on.
    public func cancel() { task.cancel() }

    /// The transcript as it is made, also while the upload goes on, until the job has ended. The first event is
    /// ``TranscriptionEvent/job(_:)``, the last a status with a terminal state.
    ///
    /// Throws ``SpeechError``; that of the upload where it fails.
    public func events() -> ServerSequence<TranscriptionEvent> {
        ServerSequence { handoff in
            // Holds the upload for as long as the sequence is read.
            try await self.follow(into: handoff)
        }
    }

    private func follow(into handoff: Handoff<TranscriptionEvent>) async throws {
        var last: String?
        while true {
            let job = try await progress.first { progress -> Result<String, SpeechError>? in
                if case .failure(let error) = progress.end { return .failure(error) }
                // The stream of a job whose upload went on may have been lost.
                if let job = progress.job, job != last || progress.isComplete(job) { return .success(job) }
                return nil
            }.get()
            last = job
            try await handoff.send(.job(job))
            guard let status = try await follow(job, into: handoff) else { continue }
            // There is nothing to be sent any more, and who makes the bytes may wait for ever.
            if let error = SpeechError(endOf: status) {
                progress.change { $0.end = $0.end ?? .failure(error) }
                task.cancel()
            }
            return
        }
    }

    /// - Returns: The status with which the job came to its end. `nil`: its upload did.
    private func follow(_ job: String, into handoff: Handoff<TranscriptionEvent>) async throws -> JobStatus? {
        let (client, progress) = (client, progress)
        return try await withThrowingTaskGroup(of: JobStatus?.self) { group in
            group.addTask {
                do {
                    for try await event in client.streamResult(job) {
                        if Self.isEndOfUpload(event), !progress.isComplete(job) { return nil }
                        // Not to be cancelled with this task: that would end the handoff, of which there is one.
                        try await Task { try await handoff.send(.result(event)) }.value
                        if case .status(let status) = event, status.state.isTerminal { return status }
                    }
                    throw SpeechError(.cancelled, "cancelled")
                } catch {
                    if progress.isComplete(job) || Task.isCancelled { throw error }
                    // The upload tells whether there is going to be another job.
                    return nil
                }
            }
            group.addTask {
                try await progress.first { progress -> Void? in
                    if case .failure = progress.end { return () }
                    return progress.job == job ? nil : ()
                }
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// The job failed because its upload broke off: there may be another one.
    private static func isEndOfUpload(_ event: ResultEvent) -> Bool {
        guard case .status(let status) = event, status.state.isTerminal else { return false }
        return status.error?.code == "upload.brokenOff"
    }
}

extension Upload.Progress {
    fileprivate func isComplete(_ job: String) -> Bool {
        guard case .success(let submission) = end else { return false }
        return submission.id == job
    }
}
