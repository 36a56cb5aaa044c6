internal import COpenSSL
internal import Glibc
package import RPCTransport

extension TLSStream {
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
        if let ending { return ending }
        if phase == .refused { return socket.read(into: buffer) }
        if phase == .handshake, !shared.mayShakeHands(loop.now) { return .wouldBlock }
        var total = 0
        while true {
            let wasHandshake = phase == .handshake
            switch readOnce(into: UnsafeMutableRawBufferPointer(rebasing: buffer[total...])) {
            case .bytes(let count): total += count
            case .wouldBlock where total > 0: return .bytes(total)
            case let other: return after(total, other)
            }
            let left = buffer.count - total
            guard hasFilledInput, !wasHandshake, ending == nil, left >= TLSLoopState.inputBytes + Self.unfinishedBytes
            else { return .bytes(total) }
        }
    }

    private func readOnce(into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
        switch takeInput(room: max(buffer.count - Self.unfinishedBytes, 1024)) {
        case .bytes(let count):
            let input = UnsafeRawBufferPointer(rebasing: shared.input[..<count])
            return phase == .handshake ? handshake(input, buffer) : decrypt(input, into: buffer)
        case .endOfStream where phase == .handshake:
            return .failed(SystemError("TLS handshake", code: ECONNRESET))
        case let other: return other
        }
    }

    /// Puts what a small buffer left over, or what the socket has, into the shared room.
    private func takeInput(room: Int) -> IOResult {
        hasFilledInput = false
        let input = UnsafeMutableRawBufferPointer(rebasing: shared.input[..<min(room, shared.input.count)])
        if leftover.isEmpty {
            if session?.hasPlaintext == true { return .bytes(0) }
            let result = socket.read(into: input)
            if case .bytes(input.count) = result { hasFilledInput = true }
            return result
        }
        let count = min(leftover.count, input.count)
        input.copyBytes(from: leftover[..<count])
        leftover.removeFirst(count)
        return .bytes(count)
    }

    func decrypt(_ input: UnsafeRawBufferPointer, into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
        guard let session else { return .endOfStream }
        session.channel.pointee.input = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        session.channel.pointee.input_count = input.count
        let received = exchange(session) { session.read(into: buffer) }
        let rest = session.channel.pointee.input_count
        session.channel.pointee.input_count = 0
        switch received.next {
        case .needsInput:
            guard pending.count - pendingStart <= Self.mostPendingBytes else {
                return after(received.count, refuse("the peer does not read what TLS has to answer"))
            }
            return received.count > 0 ? .bytes(received.count) : .wouldBlock
        case .noRoom:
            if rest > 0 { leftover.insert(contentsOf: input.suffix(rest), at: 0) }
            return .bytes(received.count)
        case .end: return after(received.count, .endOfStream)
        case .failed(let error): return after(received.count, refuse(explain(error, session)))
        }
    }

    /// Says how it ended only once the bytes before it have been taken; the descriptor stays readable for that.
    private func after(_ count: Int, _ result: IOResult) -> IOResult {
        guard count > 0 else { return result }
        ending = result
        shutdown(descriptor, Int32(SHUT_RD))
        return .bytes(count)
    }

    func refuse(_ reason: String) -> IOResult {
        phase = .refused
        return .rejected(reason)
    }
}
