#if canImport(Glibc)
    internal import Glibc
#endif

/// Cuts a stream of bytes into frames.
///
/// A frame that lies whole in what was read is handed on where it lies. Only an unfinished one is copied, into a buffer
/// that exists as long as it does, so a connection without a frame under way holds no buffer. A DATA frame with a long
/// payload is not even copied, where the caller wants that: it is handed on as it begins, and the rest is the caller's.
package struct FrameDecoder: ~Copyable {
    private var pending: UnsafeMutableRawPointer?
    private var pendingCapacity = 0
    private var pendingCount = 0
    private var pendingIsHandedOut = false
    private var pendingHeader: FrameHeader?
    private var prefaceLeft: Int
    private let longPayloadBytes: Int
    /// What the last frame's payload lacks. The next bytes are these, and not for ``next(_:admit:)``.
    package private(set) var payloadLeft = 0

    /// So much of a payload is here where it is handed on in parts.
    private static let leastFirstPart = 16

    /// - Parameters:
    ///   - expectsPreface: Whether the stream begins with the client's preface.
    ///   - longPayloadBytes: DATA frames with so much payload are handed on before they are complete.
    package init(expectsPreface: Bool, longPayloadBytes: Int = .max) {
        self.longPayloadBytes = longPayloadBytes
        prefaceLeft = expectsPreface ? WireProtocol.preface.count : 0
    }

    deinit { free(pending) }

    /// Whether a frame has begun and is not complete.
    package var isMidFrame: Bool { payloadLeft > 0 || (pendingCount > 0 && !pendingIsHandedOut) }

    /// Memory that an unfinished frame takes.
    package var keptBytes: Int { pendingCapacity }

    /// Says that the caller has taken bytes of the payload that was not complete.
    package mutating func tookPayload(_ count: Int) { payloadLeft -= count }

    /// The next frame of `input`, which is advanced past it; nil where more bytes are needed, and `input` is empty then.
    ///
    /// - Parameter admit: Judges a header before memory is taken for its payload.
    package mutating func next(
        _ input: inout UnsafeRawBufferPointer, admit: (FrameHeader) throws(ConnectionError) -> Void
    ) throws(ConnectionError) -> Frame? {
        if pendingIsHandedOut { releasePending() }
        if prefaceLeft > 0 { try matchPreface(&input) }
        if pendingCount > 0 { return try continuePending(&input, admit: admit) }
        guard input.count >= FrameHeader.byteCount else {
            try stash(&input, upTo: FrameHeader.byteCount)
            return nil
        }
        let header = FrameHeader(reading: input)
        try admit(header)
        let total = FrameHeader.byteCount + Int(header.length)
        guard input.count >= total else {
            if isLong(header), input.count >= FrameHeader.byteCount + Self.leastFirstPart {
                input = UnsafeRawBufferPointer(rebasing: input[FrameHeader.byteCount...])
                return beginning(header, &input)
            }
            pendingHeader = header
            try stash(&input, upTo: total)
            return nil
        }
        let payload = UnsafeRawBufferPointer(rebasing: input[FrameHeader.byteCount..<total])
        input = UnsafeRawBufferPointer(rebasing: input[total...])
        return Frame(header: header, payload: payload)
    }

    private func isLong(_ header: FrameHeader) -> Bool {
        header.type == FrameType.data.rawValue && Int(header.length) >= longPayloadBytes
    }

    private mutating func beginning(_ header: FrameHeader, _ input: inout UnsafeRawBufferPointer) -> Frame {
        defer { input = UnsafeRawBufferPointer(rebasing: input[input.count...]) }
        payloadLeft = Int(header.length) - input.count
        return Frame(header: header, payload: input)
    }

    private mutating func matchPreface(_ input: inout UnsafeRawBufferPointer) throws(ConnectionError) {
        let preface = WireProtocol.preface
        while prefaceLeft > 0, let byte = input.first {
            guard byte == preface[preface.count - prefaceLeft] else {
                throw ConnectionError(.protocolError, "the connection does not begin with the preface of this protocol")
            }
            prefaceLeft -= 1
            input = UnsafeRawBufferPointer(rebasing: input[1...])
        }
    }

    private mutating func continuePending(
        _ input: inout UnsafeRawBufferPointer, admit: (FrameHeader) throws(ConnectionError) -> Void
    ) throws(ConnectionError) -> Frame? {
        try stash(&input, upTo: FrameHeader.byteCount)
        guard pendingCount >= FrameHeader.byteCount, let start = UnsafeRawPointer(pending) else { return nil }
        let header: FrameHeader
        if let known = pendingHeader {
            header = known
        } else {
            header = FrameHeader(reading: UnsafeRawBufferPointer(start: start, count: FrameHeader.byteCount))
            try admit(header)
            pendingHeader = header
        }
        let total = FrameHeader.byteCount + Int(header.length)
        if pendingCount == FrameHeader.byteCount, isLong(header), input.count >= Self.leastFirstPart,
            input.count < Int(header.length)
        {
            releasePending()
            return beginning(header, &input)
        }
        try stash(&input, upTo: total)
        guard pendingCount == total, let whole = UnsafeRawPointer(pending) else { return nil }
        pendingIsHandedOut = true
        return Frame(
            header: header,
            payload: UnsafeRawBufferPointer(start: whole + FrameHeader.byteCount, count: Int(header.length)))
    }

    /// Moves bytes of `input` into the buffer until it holds `count`.
    private mutating func stash(_ input: inout UnsafeRawBufferPointer, upTo count: Int) throws(ConnectionError) {
        let wanted = min(input.count, count - pendingCount)
        guard wanted > 0 else { return }
        if pendingCapacity < pendingCount + wanted {
            // The payload's memory grows with what has arrived, not with what the header promises.
            let capacity = min(max(count, FrameHeader.byteCount), max(64, 2 * (pendingCount + wanted)))
            guard let grown = realloc(pending, capacity) else {
                throw ConnectionError(.internalFault, "no memory for a frame of \(count) bytes")
            }
            pending = grown
            pendingCapacity = capacity
        }
        if let pending, let source = input.baseAddress {
            (pending + pendingCount).copyMemory(from: source, byteCount: wanted)
        }
        pendingCount += wanted
        input = UnsafeRawBufferPointer(rebasing: input[wanted...])
    }

    private mutating func releasePending() {
        free(pending)
        pending = nil
        pendingCapacity = 0
        pendingCount = 0
        pendingHeader = nil
        pendingIsHandedOut = false
    }
}
