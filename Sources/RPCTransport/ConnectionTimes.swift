internal import RPCWire

/// The moments that a connection's time limits are counted from. 0: not running.
struct ConnectionTimes {
    let started: UInt64
    var lastReceived: UInt64
    var frameStarted: UInt64 = 0
    var outputStalledSince: UInt64 = 0
    /// When output that waits was looked at last, and how much of it lay with the transport then.
    fileprivate var outputChecked: UInt64 = 0
    fileprivate var outputAtCheck = 0
    var idleSince: UInt64
    var pingSent: UInt64 = 0
    var closeBy: UInt64 = 0
    var drainUntil: UInt64 = 0
    fileprivate var timer: TimerID?
    fileprivate var timerTime: UInt64 = 0

    init(now: UInt64) {
        started = now
        lastReceived = now
        idleSince = now
    }

    mutating func cancel(on loop: EventLoop) {
        if let timer { loop.cancel(timer) }
        timer = nil
        timerTime = 0
    }
}

/// What a connection does when a time is up.
private enum TimeLimit {
    case fail(CloseReason, String)
    case checkOutput
    case ping
    case dead
    case closeNow
}

extension Connection: TimerTarget {
    private static let highestKeepaliveFloor = Duration.seconds(300)
    private static let checksOfStall = 4

    /// A slow peer takes bytes long before there is room for a write, so that alone would close it.
    private func checkOutput(_ now: UInt64) {
        let waiting = transport.unacknowledgedBytes ?? 0
        if waiting < times.outputAtCheck { times.outputStalledSince = now }
        times.outputAtCheck = waiting
        times.outputChecked = now
    }

    /// Each limit that runs, with its moment.
    private func nextLimit() -> (UInt64, TimeLimit) {
        if phase == .flushing || phase == .lingering { return (times.closeBy, .closeNow) }
        var next: (UInt64, TimeLimit) = (.max, .ping)
        func consider(_ start: UInt64, _ duration: Duration, _ limit: TimeLimit) {
            guard start != 0 else { return }
            let time = start &+ duration.nanoseconds
            if time < next.0 { next = (time, limit) }
        }
        let limits = configuration
        if !machine.isHelloReceived {
            consider(times.started, limits.helloTimeout, .fail(.helloTimeout, "no HELLO in time"))
        } else {
            // A peer that wants no PINGs is asked now and then all the same, or one that vanished would stay for ever.
            let floor = min(
                .milliseconds(Int64(machine.remote.keepaliveFloorMilliseconds)), Self.highestKeepaliveFloor)
            if times.pingSent == 0 {
                consider(times.lastReceived, max(limits.keepaliveInterval, floor), .ping)
            } else {
                consider(times.pingSent, limits.keepaliveTimeout, .dead)
            }
        }
        consider(times.frameStarted, limits.frameTimeout, .fail(.frameTimeout, "a frame was not completed in time"))
        if times.outputStalledSince != 0 {
            consider(
                max(times.outputStalledSince, times.outputChecked), limits.stallTimeout / Self.checksOfStall,
                .checkOutput)
        }
        consider(times.outputStalledSince, limits.stallTimeout, .fail(.stalled, "the peer did not read in time"))
        if machine.streamCount == 0 {
            consider(times.idleSince, limits.idleTimeout, .fail(.idle, "no call for a long time"))
        }
        consider(times.drainUntil, .zero, .fail(.abuse, "the time after GOAWAY is over"))
        return next
    }

    /// Makes sure that the timer fires no later than the next limit. It may fire sooner, and is set anew then.
    func updateTimer() {
        guard phase != .closed else { return }
        let time = nextLimit().0
        if times.timer != nil, times.timerTime <= time { return }
        times.cancel(on: loop)
        times.timer = loop.schedule(at: time, self)
        times.timerTime = time
    }

    /// As ``updateTimer()`` where one limit has begun to run: most often the timer fires before it anyway.
    func updateTimer(noLaterThan time: UInt64) {
        if times.timer == nil || times.timerTime > time { updateTimer() }
    }

    package func timerFired(now: UInt64) {
        times.timer = nil
        let (time, limit) = nextLimit()
        if time <= now {
            switch limit {
            case .fail(.stalled, let message): return close(ConnectionError(.stalled, message), aborting: true)
            case .fail(let reason, let message): fail(ConnectionError(reason, message))
            case .checkOutput: checkOutput(now)
            case .ping:
                times.pingSent = now
                machine.sendPing(now)
                setDirty()
            case .dead:
                return close(ConnectionError(.keepaliveTimeout, "no answer to a PING"), aborting: true)
            case .closeNow:
                return close(ConnectionError(.drain, "the peer did not close"), aborting: phase == .flushing)
            }
        }
        updateTimer()
    }
}
