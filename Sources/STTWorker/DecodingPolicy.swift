public import STTCore

/// How a worker runs its engines on a chunk.
public struct DecodingPolicy: Sendable {
    /// A chunk with no more audio than this is tried first with the engine's window fitted to it. Zero: never.
    public var fittedWindowLimit: Duration
    /// Whether the engine runs again where its output shows that it skipped speech or was guessing. Without that, its
    /// window is not fitted either.
    public var reruns: Bool
    /// How much of the previous chunk's text is carried, at most, where a job asks for it.
    public var carriedCharacters: Int
    /// How long a chunk waits, in all, for earlier chunks whose language or text it is to go on with. Then it goes on
    /// without.
    public var predecessorWait: Duration
    /// How often the store is asked meanwhile.
    public var predecessorPoll: Duration

    public init(
        fittedWindowLimit: Duration = .milliseconds(FittedWindow.largestSampleCount / 16), reruns: Bool = true,
        carriedCharacters: Int = 200,
        predecessorWait: Duration = .seconds(60), predecessorPoll: Duration = .milliseconds(150)
    ) {
        self.fittedWindowLimit = fittedWindowLimit
        self.reruns = reruns
        self.carriedCharacters = carriedCharacters
        self.predecessorWait = predecessorWait
        self.predecessorPoll = predecessorPoll
    }

    /// The window of a chunk's first run. After a failed attempt it is the full one, as the model was trained.
    func window(audio: Duration, attempt: Int) -> EngineWindow {
        reruns && attempt <= 1 && fittedWindowLimit > .zero && audio <= fittedWindowLimit ? .fitted : .full
    }
}
