import Foundation
import Logging
import RPCServer
import STTProto
import Synchronization

/// A server that answers as a test's script says, on a unix socket, and can be killed and started again.
///
/// Concurrency: the script is behind a mutex; starting and stopping is for one task at a time.
final class FakeSpeechServer: Sendable {
    /// What the server knows and does. Survives a restart, as a real server's store does.
    struct Script: Sendable {
        /// The text of each chunk of every job.
        var chunks: [String] = ["one\n", "two\n", "three\n"]
        var gaps: [Int: Gap] = [:]
        var finalState = ProtoJobState.completed
        var error: JobError?
        /// How many partials a stream sends before it waits for its end. `nil`: all of them, and the final status.
        var partialsPerStream: Int?
        /// How many pieces of a result a call sends before it breaks off. `nil`: all of them.
        var piecesPerResult: Int?
        /// Statuses for the next calls of a method, in order; then they succeed.
        var failures: [String: [RPCError]] = [:]
        /// Whether a submit does its work before it fails.
        var losesSubmitReplies = false
        /// Submits read their options and then wait for their end.
        var holdsUploads = false
        /// Jobs for List, newest first.
        var jobs: [JobStatus] = []
        var workers: [WorkerInfo] = []

        // What was asked of it.
        var calls: [String] = []
        var streamsFrom: [Int] = []
        var uploads: [[UInt8]] = []
        var options: [SubmitOptions] = []
        var jobsByKey: [String: String] = [:]
        var cancelled: [String] = []
        var resultFormats: [ResultFormat] = []
        var layouts: [SubtitleLayoutMessage?] = []
    }

    let path: String
    let script = Mutex(Script())
    private let uploadBegan = AsyncStream.makeStream(of: Void.self)
    private let running = Mutex<RPCServer?>(nil)

    init() {
        path = "/tmp/stt-fake-\(UInt64.random(in: .min ... .max)).sock"
    }

    var address: ServerAddress { .unix(path: path) }

    func edit(_ change: (inout Script) -> Void) { script.withLock { change(&$0) } }

    func read<T: Sendable>(_ value: (Script) -> T) -> T { script.withLock { value($0) } }

    func start() async throws {
        let server = RPCServer(methods: methods(), logger: Logger(label: "fake") { _ in SwiftLogNoOpLogHandler() })
        _ = try await server.start(listeningOn: [address])
        running.withLock { $0 = server }
    }

    /// Ends every connection at once, as a crash does.
    func kill() async {
        let server = running.withLock { server in
            defer { server = nil }
            return server
        }
        await server?.shutdown()
    }

    /// Ends every connection when the next upload has begun.
    func killAtUpload() async throws {
        for await _ in uploadBegan.stream { break }
        await kill()
    }

    /// Runs a test against the server, and takes it away afterwards.
    static func run(_ change: (inout Script) -> Void = { _ in }, _ body: (FakeSpeechServer) async throws -> Void)
        async throws
    {
        let server = FakeSpeechServer()
        server.edit(change)
        try await server.start()
        do {
            try await body(server)
        } catch {
            await server.kill()
            throw error
        }
        await server.kill()
        unlink(server.path)
    }

    private func methods() -> MethodRegistry {
        var registry = MethodRegistry()
        registry.clientStreaming(SpeechMethod.submit) { [self] requests, _ in try await submit(requests) }
        registry.unary(SpeechMethod.status) { [self] (request: StatusRequest, _) in
            try begin(SpeechMethod.status)
            return status(request.jobID, chunksDone: 0)
        }
        registry.serverStreaming(SpeechMethod.streamResult) { [self] request, replies, _ in
            try await stream(request, replies)
        }
        registry.serverStreaming(SpeechMethod.getResult) { [self] request, replies, _ in
            try await result(request, replies)
        }
        registry.unary(SpeechMethod.cancel) { [self] (request: CancelRequest, _) in
            try begin(SpeechMethod.cancel)
            edit { $0.cancelled.append(request.jobID) }
            return JobStatus(jobID: request.jobID, state: .cancelled)
        }
        registry.unary(SpeechMethod.list) { [self] (request: ListRequest, _) in
            try begin(SpeechMethod.list)
            let all = read(\.jobs).filter { request.states.isEmpty || request.states.contains($0.state) }
            let start = Int(request.pageToken) ?? 0
            let page = all.dropFirst(start).prefix(request.pageSize == 0 ? 2 : request.pageSize)
            let end = start + page.count
            return ListReply(jobs: Array(page), nextPageToken: end < all.count ? "\(end)" : "")
        }
        registry.unary(SpeechMethod.delete) { [self] (_: DeleteRequest, _) in
            try begin(SpeechMethod.delete)
            return DeleteReply()
        }
        registry.unary(SpeechMethod.queueStats) { [self] (_: QueueStatsRequest, _) in
            try begin(SpeechMethod.queueStats)
            return QueueStatsReply(
                jobs: [StateCount(state: .queued, jobs: 3)], chunksPending: 7, slotsTotal: 2, workers: read(\.workers))
        }
        registry.unary(SpeechMethod.health) { [self] (_: HealthRequest, _) in
            try begin(SpeechMethod.health)
            return HealthReply(
                serving: true, version: "9.9", uptimeMilliseconds: 1500,
                dependencies: [DependencyHealth(name: "engine", ok: true)])
        }
        return registry
    }

    /// Notes a call, and fails it where the script says so.
    private func begin(_ method: String) throws {
        let failure = script.withLock { script -> RPCError? in
            script.calls.append(method)
            guard script.failures[method]?.isEmpty == false else { return nil }
            return script.failures[method]?.removeFirst()
        }
        if let failure { throw failure }
    }

    private func status(_ job: String, chunksDone: Int, isFinal: Bool = false) -> JobStatus {
        script.withLock { script in
            JobStatus(
                jobID: job, state: isFinal ? script.finalState : .transcribing, filename: "a.wav",
                audio: AudioInfo(durationMilliseconds: script.chunks.count * 1000), chunksTotal: script.chunks.count,
                chunksDone: chunksDone, chunksWithGaps: script.gaps.count, audioDoneMilliseconds: chunksDone * 1000,
                error: isFinal ? script.error : nil)
        }
    }

    private func submit(_ requests: InboundMessages<SubmitRequest>) async throws -> SubmitReply {
        let losesReply = read(\.losesSubmitReplies)
        if !losesReply { try begin(SpeechMethod.submit) }
        var bytes: [UInt8] = []
        var key = ""
        for try await request in requests {
            switch request {
            case .options(let options):
                key = options.idempotencyKey
                edit { $0.options.append(options) }
                uploadBegan.continuation.yield()
                if read(\.holdsUploads) { try await untilCancelled() }
            case .audio(let piece): bytes += piece
            }
        }
        let (job, existing) = script.withLock { script in
            script.uploads.append(bytes)
            if let job = script.jobsByKey[key] { return (job, true) }
            let job = "job-\(script.jobsByKey.count)"
            script.jobsByKey[key] = job
            return (job, false)
        }
        if losesReply { try begin(SpeechMethod.submit) }
        return SubmitReply(jobID: job, audioBytes: bytes.count, audioSHA256: "00", existing: existing)
    }

    private func stream(
        _ request: StreamResultRequest, _ replies: OutboundMessages<StreamResultReply>
    ) async throws {
        edit { $0.streamsFrom.append(request.fromChunk) }
        try begin(SpeechMethod.streamResult)
        let script = read { $0 }
        try await replies.send(.status(status(request.jobID, chunksDone: request.fromChunk)))
        var sent = 0
        for chunk in request.fromChunk..<max(request.fromChunk, script.chunks.count) {
            if let limit = script.partialsPerStream, sent == limit {
                try await untilCancelled()
            }
            try await replies.send(
                .partial(
                    Partial(
                        chunk: chunk, startMilliseconds: chunk * 1000, endMilliseconds: (chunk + 1) * 1000,
                        text: script.chunks[chunk], gaps: script.gaps[chunk].map { [$0] } ?? [],
                        engineMilliseconds: 250, attempts: 1)))
            sent += 1
            try await replies.send(.status(status(request.jobID, chunksDone: chunk + 1)))
        }
        try await replies.send(
            .status(status(request.jobID, chunksDone: script.chunks.count, isFinal: true)))
    }

    private func result(
        _ request: GetResultRequest, _ replies: OutboundMessages<GetResultReply>
    ) async throws {
        edit {
            $0.resultFormats.append(request.format)
            $0.layouts.append(request.layout)
        }
        try begin(SpeechMethod.getResult)
        let (chunks, limit) = read { ($0.chunks, $0.piecesPerResult) }
        for (index, text) in chunks.enumerated() {
            if index == limit {
                edit { $0.piecesPerResult = nil }
                throw RPCError(.unavailable, "restarting")
            }
            try await replies.send(GetResultReply(data: Array(text.utf8)))
        }
    }

    private func untilCancelled() async throws {
        let (never, _) = AsyncStream.makeStream(of: Void.self)
        for await _ in never {}
        try Task.checkCancellation()
    }
}
