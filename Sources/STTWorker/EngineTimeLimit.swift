import STTCore
import Synchronization

/// How long an engine run may take before it counts as hung.
///
/// The ceiling is proportional to the audio, since the speed of a model on a machine is not known beforehand. Once runs
/// were seen, a multiple of the slowest recent one takes its place, so that an engine that hangs is found in seconds
/// where the model is fast.
public struct EngineTimeLimit: Sendable {
    /// Added to the ceiling: starting the process and loading the model.
    public var startup: Duration
    /// Times the audio's length.
    public var factor: Double
    /// Times the slowest recent run.
    public var slack: Double
    /// Never less than this.
    public var floor: Duration

    public init(
        startup: Duration = .seconds(20), factor: Double = 2, slack: Double = 8, floor: Duration = .seconds(10)
    ) {
        self.startup = startup
        self.factor = factor
        self.slack = slack
        self.floor = floor
    }

    /// - Parameters:
    ///   - audio: Length of the request's audio.
    ///   - slowest: The slowest recent run, where there was one.
    ///   - attempt: From 1. Each further attempt gets twice the time, in case it was not hung but slow.
    func limit(audio: Duration, slowest: Duration?, attempt: Int) -> Duration {
        let ceiling = startup + audio * factor
        let usual = slowest.map { min(ceiling, max(floor, $0 * slack)) } ?? ceiling
        return usual * (1 << min(max(attempt - 1, 0), 6))
    }
}

/// The run times of a worker's last requests.
///
/// Concurrency: any task; a mutex protects the window.
final class EngineRunTimes: Sendable {
    private static let window = 16
    private let recent = Mutex<[EngineWindow: [Duration]]>([:])

    func record(_ elapsed: Duration, window: EngineWindow) {
        recent.withLock { recent in
            recent[window, default: []].append(elapsed)
            if recent[window, default: []].count > Self.window { recent[window]?.removeFirst() }
        }
    }

    /// The slowest recent run that tells how long one with this window may take: a full one takes longer than a fitted.
    func slowest(_ window: EngineWindow) -> Duration? {
        recent.withLock { recent in
            let full = recent[.full]?.max()
            guard window == .fitted, let fitted = recent[.fitted]?.max() else { return full }
            return max(fitted, full ?? .zero)
        }
    }
}
