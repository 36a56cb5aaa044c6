public import STTCore
import Synchronization

/// An engine factory whose engines do what a script says. The script is asked for each run.
///
/// Concurrency: any task; a mutex protects the log of runs.
public final class ScriptedEngines: EngineFactory, Sendable {
    public enum Behaviour: Sendable {
        /// One segment over the whole request, with this text.
        case say(String)
        case segments([TranscriptSegment])
        case fail(EngineError.Code)
        /// Computes until it is cancelled or its time limit ends.
        case hang
        /// Waits for the gate to open, then says the text.
        case wait(Gate, String)
    }

    /// One request to one engine.
    public struct Run: Sendable {
        public var slot: Int
        public var samples: [Int16]
        public var request: EngineRequest
        /// How often this slot's engine was recycled before.
        public var generation: Int
    }

    private struct State {
        var runs: [Run] = []
        var stopped = 0
    }

    public let modelName = "scripted"
    private let state = Mutex(State())
    private let script: @Sendable (Run) -> Behaviour

    public init(_ script: @escaping @Sendable (Run) -> Behaviour) {
        self.script = script
    }

    public var runs: [Run] { state.withLock { $0.runs } }
    /// Runs that ended by cancellation.
    public var stopped: Int { state.withLock { $0.stopped } }

    public func makeEngine(slot: Int) async throws(EngineError) -> any TranscriptionEngine {
        ScriptedEngine(slot: slot, factory: self)
    }

    /// They speak English, and so no chunk waits until another has found the language.
    public func refusal(of options: TranscriptionOptions) -> JobFailure? {
        options.language == nil || options.language == "en"
            ? nil : JobFailure(code: "engine.englishOnly", message: "scripted engines speak English")
    }

    fileprivate func begin(_ run: Run) -> Behaviour {
        state.withLock { $0.runs.append(run) }
        return script(run)
    }

    fileprivate func countStop() {
        state.withLock { $0.stopped += 1 }
    }
}

private actor ScriptedEngine: TranscriptionEngine {
    nonisolated let name = "scripted"
    private let slot: Int
    private let factory: ScriptedEngines
    private var generation = 0

    init(slot: Int, factory: ScriptedEngines) {
        self.slot = slot
        self.factory = factory
    }

    func transcribe(_ request: EngineRequest) async throws(EngineError) -> EngineResult {
        let run = ScriptedEngines.Run(slot: slot, samples: request.samples, request: request, generation: generation)
        let end = request.samples.count * 1000 / ChunkSpan.sampleRate
        switch factory.begin(run) {
        case .say(let text): return Self.result(text, end: end)
        case .segments(let segments): return EngineResult(segments: segments, language: "en", elapsed: .milliseconds(1))
        case .fail(let code): throw EngineError(code, "scripted \(code)")
        case .hang:
            do {
                try await Task.sleep(for: request.timeLimit)
            } catch {
                factory.countStop()
                throw EngineError(.cancelled, "cancelled")
            }
            throw EngineError(.timedOut, "no answer within \(request.timeLimit)")
        case .wait(let gate, let text):
            await gate.wait()
            if Task.isCancelled {
                factory.countStop()
                throw EngineError(.cancelled, "cancelled")
            }
            return Self.result(text, end: end)
        }
    }

    func recycle() { generation += 1 }

    func shutdown() {}

    private static func result(_ text: String, end: Int) -> EngineResult {
        let segment = TranscriptSegment(startMilliseconds: 0, endMilliseconds: end, text: text)
        return EngineResult(segments: text.isEmpty ? [] : [segment], language: "en", elapsed: .milliseconds(1))
    }
}
