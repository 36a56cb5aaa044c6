internal import RPCWire

/// Cuts the input into pieces and compares what the decoder makes of them with a parser that has all bytes at once.
///
/// Input: whether there is a preface and which DATA is handed on before it is complete, a seed of the pieces' lengths, then the
/// bytes of the stream.
enum FrameParserFuzz {
    static let maxPayload = 600

    struct Parsed: Equatable {
        var frames: [ParsedFrame] = []
        var error: CloseReason?
        /// Bytes after the last whole frame.
        var left = 0
    }

    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        var input = FuzzInput(bytes)
        let options = input.byte()
        let seed = input.uint16()
        var stream = input.rest()
        let expectsPreface = options & 1 == 1
        // So that the fuzzer need not find the preface first.
        if expectsPreface, options & 2 == 2 { stream = WireProtocol.preface + stream }

        let long = [Int.max, 0, 16, 17, 40, 200, 500, Int.max][Int(options >> 2 & 7)]
        let expected = reference(stream, expectsPreface: expectsPreface)
        for pieces in [[stream.count], Array(repeating: 1, count: stream.count), lengths(seed, stream.count)] {
            let actual = try decode(stream, pieces, expectsPreface: expectsPreface, long: long)
            try requireEqual(actual.frames, expected.frames, "frames in pieces of \(pieces.prefix(8))")
            try requireEqual(actual.error, expected.error, "the error in pieces of \(pieces.prefix(8))")
        }
    }

    /// Refuses what a state machine might, by the header alone.
    private static func refusal(_ header: FrameHeader) -> CloseReason? {
        if header.reserved != 0 { return .protocolError }
        return header.length > maxPayload ? .frameTooLarge : nil
    }

    private static func reference(_ stream: [UInt8], expectsPreface: Bool) -> Parsed {
        var parsed = Parsed()
        var at = 0
        if expectsPreface {
            let preface = WireProtocol.preface
            let common = min(preface.count, stream.count)
            guard Array(stream[..<common]) == Array(preface[..<common]) else {
                parsed.error = .protocolError
                return parsed
            }
            at = common
        }
        while stream.count - at >= 12 {
            let field = { (offset: Int, size: Int) in
                stream[(at + offset)..<(at + offset + size)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            }
            let header = FrameHeader(
                length: Int(field(0, 4)), type: UInt8(field(4, 1)), flags: FrameFlags(rawValue: UInt8(field(5, 1))),
                reserved: UInt16(field(6, 2)), stream: UInt32(field(8, 4)))
            if let refusal = refusal(header) {
                parsed.error = refusal
                return parsed
            }
            let end = at + 12 + Int(header.length)
            guard end <= stream.count else { break }
            parsed.frames.append(ParsedFrame(header: header, payload: Array(stream[(at + 12)..<end])))
            at = end
        }
        parsed.left = stream.count - at
        return parsed
    }

    private static func decode(
        _ stream: [UInt8], _ pieces: [Int], expectsPreface: Bool, long: Int
    ) throws(FuzzFailure) -> Parsed {
        var decoder = FrameDecoder(expectsPreface: expectsPreface, longPayloadBytes: long)
        var parsed = Parsed()
        var at = 0
        for length in pieces {
            // Memory of its own for each piece, so that a sanitizer sees any byte read beyond it.
            let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 1)
            defer { piece.deallocate() }
            piece.copyBytes(from: stream[at..<(at + length)])
            at += length
            var rest = UnsafeRawBufferPointer(piece)
            if decoder.payloadLeft > 0 {
                let count = min(rest.count, decoder.payloadLeft)
                parsed.frames[parsed.frames.count - 1].payload += rest[..<count]
                decoder.tookPayload(count)
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                if decoder.payloadLeft > 0 { continue }
            }
            do throws(ConnectionError) {
                while let frame = try decoder.next(
                    &rest,
                    admit: { header throws(ConnectionError) in
                        if let reason = refusal(header) { throw ConnectionError(reason, "refused") }
                    })
                {
                    parsed.frames.append(ParsedFrame(header: frame.header, payload: Array(frame.payload)))
                    let missing = Int(frame.header.length) - frame.payload.count
                    if decoder.payloadLeft != missing || decoder.isMidFrame != (missing > 0) {
                        throw ConnectionError(.internalFault, "\(decoder.payloadLeft) bytes of \(missing) are missing")
                    }
                    if missing > 0,
                        frame.header.type != FrameType.data.rawValue || frame.header.length < long || !rest.isEmpty
                    {
                        throw ConnectionError(.internalFault, "this frame is not to be handed on in parts")
                    }
                }
            } catch {
                parsed.error = error.reason
                return parsed
            }
            try require(rest.isEmpty, "the decoder wants more and leaves \(rest.count) bytes")
        }
        let left = reference(stream, expectsPreface: expectsPreface).left
        try requireEqual(decoder.isMidFrame, left > 0, "whether a frame is under way")
        if decoder.payloadLeft > 0 {
            let begun = parsed.frames.removeLast()
            try requireEqual(begun.payload, Array(stream.suffix(left - 12)), "the payload of the frame under way")
        }
        return parsed
    }

    private static func lengths(_ seed: Int, _ total: Int) -> [Int] {
        var state = UInt32(truncatingIfNeeded: seed &+ 1)
        var lengths: [Int] = []
        var left = total
        while left > 0 {
            state = state &* 1_664_525 &+ 1_013_904_223
            let most = state & 0x100 == 0 ? 13 : 200
            let length = min(left, Int(state >> 16) % most)
            lengths.append(length)
            left -= length
        }
        return lengths
    }
}

struct ParsedFrame: Equatable {
    var header: FrameHeader
    var payload: [UInt8]
    var type: FrameType? { FrameType(rawValue: header.type) }
}
