public import Logging
public import RPCClient
public import STTProto
internal import Synchronization

/// Transcribes speech on a server: sends recordings, follows jobs, fetches transcripts.
///
///     let client = try SpeechClient(address: "stt://127.0.0.1:7700")
///     let job = try await client.submit(file: "talk.flac")
///     for try await event in client.streamResult(job.id) {
///         if case .partial(let partial) = event { print(partial.text, terminator: "") }
///     }
///     await client.close()
///
/// Connects when the first call is made. Any number of calls may run at once; they share one connection.
///
/// When a server that had been reached goes away, calls are repeated and streams go on where they were, with growing
/// waits and on the other servers where there are several, until ``SpeechClientConfiguration/retryFor`` or
/// ``SpeechClientConfiguration/streamRetryFor`` has passed. A server that is shut down in order costs no wait at all. A full
/// queue is waited for as long as the server asks, where that is within the patience.
///
/// With the addresses of two servers of one cluster either may be restarted at any time:
///
///     let client = SpeechClient(addresses: [
///         try ServerAddress(parsing: "stt://a.example:7700"), try ServerAddress(parsing: "stt://b.example:7700"),
///     ])
///
/// Each client draws one of them by lot and stays with it while it works
/// (``/RPCClient/RPCClientConfiguration/spreadsOverAddresses``). A name that leads to several servers does the same.
///
/// Every call ends: see ``SpeechClientConfiguration`` for what bounds it. Cancelling the task that makes a call ends it
/// here and on the server.
///
/// Concurrency: immutable but for one atomic flag.
public final class SpeechClient: Sendable {
    /// How this client behaves.
    public let configuration: SpeechClientConfiguration
    let rpc: RPCClient
    let clock: RetryClock
    private let logger: Logger
    /// Whether the server ever answered.
    private let wasReached = Atomic(false)

    /// - Parameter addresses: Servers that share their jobs.
    public convenience init(
        addresses: [ServerAddress], configuration: SpeechClientConfiguration = .init(),
        logger: Logger = Logger(label: "stt.client")
    ) {
        self.init(addresses: addresses, configuration: configuration, logger: logger, clock: .system)
    }

    /// - Parameter address: Such as `stt://127.0.0.1:7700` or `unix:/run/stt.sock`.
    /// - Throws: ``InvalidAddress`` where the text is none.
    public convenience init(
        address: String, configuration: SpeechClientConfiguration = .init(),
        logger: Logger = Logger(label: "stt.client")
    ) throws(InvalidAddress) {
        self.init(
            addresses: [try ServerAddress(parsing: address)], configuration: configuration, logger: logger)
    }

    package init(
        addresses: [ServerAddress], configuration: SpeechClientConfiguration, logger: Logger, clock: RetryClock
    ) {
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        rpc = RPCClient(addresses: addresses, configuration: configuration.connection, logger: logger)
    }

    /// Ends every open call and closes the connection.
    public func close() async { await rpc.close() }
}

extension SpeechClient {
    /// Where a job stands.
    ///
    /// - Throws: ``SpeechError``; ``SpeechError/Code/notFound`` where there is no such job.
    public func status(_ job: String) async throws(SpeechError) -> JobStatus {
        try await call(SpeechMethod.status, StatusRequest(jobID: job))
    }

    /// Cancels a job. Cancelling it twice does no harm.
    ///
    /// - Returns: The job as it is now.
    /// - Throws: ``SpeechError``; ``SpeechError/Code/notReady`` where the job has completed or failed.
    @discardableResult
    public func cancel(_ job: String) async throws(SpeechError) -> JobStatus {
        try await call(SpeechMethod.cancel, CancelRequest(jobID: job))
    }

    /// Removes a job that has ended, with its audio and its result.
    ///
    /// - Throws: ``SpeechError``; ``SpeechError/Code/notReady`` where the job has not ended.
    public func delete(_ job: String) async throws(SpeechError) {
        var isRepetition = false
        do {
            let _: DeleteReply = try await call(SpeechMethod.delete, DeleteRequest(jobID: job)) { isRepetition = true }
        } catch {
            // The first attempt may have done it before its reply was lost.
            if isRepetition, error.code == .notFound { return }
            throw error
        }
    }

    /// How busy the server is.
    ///
    /// - Throws: ``SpeechError``.
    public func queueStats() async throws(SpeechError) -> QueueStatsReply {
        try await call(SpeechMethod.queueStats, QueueStatsRequest())
    }

    /// Whether the server works.
    ///
    /// - Throws: ``SpeechError``.
    public func health() async throws(SpeechError) -> HealthReply {
        try await call(SpeechMethod.health, HealthRequest())
    }

    /// One page of jobs, newest first.
    ///
    /// - Parameters:
    ///   - states: Only jobs in one of these. Empty: all.
    ///   - pageSize: 1 to 1,000. 0: the server's default.
    ///   - token: `nextPageToken` of the page before.
    /// - Throws: ``SpeechError``.
    public func page(
        states: [JobState] = [], pageSize: Int = 0, token: String = ""
    ) async throws(SpeechError) -> ListReply {
        try await call(SpeechMethod.list, ListRequest(states: states, pageSize: pageSize, pageToken: token))
    }

    /// All jobs, newest first, fetched page by page.
    public func list(states: [JobState] = [], pageSize: Int = 0) -> ServerSequence<JobStatus> {
        ServerSequence { handoff in
            var token = ""
            repeat {
                let page = try await self.page(states: states, pageSize: pageSize, token: token)
                for job in page.jobs { try await handoff.send(job) }
                token = page.nextPageToken
            } while !token.isEmpty
        }
    }
}

extension SpeechClient {
    /// Makes a call that may be repeated without harm.
    func call<Req: ProtoMessage, Res: ProtoMessage>(
        _ method: String, _ request: Req, onRetry: () -> Void = {}
    ) async throws(SpeechError) -> Res {
        var schedule = schedule(patience: configuration.retryFor)
        while true {
            do throws(RPCError) {
                let reply: Res = try await rpc.unary(
                    method, request, options: CallOptions(timeout: configuration.callTimeout))
                markReached()
                return reply
            } catch {
                markReached(by: error)
                try await wait(after: error, &schedule)
                onRetry()
            }
        }
    }

    func schedule(patience: Duration) -> RetrySchedule {
        RetrySchedule(
            patience: patience, initialBackoff: configuration.initialBackoff, maxBackoff: configuration.maxBackoff)
    }

    func markReached() { wasReached.store(true, ordering: .relaxed) }

    /// Any status but UNAVAILABLE and the local ones can only come from a server, and so can the time of another try.
    func markReached(by error: RPCError) {
        switch error.code {
        case .unavailable where error.retryAfter != nil: markReached()
        case .unavailable where error.cause is ConnectionError && rpc.hasConnected: markReached()
        case .unavailable, .cancelled, .deadlineExceeded, .internalError: break
        default: markReached()
        }
    }

    /// Waits for the time of the next attempt.
    ///
    /// - Throws: ``SpeechError`` where there is to be none.
    func wait(after error: RPCError, _ schedule: inout RetrySchedule) async throws(SpeechError) {
        let isAllowed = wasReached.load(ordering: .relaxed) || configuration.waitsForFirstConnection
        guard isAllowed else { throw SpeechError(error) }
        let attempts = schedule.attempts
        guard let wait = schedule.wait(after: error, now: clock.now(), jitter: .random(in: 0...1)) else {
            var final = SpeechError(error)
            if RetrySchedule.isWorthRepeating(error), attempts > 0 {
                final.message += "; gave up after \(schedule.patience.components.seconds) s"
            }
            throw final
        }
        logger.debug(
            "repeating a call",
            metadata: ["error": "\(error)", "attempt": "\(schedule.attempts)", "delay": "\(wait.delay)"])
        guard wait.delay > .zero else { return }
        configuration.onRetry?(
            RetryNotice(
                message: error.message, attempt: schedule.attempts, delay: wait.delay, remaining: wait.remaining))
        do {
            try await clock.sleep(wait.delay)
        } catch {
            throw SpeechError(any: error)
        }
    }
}
