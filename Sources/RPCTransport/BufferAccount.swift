internal import RPCWire

/// What the server's connections on one event loop keep in memory together, and what is done where that is too much.
///
/// It is counted where a connection has read or written, not for each message, and no other loop has a part in it: that costs
/// a call nothing that could be measured.
///
/// Concurrency: belongs to one event loop.
package final class BufferAccount: @unchecked Sendable {
    /// What the connections may keep together.
    package let limit: Int
    package private(set) var total = 0
    private unowned let loop: EventLoop
    /// Is to bring ``total`` down to ``goal``. Called when nothing is being dispatched.
    package var relieve: (@Sendable () -> Void)?
    /// Beyond this relief is asked for: the limit, or more where the last one did not help enough.
    private var threshold: Int
    /// Relief is to be had before more is read or made. See ``EventLoop/isReliefDue``.
    private var isReliefDue: Bool {
        get { loop.isReliefDue }
        set { loop.isReliefDue = newValue }
    }

    package init(limit: Int, loop: EventLoop) {
        self.limit = limit
        self.loop = loop
        threshold = limit
    }

    /// What relief brings the total down to, so that it is not asked for again at once.
    package var goal: Int { limit - limit / 8 }

    /// Whether relief did not help: what is kept are things that their owners do not give away.
    package var isExhausted: Bool { total > limit && !isReliefDue }

    func add(_ difference: Int) {
        total += difference
        if total <= limit {
            threshold = limit
        } else if total > threshold, !isReliefDue {
            isReliefDue = true
            loop.performLater {
                self.relieve?()
                self.isReliefDue = false
                self.threshold = self.total > self.limit ? self.total + self.limit / 16 : self.limit
            }
        }
    }
}

extension Connection {
    /// A change of less than this is noticed with the next one.
    private static let changeWorthCounting = 16 * 1024

    /// Has the loop's account know what the connection keeps now.
    package func countKeptBytes() {
        guard let account else { return }
        let bytes = phase == .closed ? 0 : machine.keptBytes + unsent.byteCount + decoder.keptBytes
        guard bytes != countedBytes else { return }
        account.add(bytes - countedBytes)
        countedBytes = bytes
    }

    /// As ``countKeptBytes()``, where so many bytes make it worth it.
    func countKeptBytes(changedBy bytes: Int) {
        if bytes >= Self.changeWorthCounting { countKeptBytes() }
    }

    /// What is kept of output that the peer does not take, whatever becomes of the streams.
    package var untakenBytes: Int { unsent.byteCount + machine.controlBytes }

    /// The owners of the streams that are open, with what those make this side keep.
    package var keptBytesOfOwners: [(bytes: Int, owner: any CallStreamOwner)] {
        streams.compactMap { stream in
            guard let stream, let owner = stream.owner, machine.isOpen(stream.slot) else { return nil }
            return (machine.keptBytes(stream.slot), owner)
        }
    }
}
