internal import RPCWire
internal import STTProto

/// The rules of docs/PROTOCOL.md, written down a second time: plain, slow, and without a thought for memory.
///
/// It is told what happens to a connection and says what has to come of it. Where the document leaves a choice, so does
/// the model: of several broken rules any may be named, counts over a time may be made in fixed or moving windows, and
/// credit may be given at any time, as long as what was promised to all streams stays within the bound.
struct ConnectionModel {
    struct Queued {
        var bytes: [UInt8]
        var sent = 0
        var endsSending = false
        var isOnlyEnd = false
        var left: Int { bytes.count - sent }
    }

    struct Stream {
        var id: UInt32
        var slot: Int
        /// Frames are read and written.
        var isOpen = true
        /// Server: the handler has not returned.
        var isHandled: Bool

        var received: UInt64 = 0
        var consumed: UInt64 = 0
        var told: UInt64
        var assembling: UInt64 = 0
        var assemblingBytes = 0
        var isMidMessage = false
        var peerIsDone = false
        /// Complete messages that nobody has used up, by their cost.
        var unread: [UInt64] = []
        var retained: UInt64 = 0
        /// Of its CALL.
        var callBytes = 0
        /// The window that the last WINDOW shows, where it must still be so large.
        var grown: UInt64 = 0

        var queue: [Queued] = []
        var sent: UInt64 = 0
        var limit: UInt64
        var isDoneSending = false
        var end: StatusCode?
        /// Message and END may be in the output already.
        var mayBeWritten = false
        /// A short reply, which overtakes what is queued on other streams.
        var isShortReply = false
        var wakeAt: Int?
        var lastServed = 0
        var sendableSince: Int?

        /// The peer has to send more of a message, may not, and all before was used up.
        var isStarved: Bool { isOpen && isMidMessage && unread.isEmpty && received + 12 >= told }

        var queuedBytes: Int { queue.reduce(0) { $0 + ($1.isOnlyEnd ? 0 : $1.left + 12) } }

        var canSend: Bool {
            guard isOpen else { return false }
            guard let head = queue.first else { return end != nil }
            return head.isOnlyEnd || sent + 12 + (head.left > 0 ? 1 : 0) <= limit
        }
    }

    /// A frame that has to come next: any but DATA, and a message that was written straight into the output.
    enum Control: Equatable {
        case preface
        case hello
        case call(UInt32, [UInt8])
        case end(UInt32, StatusCode)
        case cancel(UInt32, UInt32)
        case ping(UInt64, isAnswer: Bool)
        case goAway(last: UInt32, CloseReason)
        case message(UInt32, [UInt8])
    }

    let isServer: Bool
    let local: WireLimits
    var remote = WireLimits.smallest
    var isHelloReceived = false
    /// In use: open, or with a handler that runs.
    var streams: [UInt32: Stream] = [:]
    var highest: UInt32 = 0
    /// No stream above it.
    var lastAccepted: UInt32?
    var control: [Control] = []
    /// Slots of streams that are over and that nobody has asked about.
    var released: [Int] = []
    /// The last stream of each slot.
    var lastOfSlot: [Int: UInt32] = [:]
    /// Server: the peer was told that it gives up too many streams.
    var hasComplained = false
    /// DATA that may still come for streams that are over.
    var lateCredit: UInt64 = 0
    /// What streams had been told when they ended, for a WINDOW may go out beside the end.
    var toldAtEnd: [UInt32: UInt64] = [:]
    /// Idle frames that CALL and DATA have paid for.
    var paidIdle = 0
    var now: UInt64 = 0
    /// The time of the last frame.
    var clock: UInt64 = 0
    /// Counts the DATA and END frames sent.
    var tick = 0
    var resets: [UInt64] = []
    var pings: [UInt64] = []
    var empties: [UInt64] = []
    var idles: [UInt64] = []

    init(isServer: Bool, local: WireLimits) {
        self.isServer = isServer
        self.local = local
    }

    var window: UInt64 { UInt64(local.initialWindowBytes) }

    var canOpenStream: Bool {
        lastAccepted == nil && streams.count < remote.maxStreams && highest < 0x7FFF_FFFD
    }

    /// Whether a message goes straight into the output: a short one, whole, on credit, that overtakes nothing of its
    /// stream, while not too much lies there.
    func takesDirectly(_ stream: Stream, _ count: Int, outputBytes: Int) -> Bool {
        stream.isOpen && !stream.isDoneSending && stream.queue.isEmpty && count <= min(8192, remote.maxFrameBytes)
            && stream.sent + UInt64(count) + 12 <= stream.limit && outputBytes <= 65_536
    }

    // Memory.

    /// What the peer can make this side keep: credit that is not used up, and what running calls keep.
    var promisedBytes: UInt64 {
        streams.values.reduce(0) { $0 + max($1.isOpen ? $1.told - $1.consumed : 0, $1.retained) }
    }

    /// What has come of streams in use and was not used up, with their CALLs.
    var inboundBytes: Int {
        streams.values.reduce(0) { $0 + Int($1.received - $1.consumed) + $1.callBytes }
    }

    /// What the messages of all streams take.
    var keptBytes: UInt64 {
        streams.values.reduce(0) { sum, stream in
            sum + stream.retained + (stream.isOpen ? stream.assembling + stream.unread.reduce(0, +) : 0)
        }
    }

    // Rates.

    /// Whether a count must be, may be or cannot be exceeded by one more event at this time.
    mutating func count(_ times: WritableKeyPath<Self, [UInt64]>, limit: Int) -> (must: Bool, may: Bool) {
        self[keyPath: times].append(clock)
        let span = local.abuseWindowSeconds * 1_000_000_000
        let recent = self[keyPath: times].count { clock - $0 <= span }
        return (recent > 2 * limit, recent > limit)
    }

    /// Counts a frame that brings nothing.
    mutating func countIdle() -> (must: Bool, may: Bool) {
        guard isServer else { return (false, false) }
        if paidIdle > 0 {
            paidIdle -= 1
            return (false, false)
        }
        return count(\.idles, limit: local.maxIdleFrames)
    }

    // Endings.

    mutating func close(_ id: UInt32) {
        guard var stream = streams[id], stream.isOpen else { return }
        stream.isOpen = false
        lateCredit += stream.told - stream.received + 12
        toldAtEnd[id] = stream.told
        stream.queue = []
        stream.end = nil
        stream.isDoneSending = true
        streams[id] = stream
        releaseIfOver(id)
    }

    mutating func releaseIfOver(_ id: UInt32) {
        guard let stream = streams[id], !stream.isOpen, !stream.isHandled else { return }
        streams[id] = nil
        released.append(stream.slot)
    }

    mutating func consume(_ id: UInt32, isRetained: Bool) -> UInt64? {
        guard var stream = streams[id], !stream.unread.isEmpty else { return nil }
        let cost = stream.unread.removeFirst()
        if isRetained { stream.retained += cost } else { stream.consumed += cost }
        streams[id] = stream
        return cost
    }

    mutating func open(_ id: UInt32, slot: Int) {
        streams[id] = Stream(
            id: id, slot: slot, isHandled: isServer, told: window, limit: UInt64(remote.initialWindowBytes))
        streams[id]?.lastServed = tick
        lastOfSlot[slot] = id
        highest = id
    }

    func id(ofSlot slot: Int) -> UInt32 { lastOfSlot[slot] ?? 0 }

    mutating func handlerReturned(_ id: UInt32) {
        streams[id]?.isHandled = false
        releaseIfOver(id)
    }

    /// Notes since when each stream may send.
    mutating func noteSendable() {
        for id in streams.keys {
            let canSend = streams[id]?.canSend ?? false
            if !canSend {
                streams[id]?.sendableSince = nil
            } else if streams[id]?.sendableSince == nil {
                streams[id]?.sendableSince = tick
            }
        }
    }
}
