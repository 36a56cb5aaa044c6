import Logging
public import STTCore
import Synchronization

/// Transcribes on a server that speaks OpenAI's HTTP interface.
///
/// What may pass (the server is busy, restarts, cannot be reached) is tried again within the request's time limit, and is
/// `unavailable` after that, which does not count against the chunk. The time limit begins with the first try: the turn
/// by the rate limit, which is the worker's own, is not part of it.
///
/// Concurrency: a mutex protects the tasks of the requests under way, which `shutdown` cancels.
public final class OpenAIEngine: TranscriptionEngine {
    private typealias Work = Task<Result<EngineResult, EngineError>, Never>

    private struct State {
        var isShutDown = false
        var running: [UInt64: Work] = [:]
        var nextID: UInt64 = 0
    }

    public let name = OpenAIEngineFactory.engineName
    let shared: OpenAIConnection
    let log: Logger
    private let state = Mutex(State())

    init(_ shared: OpenAIConnection, slot: Int) {
        self.shared = shared
        var log = shared.log
        log[metadataKey: "slot"] = "\(slot)"
        self.log = log
    }

    public func transcribe(_ request: EngineRequest) async throws(EngineError) -> EngineResult {
        let model = request.model ?? shared.configuration.models.first ?? ""
        guard shared.configuration.models.contains(model) else {
            throw EngineError(.rejected, "there is no model \"\(model)\" here")
        }
        guard !request.samples.isEmpty else { return EngineResult(segments: [], language: nil, elapsed: .zero) }
        // A task of its own, so that a shutdown can end it.
        let registered: (id: UInt64, work: Work)? = state.withLock { state in
            guard !state.isShutDown else { return nil }
            let work = Work { await self.result(of: request, model: model) }
            state.nextID += 1
            state.running[state.nextID] = work
            return (state.nextID, work)
        }
        guard let (id, work) = registered else { throw Self.shutDown }
        let result = await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            work.cancel()
        }
        let isShutDown = state.withLock { state in
            state.running[id] = nil
            return state.isShutDown
        }
        if case .failure(let error) = result, error.code == .cancelled, isShutDown, !Task.isCancelled {
            throw Self.shutDown
        }
        return try result.get()
    }

    /// There is no process to replace.
    public func recycle() async {}

    /// Ends requests under way. Further ones fail.
    public func shutdown() async {
        let running = state.withLock { state in
            state.isShutDown = true
            return Array(state.running.values)
        }
        for work in running { work.cancel() }
    }

    private static var shutDown: EngineError { EngineError(.unavailable, "this engine has been shut down") }

    private func result(of request: EngineRequest, model: String) async -> Result<EngineResult, EngineError> {
        do throws(EngineError) {
            return .success(
                try await shared.limiter.withPermit { () async throws(EngineError) in
                    try await exchange(request, model: model)
                })
        } catch {
            return .failure(error)
        }
    }
}
