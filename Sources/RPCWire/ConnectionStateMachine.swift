internal import DequeModule
internal import Synchronization

/// The protocol of one connection, for either role: which frames are legal, what they mean, what is sent and when.
///
/// Pure: it sees frames and gives bytes, and is told the time. Streams are named by slots, small numbers that are used
/// again, so that the layer above can keep its own state in an array.
///
/// Not copyable, for a copy on the path of a frame would cost more than the frame.
package struct ConnectionStateMachine: ~Copyable {
    package enum Role: Sendable { case client, server }

    /// An atomic never leaves its place, so neither does what has one: methods that only look get the machine's address. Without
    /// this the compiler gives each of them a copy of its 600 bytes, ten times a call.
    private let staysInPlace = Atomic(true)

    package let role: Role
    package let local: WireLimits
    /// What the peer accepts: the protocol's smallest limits until its HELLO.
    package internal(set) var remote = WireLimits.smallest
    package internal(set) var isHelloReceived = false
    /// Set where the peer's behaviour asks for a GOAWAY.
    package internal(set) var abuse: ConnectionError?

    var streams: [StreamState] = []
    var freeSlots: [Int] = []
    var slotOfStream = StreamTable()
    /// Slots in use, among them those of streams that are over on the wire while their handlers run.
    package internal(set) var streamCount = 0

    /// Credit beyond the streams' windows that is given and not used up, and what is retained: the bound of the memory
    /// that inbound messages take besides the windows.
    package internal(set) var heldBytes: UInt64 = 0
    /// By how much the windows of the open streams have grown together.
    var grownBytes = 0
    /// See ``takeStarved()``.
    var starved: [Int] = []
    var roundTrip = RoundTrip()
    /// The time of the frame that was received last.
    var clock: UInt64 = 0

    /// What the peer has sent and this side keeps: each CALL, messages in assembly, those that nobody has used up, and
    /// those that running calls keep.
    package internal(set) var inboundBytes = 0

    /// Messages of all streams that wait to be sent.
    package internal(set) var queuedOutputBytes = 0

    /// Encoded frames that go out before any DATA.
    var control: [UInt8] = []
    /// How often output went out, for ``StreamState/directFill``.
    var fills: UInt32 = 1
    /// How much of ``control`` went out last, where that was much.
    var usualControlBytes = 0
    /// Streams whose senders wait for what they wrote into ``control`` to go out.
    var directWaiters: [Int] = []
    /// Streams whose END is in ``control``.
    var ended: [UInt32] = []
    /// Streams with DATA that may be sent, in turn.
    var ring: Deque<Int> = []
    /// Slots released since the last batch.
    var released: [Int] = []

    /// Server: the highest stream opened. Client: the highest stream used.
    package internal(set) var highestStream: UInt32 = 0
    /// Set once a GOAWAY was sent or received: no stream above it.
    package internal(set) var lastAcceptedStream: UInt32?

    /// Of the last CALL.
    var lastMethod = ""

    var resets: RateCounter
    var pings: RateCounter
    var emptyFrames: RateCounter
    var idleFrames: IdleFrames
    /// What may still come as DATA of streams that are over: the credit that they had left.
    var lateCredit: UInt64 = 0

    package init(role: Role, local: WireLimits) {
        self.role = role
        self.local = local
        resets = RateCounter(limit: local.maxResets, windowSeconds: local.abuseWindowSeconds)
        pings = RateCounter(limit: local.maxPings, windowSeconds: local.abuseWindowSeconds)
        emptyFrames = RateCounter(limit: local.maxEmptyFrames, windowSeconds: local.abuseWindowSeconds)
        idleFrames = IdleFrames(limit: local.maxIdleFrames, windowSeconds: local.abuseWindowSeconds)
    }

    /// Bytes of control frames that wait for the peer to read.
    package var controlBytes: Int { control.count }

    package var hasOutput: Bool { !control.isEmpty || !ring.isEmpty }

    /// Client: whether a stream can be opened now.
    package var canOpenStream: Bool {
        lastAcceptedStream == nil && streamCount < remote.maxStreams && highestStream < WireProtocol.maxStreamID - 2
    }

    /// Client: whether no stream can ever be opened again.
    package var isExhausted: Bool {
        lastAcceptedStream != nil || highestStream >= WireProtocol.maxStreamID - 2
    }

    package func streamID(_ slot: Int) -> UInt32 { streams[slot].id }

    package func isOpen(_ slot: Int) -> Bool { streams[slot].isOpen }

    /// What of the stream has not gone out.
    package func queuedBytes(_ slot: Int) -> Int { streams[slot].queuedBytes + directBytes(slot) }

    /// The stream's part of ``inboundBytes``.
    func inboundBytes(_ slot: Int) -> Int {
        // Field by field: a copy of the state would hold its queue.
        Int(streams[slot].received - streams[slot].consumed + streams[slot].retained) + Int(streams[slot].callBytes)
    }

    /// What the stream makes this side keep.
    package func keptBytes(_ slot: Int) -> Int {
        inboundBytes(slot) + queuedBytes(slot) + WireProtocol.idleStreamBytes
    }

    /// What the connection makes this side keep, besides what it takes while it is idle.
    package var keptBytes: Int {
        inboundBytes + queuedOutputBytes + control.count + streamCount * WireProtocol.idleStreamBytes
    }

    mutating func makeStream(id: UInt32) -> Int {
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = streams.count
            streams.append(StreamState())
        }
        streams[slot] = StreamState()
        streams[slot].id = id
        streams[slot].isOpen = true
        streams[slot].isHandled = role == .server
        streams[slot].advertisedLimit = UInt64(local.initialWindowBytes)
        streams[slot].windowBytes = UInt32(clamping: local.initialWindowBytes)
        streams[slot].windowMarkTime = microseconds
        streams[slot].peerLimit = UInt64(remote.initialWindowBytes)
        slotOfStream[id] = slot
        highestStream = id
        streamCount += 1
        return slot
    }

    /// Ends a stream on the wire: late frames are ignored from here on.
    mutating func closeOnWire(_ slot: Int) {
        guard streams[slot].isOpen else { return }
        streams[slot].isOpen = false
        expectLateData(streams[slot].advertisedLimit - streams[slot].received)
        queuedOutputBytes -= streams[slot].queuedBytes
        streams[slot].dropOutput()
        setWindow(slot, local.initialWindowBytes)
        roundTrip.streamEnded(slot)
        accountHeld(slot)
        slotOfStream[streams[slot].id] = nil
        freeIfOver(slot)
    }

    mutating func freeIfOver(_ slot: Int) {
        guard !streams[slot].isOpen, !streams[slot].isHandled, streams[slot].id != 0 else { return }
        if streams[slot].isInRing {
            streams[slot].isInRing = false
            ring.removeAll { $0 == slot }
        }
        streams[slot].id = 0
        inboundBytes -= inboundBytes(slot)
        heldBytes -= streams[slot].held
        streams[slot].held = 0
        streamCount -= 1
        released.append(slot)
    }

    /// Whether ``takeReleased()`` has any.
    package var hasReleased: Bool { !released.isEmpty }

    /// The one slot that ``takeReleased()`` would return, without an array for it; nil where there are none or more.
    package mutating func takeOnlyReleased() -> Int? {
        guard released.count == 1, let slot = released.popLast() else { return nil }
        freeSlots.append(slot)
        return slot
    }

    /// Slots whose streams are over, since the last call. They are given to new streams only after this.
    package mutating func takeReleased() -> [Int] {
        if released.isEmpty { return [] }
        defer { released.removeAll(keepingCapacity: true) }
        freeSlots.append(contentsOf: released)
        return released
    }
}
