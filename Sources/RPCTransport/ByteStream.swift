private import CLinuxShim
package import Glibc

/// What came of reading or writing.
package enum IOResult: Sendable {
    case bytes(Int)
    case wouldBlock
    case endOfStream
    case failed(SystemError)
}

/// A non-blocking connected transport under a connection: a plain socket, or one with encryption on top.
package protocol ByteStream: AnyObject {
    var descriptor: Int32 { get }
    func read(into buffer: UnsafeMutableRawBufferPointer) -> IOResult
    func write(_ vectors: UnsafeMutableBufferPointer<iovec>) -> IOResult
    /// Says that nothing more is written.
    func finishWriting()
    func close()
    /// What the transport itself knows of who is at the other end.
    var peerCredentials: PeerCredentials { get }
}

/// A TCP or unix socket as it is.
package final class SocketStream: ByteStream {
    package let descriptor: Int32
    private var isClosed = false

    /// Takes the descriptor over. It must be non-blocking.
    package init(owning descriptor: Int32) { self.descriptor = descriptor }

    deinit { close() }

    package func read(into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
        let count = retryingInterrupted { recv(descriptor, buffer.baseAddress, buffer.count, 0) }
        if count > 0 { return .bytes(count) }
        if count == 0 { return .endOfStream }
        return errno == EAGAIN ? .wouldBlock : .failed(SystemError("recv"))
    }

    /// Reads into two places in turn.
    func read(into first: UnsafeMutableRawBufferPointer, then second: UnsafeMutableRawBufferPointer) -> IOResult {
        let count = withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { vectors in
            vectors[0] = iovec(iov_base: first.baseAddress, iov_len: first.count)
            vectors[1] = iovec(iov_base: second.baseAddress, iov_len: second.count)
            return retryingInterrupted { readv(descriptor, vectors.baseAddress, 2) }
        }
        if count > 0 { return .bytes(count) }
        if count == 0 { return .endOfStream }
        return errno == EAGAIN ? .wouldBlock : .failed(SystemError("readv"))
    }

    package func write(_ vectors: UnsafeMutableBufferPointer<iovec>) -> IOResult {
        if vectors.count == 1 {
            // Most writes: without a message header, which the kernel copies and checks.
            let count = retryingInterrupted {
                send(descriptor, vectors[0].iov_base, vectors[0].iov_len, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 { return .bytes(count) }
            return errno == EAGAIN ? .wouldBlock : .failed(SystemError("send"))
        }
        var message = msghdr()
        message.msg_iov = vectors.baseAddress
        message.msg_iovlen = vectors.count
        let count = retryingInterrupted { sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL)) }
        if count >= 0 { return .bytes(count) }
        return errno == EAGAIN ? .wouldBlock : .failed(SystemError("sendmsg"))
    }

    package var peerCredentials: PeerCredentials {
        var user: UInt32 = 0
        var group: UInt32 = 0
        var process: Int32 = 0
        guard !isClosed, stt_peer_credentials(descriptor, &user, &group, &process) == 0, process > 0 else {
            return .none
        }
        return .unix(userID: user, groupID: group, processID: process)
    }

    package func finishWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    package func close() {
        guard !isClosed else { return }
        isClosed = true
        Glibc.close(descriptor)
    }
}
