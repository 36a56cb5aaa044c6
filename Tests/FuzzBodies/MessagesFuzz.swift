internal import RPCWire
internal import STTProto

/// Every message decoder on any bytes.
///
/// Input: a byte that names the type, then the message. What can be decoded can be encoded, and comes back the same.
enum MessagesFuzz {
    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        var input = FuzzInput(bytes)
        let kind = Int(input.byte())
        let message = input.rest()
        if kind >= 0xF0 { return try checkComposed(FuzzInput(message)) }
        switch kind % (types.count + 3) {
        case 0: try checkCall(message)
        case 1: try checkWindow(message)
        case 2: try checkEnd(message)
        case let place: try types[place - 3].checkRoundTrip(message)
        }
    }

    private static let types: [any ProtoMessage.Type] = [
        ControlMessage.Hello.self, ControlMessage.Limits.self, ControlMessage.Cancel.self, ControlMessage.GoAway.self,
        ControlMessage.MetadataEntry.self,
        SubmitRequest.self, SubmitOptions.self, TranscriptionOptionsMessage.self, SubmitReply.self, StatusRequest.self,
        CancelRequest.self, JobStatus.self, AudioInfo.self, JobError.self, StreamResultRequest.self,
        StreamResultReply.self, Partial.self, Segment.self, Word.self, Gap.self,
        GetResultRequest.self, GetResultReply.self, ListRequest.self, ListReply.self, DeleteRequest.self,
        DeleteReply.self, QueueStatsRequest.self, QueueStatsReply.self, StateCount.self, HealthRequest.self,
        HealthReply.self, DependencyHealth.self, WorkerInfo.self, JobEventMessage.self, ControlEventMessage.self,
        EventChunk.self, EventFailure.self, EventResult.self, EventSegment.self, EventWord.self,
        EventGap.self, GuardNoteMessage.self, SubtitleLayoutMessage.self, EventGuardNote.self,
    ]

    private static func outcome<M>(_ decode: () throws(ProtoError) -> M) -> Result<M, ProtoError> {
        do throws(ProtoError) {
            return .success(try decode())
        } catch {
            return .failure(error)
        }
    }

    /// Encoded, for a NaN in a message is not equal to itself.
    private static func encoded(_ message: some ProtoMessage) throws(FuzzFailure) -> [UInt8] {
        do throws(ProtoError) {
            return try message.encode()
        } catch {
            throw FuzzFailure(description: "what was decoded cannot be encoded: \(error): \(message)")
        }
    }

    fileprivate static func checkRoundTrip<M: ProtoMessage>(
        _ type: M.Type, _ bytes: [UInt8]
    ) throws(FuzzFailure) {
        let borrowed = outcome { () throws(ProtoError) in try M.decode(bytes) }
        let owned = outcome { () throws(ProtoError) in try M.decode(owned: bytes) }
        switch (borrowed, owned) {
        case (.failure(let one), .failure(let other)): try requireEqual(one, other, "the failure of \(M.self)")
        case (.success(let one), .success(let other)):
            let first = try encoded(one)
            try requireEqual(try encoded(other), first, "\(M.self) of its own bytes")
            let again = outcome { () throws(ProtoError) in try M.decode(first) }
            guard case .success(let back) = again else {
                throw FuzzFailure(description: "\(M.self) does not read what it wrote: \(again)")
            }
            try requireEqual(try encoded(back), first, "\(M.self) written twice")
            var copy: [UInt8]?
            if back.withEncodedBytes({ copy = [UInt8]($0) }) {
                try requireEqual(copy, first, "\(M.self) written in place")
            }
        default: throw FuzzFailure(description: "\(M.self) is \(borrowed) or, of its own bytes, \(owned)")
        }
    }

    // What is written by hand, beside the generated code.

    private static func checkSame<M: Equatable>(
        _ byHand: Result<M, ProtoError>, _ generated: Result<M, ProtoError>
    ) throws(FuzzFailure) {
        try requireEqual(byHand, generated, "by hand")
    }

    private static func checkCall(_ bytes: [UInt8]) throws(FuzzFailure) {
        try checkRoundTrip(ControlMessage.Call.self, bytes)
        let generated = outcome { () throws(ProtoError) in try ControlMessage.Call.decode(bytes) }
        for likely in ["", "a/B", (try? generated.get().method) ?? "c"] {
            let byHand = bytes.withUnsafeBytes { raw in
                outcome { () throws(ProtoError) in try ControlMessage.Call.read(raw, likelyMethod: likely) }
            }
            try checkSame(byHand, generated)
        }
        if case .success(let call) = generated { try checkEncoding(call) }
    }

    private static func checkEncoding(_ call: ControlMessage.Call) throws(FuzzFailure) {
        let byHand = outcome { () throws(ProtoError) in
            try ControlMessage.Call.decode(try call.encodedPayload())
        }
        let generated = outcome { () throws(ProtoError) in try ControlMessage.Call.decode(try call.encode()) }
        try checkSame(byHand, generated)
        if case .success(let back) = generated { try requireEqual(back, call, "the CALL that comes back") }
    }

    private static func checkWindow(_ bytes: [UInt8]) throws(FuzzFailure) {
        let generated = outcome { () throws(ProtoError) in try ControlMessage.Window.decode(bytes) }
        let byHand = bytes.withUnsafeBytes { raw in
            outcome { () throws(ProtoError) in try ControlMessage.Window.read(raw) }
        }
        try checkSame(byHand, generated)
        guard case .success(let window) = generated else { return }
        var frame: [UInt8] = []
        window.appendFrame(to: &frame, stream: 3)
        var expected: [UInt8] = []
        expected.appendFrame(.window, stream: 3, payload: try encoded(window))
        try requireEqual(frame, expected, "the frame of \(window)")
    }

    private static func checkEnd(_ bytes: [UInt8]) throws(FuzzFailure) {
        try checkRoundTrip(ControlMessage.End.self, bytes)
        let byHand = bytes.withUnsafeBytes { raw in
            outcome { () throws(ProtoError) in try ControlMessage.End.read(raw) }
        }
        try checkSame(byHand, outcome { () throws(ProtoError) in try ControlMessage.End.decode(bytes) })
    }

    /// A CALL from its parts, some of which no message may have.
    private static func checkComposed(_ source: FuzzInput) throws(FuzzFailure) {
        var input = source
        func text() -> String { String(decoding: input.take(input.choice(40)), as: UTF8.self) }
        var call = ControlMessage.Call(
            method: text(), deadlineMilliseconds: input.interestingUInt64(), idempotencyKey: text(), traceparent: text()
        )
        if input.flag() { call.metadata = [.init(key: text(), value: input.take(9))] }
        try checkEncoding(call)
        var frame: [UInt8] = []
        let window = ControlMessage.Window(limit: input.interestingUInt64())
        window.appendFrame(to: &frame, stream: 1)
        try requireEqual(Array(frame.dropFirst(12)), try encoded(window), "the payload of \(window)")
        // Whatever the text of an error, its END can be made and read.
        var machine = ConnectionStateMachine(role: .server, local: WireLimits())
        let message = String(repeating: text(), count: 1 + input.choice(90))
        machine.sendGoAway(.drain, message)
        var batch = OutputBatch()
        machine.fill(&batch, maxBytes: .max)
        let goAway = outcome { () throws(ProtoError) in
            try ControlMessage.GoAway.decode(Array(batch.copied.dropFirst(12)))
        }
        guard case .success(let goAway) = goAway, goAway.message.utf8.count <= WireProtocol.maxStatusMessageBytes else {
            throw FuzzFailure(description: "GOAWAY with \(message.debugDescription): \(goAway)")
        }
    }
}

extension ProtoMessage {
    fileprivate static func checkRoundTrip(_ bytes: [UInt8]) throws(FuzzFailure) {
        try MessagesFuzz.checkRoundTrip(Self.self, bytes)
    }
}
