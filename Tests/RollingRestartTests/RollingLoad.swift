import Foundation
import STTRig
import Synchronization

@testable import STTClient

/// What clients do all the while servers are restarted: read streams, upload, ask. Everything that fails is noted.
///
/// Concurrency: any task; a mutex protects the notes.
final class RollingLoad: Sendable {
    struct Size: Sendable {
        var jobs = 10
        var chunks = 28
        /// Each reads a stream of every job.
        var readers = 5
        var uploads = 20
        var askers = 4
    }

    struct Upload: Sendable {
        var key: String
        var id: String
        var attempts: Int
    }

    private struct State {
        var errors: [String] = []
        var uploads: [Upload] = []
        var statuses = 0
        var notices: [String: Int] = [:]
        var tasks: [Task<Void, Never>] = []
        var isStopping = false
    }

    let size: Size
    private let cluster: Cluster
    private let state = Mutex(State())
    private let started = Mutex<(jobs: [String], streams: [StreamRecording])>(([], []))

    init(on cluster: Cluster, size: Size = Size()) {
        self.cluster = cluster
        self.size = size
    }

    var errors: [String] { state.withLock { $0.errors } }
    var uploads: [Upload] { state.withLock { $0.uploads } }
    var statusCount: Int { state.withLock { $0.statuses } }
    /// How often the library told of a wait for a repetition, by its reason.
    var notices: [String: Int] { state.withLock { $0.notices } }
    var jobs: [String] { started.withLock { $0.jobs } }
    var streams: [StreamRecording] { started.withLock { $0.streams } }
    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func note(_ error: any Error, _ what: String) {
        state.withLock { $0.errors.append("\(what): \(error)") }
    }

    /// A client as a user would make it: both addresses, and the library's defaults.
    private func client() throws -> SpeechClient {
        try cluster.client { configuration in
            configuration = SpeechClientConfiguration()
            configuration.onRetry = { notice in
                // Ports and jobs differ.
                let reason = notice.message.filter { !$0.isNumber }
                self.state.withLock { $0.notices[reason, default: 0] += 1 }
            }
        }
    }

    /// Submits the jobs and begins. Returns when every stream is open and the uploads run.
    func start() async throws {
        let first = try client()
        var jobs: [String] = []
        var options = Cluster.options()
        // Partials are to come all the while, whatever the uploads bring.
        options.priority = .high
        for _ in 0..<size.jobs {
            jobs.append(try await first.submit(bytes: Clip.talk(chunks: size.chunks), options: options).id)
        }
        var streams: [StreamRecording] = []
        for _ in 0..<size.readers {
            let reader = try client()
            streams += jobs.map { StreamRecording($0, through: reader) }
        }
        started.withLock { $0 = (jobs, streams) }
        for _ in 0..<2 {
            let uploader = try client()
            for number in 0..<size.uploads / 2 { run { await self.upload(number, through: uploader) } }
        }
        for number in 0..<size.askers {
            let asker = try client()
            let job = jobs[number % jobs.count]
            run { await self.ask(job, through: asker) }
        }
        try await waitUntil("every stream is open, and partials come", within: .seconds(60)) {
            streams.allSatisfy(\.isOpen) && streams.contains { !$0.arrivals.isEmpty }
        }
    }

    private func run(_ body: @escaping @Sendable () async -> Void) {
        let task = Task { await body() }
        state.withLock { $0.tasks.append(task) }
    }

    private func upload(_ number: Int, through client: SpeechClient) async {
        var round = 0
        while !isStopping {
            round += 1
            let key = "upload-\(UInt64.random(in: 0 ... .max))"
            // Of a few seconds, so that some end within a server's grace and some are cut. One in twenty is of two parts.
            let isLarge = number == 0 && round % 2 == 0
            let bytes = Clip.weighted(Clip.word(), bytes: isLarge ? 6 << 20 : 400 << 10)
            let source = SlowSource(bytes: bytes, pieces: 40, pause: .milliseconds(.random(in: 60...150)))
            do {
                let submission = try await client.submit(source, Cluster.options(key: key), nil)
                state.withLock { $0.uploads.append(Upload(key: key, id: submission.id, attempts: source.attempts)) }
            } catch {
                note(error, "upload \(key)")
            }
        }
    }

    private func ask(_ job: String, through client: SpeechClient) async {
        while !isStopping {
            do {
                let status = try await client.status(job)
                if status.jobID != job { note(RigFailure(description: "of \(status.jobID)"), "status of \(job)") }
                state.withLock { $0.statuses += 1 }
                try await Task.sleep(for: .milliseconds(40))
            } catch {
                note(error, "status")
            }
        }
    }

    /// Lets what runs end, and returns when it has.
    func stop() async {
        let tasks = state.withLock { state in
            state.isStopping = true
            return state.tasks
        }
        for task in tasks { await task.value }
    }
}

/// A recording that can be read again, slowly.
private final class SlowSource: AudioSource {
    let pieces: [[UInt8]]
    let pause: Duration
    let byteCount: Int?
    let filename = "slow.wav"
    let isRepeatable = true
    private let opened = Atomic(0)

    init(bytes: [UInt8], pieces count: Int, pause: Duration) {
        let length = (bytes.count + count - 1) / count
        pieces = stride(from: 0, to: bytes.count, by: length).map { Array(bytes[$0..<min($0 + length, bytes.count)]) }
        self.pause = pause
        byteCount = bytes.count
    }

    var attempts: Int { opened.load(ordering: .relaxed) }

    func open() -> any AudioReader {
        opened.add(1, ordering: .relaxed)
        return Reader(self)
    }

    private final class Reader: AudioReader {
        private let source: SlowSource
        private var next = 0

        init(_ source: SlowSource) { self.source = source }

        func read() async throws -> [UInt8]? {
            guard next < source.pieces.count else { return nil }
            try await Task.sleep(for: source.pause)
            next += 1
            return source.pieces[next - 1]
        }
    }
}
