internal import COpenSSL
package import Glibc
package import RPCTransport

extension TLSStream {
    package func write(_ vectors: UnsafeMutableBufferPointer<iovec>) -> IOResult {
        guard phase == .open, let session else {
            return phase == .refused ? .failed(SystemError("write", code: EPIPE)) : .wouldBlock
        }
        if !pending.isEmpty {
            let before = pendingStart
            if let error = flushPending() { return .failed(error) }
            if !pending.isEmpty { return pendingStart > before ? .bytes(0) : .wouldBlock }
        }
        var cursor = VectorCursor(vectors)
        var written = min(owed, cursor.left)
        owed -= written
        cursor.skip(written)
        guard owed == 0 else { return .bytes(written) }
        while cursor.left > 0 {
            let (count, result) = writeRound(&cursor, session)
            switch result {
            case .bytes: written += count
            case .wouldBlock:
                owed = count
                return written > 0 ? .bytes(written) : .wouldBlock
            case let other: return other
            }
        }
        return .bytes(written)
    }

    /// Encrypts some records and sends them. `.wouldBlock`: the socket did not take all of it.
    private func writeRound(_ cursor: inout VectorCursor, _ session: TLSSession) -> (plaintext: Int, IOResult) {
        session.channel.pointee.output = shared.output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        session.channel.pointee.output_capacity = shared.output.count
        session.channel.pointee.output_count = 0
        defer { session.channel.pointee.output_capacity = 0 }
        var plaintext = 0
        while plaintext < TLSLoopState.roundBytes, cursor.left > 0 {
            let bytes = cursor.next(gatheringInto: shared.record)
            guard session.write(bytes) else { return (0, refuse("cannot encrypt: \(OpenSSLError.take().reason)")) }
            plaintext += bytes.count
        }
        let made = UnsafeRawBufferPointer(rebasing: shared.output[..<session.channel.pointee.output_count])
        let (sent, error) = sendNow(made)
        if let error { return (0, .failed(error)) }
        if sent == made.count { return (plaintext, .bytes(plaintext)) }
        keep(made, after: sent)
        return (plaintext, .wouldBlock)
    }
}
