import STTCore

/// Engines that take a fixed time and say one word.
struct SleepingEngines: EngineFactory {
    let modelName = "sleep"
    let sleep: Duration

    func makeEngine(slot: Int) async throws(EngineError) -> any TranscriptionEngine { SleepingEngine(sleep: sleep) }

    func refusal(of options: TranscriptionOptions) -> JobFailure? { nil }
}

private struct SleepingEngine: TranscriptionEngine {
    let name = "sleep"
    let sleep: Duration

    func transcribe(_ request: EngineRequest) async throws(EngineError) -> EngineResult {
        do {
            try await Task.sleep(for: sleep, tolerance: .zero)
        } catch {
            throw EngineError(.cancelled, "cancelled")
        }
        let end = request.samples.count * 1000 / ChunkSpan.sampleRate
        let segment = TranscriptSegment(startMilliseconds: 0, endMilliseconds: end, text: "word")
        return EngineResult(segments: [segment], language: "en", elapsed: sleep)
    }

    func recycle() async {}
    func shutdown() async {}
}
