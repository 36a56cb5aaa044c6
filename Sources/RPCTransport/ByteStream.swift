private import CLinuxShim
package import Glibc

/// What came of reading or writing.
package enum IOResult: Sendable {
    case bytes(Int)
    case wouldBlock
    case endOfStream
    case failed(SystemError)
    /// The transport refuses the peer, and has told it so where it could. What still comes is read to be dropped.
    case rejected(String)
}

/// A non-blocking connected transport under a connection: a plain socket, or one with encryption on top.
package protocol ByteStream: AnyObject {
    var descriptor: Int32 { get }
    /// Reads what is there.
    ///
    /// - Parameter buffer: Of at least ``EventLoop/readBufferBytes`` where readiness of the descriptor is to tell of all
    ///   that is left: into a smaller one, call again until nothing comes.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> IOResult
    /// Writes the beginning of what is given. What was not taken is to be given again, in the same order and first;
    /// it may be cut differently. 0 bytes: some of it has gone out, but no byte can be forgotten yet.
    func write(_ vectors: UnsafeMutableBufferPointer<iovec>) -> IOResult
    /// Whether writing goes on when the descriptor takes more.
    ///
    /// - Parameter hasOutput: There is something that ``write(_:)`` has not taken.
    func awaitsWritable(hasOutput: Bool) -> Bool
    /// Writes what the transport itself still has to send.
    func flush()
    /// At the start there is something to read that the descriptor does not tell of.
    var hasBufferedInput: Bool { get }
    /// False while nothing can be written yet, whatever the descriptor says.
    var isEstablished: Bool { get }
    /// Says that nothing more is written.
    func finishWriting()
    func close()
    /// Closes, and drops what the peer has not taken yet, so that nothing stays behind for one that takes nothing.
    func abort()
    /// Written bytes that the peer's system has not taken; nil where that is not known.
    var unacknowledgedBytes: Int? { get }
    /// What the transport itself knows of who is at the other end.
    var peerCredentials: PeerCredentials { get }
}

extension ByteStream {
    package func awaitsWritable(hasOutput: Bool) -> Bool { hasOutput }
    package func flush() {}
    package var hasBufferedInput: Bool { false }
    package var isEstablished: Bool { true }
    package var unacknowledgedBytes: Int? { nil }

    package func abort() { close() }
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

    package var unacknowledgedBytes: Int? {
        var count: Int32 = 0
        return !isClosed && ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : nil
    }

    package func finishWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    package func abort() {
        guard !isClosed else { return }
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    package func close() {
        guard !isClosed else { return }
        isClosed = true
        Glibc.close(descriptor)
    }
}
