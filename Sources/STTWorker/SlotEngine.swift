import Logging
import STTCore

/// The engine of one slot, made when it is first needed and again after it could not be.
///
/// Concurrency: an actor. The slot's one task uses it; its `shutdown` may come from another.
actor SlotEngine {
    private let factory: any EngineFactory
    private let slot: Int
    private let metrics: WorkerMetrics
    private var engine: (any TranscriptionEngine)?

    init(factory: any EngineFactory, slot: Int, metrics: WorkerMetrics) {
        self.factory = factory
        self.slot = slot
        self.metrics = metrics
    }

    var name: String { engine?.name ?? "none" }

    /// Makes the engine, so that the first chunk need not wait for it.
    func prepare() async throws(EngineError) {
        _ = try await current()
    }

    func transcribe(_ request: EngineRequest) async throws(EngineError) -> EngineResult {
        let engine = try await current()
        metrics.update { $0.engineRuns += 1 }
        do {
            let result = try await engine.transcribe(request)
            metrics.update { $0.engineTrouble = nil }
            return result
        } catch {
            switch error.code {
            case .crashed, .timedOut: metrics.update { $0.engineRestarts += 1 }
            case .unavailable: metrics.update { $0.engineTrouble = error.message }
            case .invalidOutput, .rejected, .cancelled: break
            }
            throw error
        }
    }

    /// The next request gets a fresh process.
    func recycle() async {
        await engine?.recycle()
    }

    func shutdown() async {
        await engine?.shutdown()
        engine = nil
    }

    private func current() async throws(EngineError) -> any TranscriptionEngine {
        if let engine { return engine }
        do {
            let made = try await factory.makeEngine(slot: slot)
            engine = made
            metrics.update { $0.engineTrouble = nil }
            return made
        } catch {
            metrics.update { $0.engineTrouble = error.message }
            throw error
        }
    }
}
