public import STTCore
import Synchronization

/// A clock that stands still until it is turned.
///
/// Concurrency: the `Mutex` guards the time.
public final class FakeWallClock: WallClock {
    private let time: Mutex<Timestamp>

    /// - Parameter start: By default 2025-01-01 00:00 UTC.
    public init(start: Timestamp = Timestamp(millisecondsSinceEpoch: 1_735_689_600_000)) {
        time = Mutex(start)
    }

    /// Where the clock was turned to last.
    public var now: Timestamp { time.withLock { $0 } }

    /// Turns the clock on; a negative duration turns it back.
    public func advance(by duration: Duration) {
        time.withLock { $0 = $0 + duration }
    }
}
