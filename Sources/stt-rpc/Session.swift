import Logging
import STTClient
import Synchronization

/// What a command works with: the client, the console, and what is to be tidied up when it is stopped.
///
/// Concurrency: the client and the console look after themselves; the rest is behind a mutex.
final class Session: Sendable {
    let client: SpeechClient
    let console: Console
    let options: GlobalOptions
    let server: String

    private struct State {
        /// Jobs that end with this program when it is stopped.
        var ownJobs: [String] = []
        var stopNote: String?
    }

    private let state = Mutex(State())

    init(options: GlobalOptions, console: Console) throws(Failure) {
        self.options = options
        self.console = console
        let addresses = try options.addresses()
        server = addresses.map { "\($0)" }.joined(separator: ",")
        let notices = RetryNotices(console: console)
        var configuration = try options.clientConfiguration()
        configuration.onRetry = { notices.tell($0) }
        let isVerbose = options.verbose
        client = SpeechClient(
            addresses: addresses, configuration: configuration,
            logger: Logger(label: "stt-rpc") { label in
                var handler = StreamLogHandler.standardError(label: label)
                // What matters to a person is told in the program's own words.
                handler.logLevel = isVerbose ? .info : .critical
                return handler
            })
    }

    /// A job that is to be cancelled when the program is stopped.
    func own(_ job: String) { state.withLock { $0.ownJobs.append(job) } }

    func disown(_ job: String) { state.withLock { state in state.ownJobs.removeAll { $0 == job } } }

    /// What to tell when the program is stopped now.
    func setStopNote(_ note: String?) { state.withLock { $0.stopNote = note } }

    /// Cancels what the program started and nobody will read.
    ///
    /// - Returns: What was done, for a sentence; `nil` where there was nothing to do.
    func tidyUp() async -> String? {
        let (jobs, note) = state.withLock { state in
            defer { state.ownJobs = [] }
            return (state.ownJobs, state.stopNote)
        }
        guard !jobs.isEmpty else { return note }
        var problems: [String] = []
        for job in jobs {
            do throws(SpeechError) {
                try await cancel(job)
            } catch {
                problems.append("job \(job) could not be cancelled: \(error.message)")
            }
        }
        if let problem = problems.first { return "\(problem); try stt-rpc cancel" }
        return jobs.count == 1 ? "job \(jobs[0]) cancelled" : "\(jobs.count) jobs cancelled"
    }

    private static let cancelPatience = Duration.seconds(5)

    private func cancel(_ job: String) async throws(SpeechError) {
        let client = client
        let work = Task { () async -> Result<Void, SpeechError> in
            do throws(SpeechError) {
                try await client.cancel(job)
                return .success(())
            } catch  where error.code == .notReady || error.code == .notFound {
                // It has ended by itself.
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        let timer = Task {
            try await Task.sleep(for: Self.cancelPatience)
            work.cancel()
        }
        defer { timer.cancel() }
        try await work.value.get()
    }
}

/// Tells once an outage that calls are being repeated.
final class RetryNotices: Sendable {
    private let console: Console

    init(console: Console) { self.console = console }

    func tell(_ notice: RetryNotice) {
        guard notice.attempt == 1 else { return }
        let seconds = max(1, Int(notice.remaining.inSeconds.rounded()))
        console.note("stt-rpc: \(notice.message); trying again for up to \(seconds) s")
    }
}
