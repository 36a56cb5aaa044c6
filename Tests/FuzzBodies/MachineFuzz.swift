internal import RPCWire
internal import STTProto

/// Drives one state machine through what an input says, and compares it with ``ConnectionModel`` at every step.
///
/// Input: a byte of limits, then actions: a byte of kind and what the kind needs. Frames of the peer come as a real one
/// would send them, bent a little, or made of any bytes; local actions are those of the layer above.
struct MachineFuzz: ~Copyable {
    var machine: ConnectionStateMachine
    var model: ConnectionModel
    var input: FuzzInput
    var isOver = false
    private static let maxActions = 300

    static func run(_ bytes: [UInt8], role: ConnectionStateMachine.Role) throws(FuzzFailure) {
        var input = FuzzInput(bytes)
        let limits = limits(&input)
        var fuzz = MachineFuzz(
            machine: ConnectionStateMachine(role: role, local: limits),
            model: ConnectionModel(isServer: role == .server, local: limits), input: input)
        try fuzz.runActions()
    }

    init(machine: consuming ConnectionStateMachine, model: ConnectionModel, input: FuzzInput) {
        self.machine = machine
        self.model = model
        self.input = input
    }

    /// Small ones, so that an input of some hundred bytes reaches all of them.
    private static func limits(_ input: inout FuzzInput) -> WireLimits {
        let choice = input.byte()
        var limits = WireLimits()
        limits.maxMessageBytes = [700, 3000, 20_000, 100][Int(choice & 3)]
        limits.initialWindowBytes = [200, 1000][Int(choice >> 2 & 1)]
        limits.maxFrameBytes = [150, 5000][Int(choice >> 3 & 1)]
        limits.maxStreams = [2, 5][Int(choice >> 4 & 1)]
        limits.maxHeldBytes = [0, 600, 2000, 50_000][Int(choice >> 5 & 3)]
        limits.maxResets = 4
        limits.maxPings = 3
        limits.maxEmptyFrames = 3
        limits.maxIdleFrames = 6
        limits.maxWindowBytes = choice & 0x80 == 0 ? limits.initialWindowBytes * 4 : 1 << 22
        return limits
    }

    private mutating func runActions() throws(FuzzFailure) {
        var hello = ControlMessage.Hello()
        hello.limits = machine.offeredLimits
        machine.sendHello(hello)
        if !model.isServer { model.control.append(.preface) }
        model.control.append(.hello)
        var actions = 0
        while !input.isEmpty, !isOver, actions < Self.maxActions {
            actions += 1
            let kind = input.byte()
            if kind & 1 == 0 { try peerAction(Int(kind >> 1)) } else { try localAction(Int(kind >> 1)) }
            if isOver { return }
            try endStarved()
            // What is not DATA goes out at once, so that the peer knows all limits.
            try fill(maxBytes: 0)
            try checkState()
        }
        guard !isOver else { return }
        try fill(maxBytes: .max)
        try checkState()
    }

    /// One of the streams, those over but not long gone among them.
    mutating func anyStream() -> UInt32 {
        let choice = Int(input.byte())
        let live = model.streams.keys.sorted()
        if choice < 200, !live.isEmpty { return live[choice % live.count] }
        return choice < 250 ? UInt32(choice % 12) : model.highest &+ UInt32(choice - 248)
    }

    func liveStream(_ choice: UInt8) -> ConnectionModel.Stream? {
        let live = model.streams.keys.sorted()
        return live.isEmpty ? nil : model.streams[live[Int(choice) % live.count]]
    }

    func checkState() throws(FuzzFailure) {
        var queued = 0
        for slot in model.lastOfSlot.keys { queued += machine.queuedBytes(slot) }
        try requireEqual(machine.queuedOutputBytes, queued, "the bytes queued on all streams together")
        try requireEqual(machine.inboundBytes, model.inboundBytes, "the bytes kept of what came")
        let bound = UInt64(model.local.maxHeldBytes) + UInt64(model.streams.count) * model.window
        try require(
            machine.heldBytes <= UInt64(model.local.maxHeldBytes),
            "\(machine.heldBytes) bytes held, at most \(model.local.maxHeldBytes) may be")
        try require(model.keptBytes <= bound, "\(model.keptBytes) bytes kept, \(bound) may be")
        try require(model.promisedBytes <= bound, "\(model.promisedBytes) bytes promised, \(bound) may be")
        try requireEqual(machine.streamCount, model.streams.count, "streams in use")
        try requireEqual(machine.highestStream, model.highest, "the highest stream")
        try requireEqual(machine.isHelloReceived, model.isHelloReceived, "whether HELLO came")
        try requireEqual(machine.lastAcceptedStream, model.lastAccepted, "the last stream accepted")
        if !model.isServer {
            try requireEqual(machine.canOpenStream, model.canOpenStream, "whether a stream can be opened")
        }
        for stream in model.streams.values {
            try requireEqual(machine.streamID(stream.slot), stream.id, "the stream of slot \(stream.slot)")
            try requireEqual(machine.isOpen(stream.slot), stream.isOpen, "whether stream \(stream.id) is open")
            try require(
                machine.queuedBytes(stream.slot) <= stream.queuedBytes, "too many bytes queued on stream \(stream.id)")
        }
        let mustSend = !model.control.isEmpty || model.streams.values.contains(where: \.canSend)
        try require(machine.hasOutput || !mustSend, "there is output that the machine does not know of")
    }

    mutating func fill(maxBytes: Int) throws(FuzzFailure) {
        var batch = OutputBatch()
        machine.fill(&batch, maxBytes: maxBytes)
        try model.checkOutput(batch, maxBytes: maxBytes)
    }
}
