import Foundation

/// A socket to the server that says whatever it is told to, and counts what the server answers.
///
/// Concurrency: belongs to one thread.
final class RawConnection {
    struct CannotConnect: Error {
        let code: Int32
    }

    private(set) var seen = Answers()
    private var descriptor: Int32
    private var input: [UInt8] = []
    private var start = 0
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    /// - Parameters:
    ///   - from: An address of the loopback network, for limits of an address.
    ///   - receiveBuffer: What the kernel keeps that this side has not read.
    init(_ port: UInt16, from: String? = nil, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw CannotConnect(code: errno) }
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        if let from { _ = Self.address(from, 0) { bind(descriptor, $0, $1) } }
        guard Self.address("127.0.0.1", port, { connect(descriptor, $0, $1) }) == 0 else {
            let code = errno
            Foundation.close(descriptor)
            descriptor = -1
            throw CannotConnect(code: code)
        }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Foundation.close(descriptor) }
        descriptor = -1
    }

    var isClosed: Bool { seen.isClosed }

    /// Counts the DATA frames that hold this text.
    func mark(_ text: String) { seen.mark = Array(text.utf8) }

    /// Sends messages in fragments, each of its own stream, as far as the server gives credit.
    ///
    /// - Parameter isEnded: Whether the last fragment is the message's end.
    func sendWithCredit(
        _ messages: [UInt32: [UInt8]], window: Int = 262_144, isEnded: Bool = true, until end: ContinuousClock.Instant
    ) {
        let fragment = 32 * 1024
        var sent: [UInt32: (bytes: Int, cost: Int)] = [:]
        var lastProgress = ContinuousClock.now
        while !isClosed, ContinuousClock.now < end, ContinuousClock.now < lastProgress + .milliseconds(300) {
            var isProgress = false
            for (stream, message) in messages.sorted(by: { $0.key < $1.key })
            where !seen.endedStreams.contains(stream) {
                let (bytes, cost) = sent[stream] ?? (0, 0)
                let credit = (seen.limits[stream] ?? window) - cost - 12
                let count = min(fragment, message.count - bytes, credit)
                guard count > 0 else { continue }
                let isLast = bytes + count == message.count && isEnded
                send(
                    WireBytes.frame(
                        .data, flags: isLast ? WireBytes.endSend : WireBytes.more, stream: stream,
                        payload: Array(message[bytes..<bytes + count])), until: end)
                sent[stream] = (bytes + count, cost + count + 12)
                isProgress = true
            }
            if isProgress { lastProgress = .now }
            let isSent = messages.allSatisfy { sent[$0.key]?.bytes == $0.value.count }
            if isSent { return }
            read(until: min(end, .now + .milliseconds(isProgress ? 0 : 10)))
        }
    }

    /// Keeps the keys of the items that come.
    func keepsKeys() { seen.keepsKeys = true }

    /// Reads nothing and waits until the server resets the connection.
    func waitForReset(until end: ContinuousClock.Instant) -> Bool {
        while ContinuousClock.now < end {
            var entry = pollfd(fd: descriptor, events: 0, revents: 0)
            poll(&entry, 1, 20)
            if entry.revents & (Int16(POLLERR) | Int16(POLLHUP)) != 0 { return true }
            if entry.revents == 0 { usleep(10_000) }
        }
        return false
    }

    /// Says that nothing more is sent.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Sends all of it while reading what comes, unless told not to.
    ///
    /// - Returns: False where the server closed the connection or time is up.
    @discardableResult
    func send(_ bytes: [UInt8], reading: Bool = true, until end: ContinuousClock.Instant = .now + .seconds(5)) -> Bool {
        var sent = 0
        while sent < bytes.count {
            guard !isClosed, ContinuousClock.now < end else { return false }
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
                if reading, count < 64 * 1024 { take() }
                continue
            }
            if count < 0, errno != EAGAIN, errno != EINTR {
                if reading { while take() {} }
                seen.isClosed = true
                return false
            }
            wait(Int16(POLLOUT) | (reading ? Int16(POLLIN) : 0), milliseconds: 20)
            if reading { take() }
        }
        return true
    }

    /// Reads until the condition holds, the server closes, or time is up.
    ///
    /// - Returns: Whether the condition holds.
    @discardableResult
    func read(
        until end: ContinuousClock.Instant = .now + .seconds(5), _ condition: (Answers) -> Bool = { $0.isClosed }
    ) -> Bool {
        while !condition(seen), !isClosed, ContinuousClock.now < end {
            wait(Int16(POLLIN), milliseconds: 20)
            take()
        }
        return condition(seen)
    }

    /// Reads at most `limit` bytes once.
    @discardableResult
    func take(atMost limit: Int = 64 * 1024) -> Bool {
        guard descriptor >= 0, !isClosed else { return false }
        let count = recv(descriptor, &buffer, min(limit, buffer.count), 0)
        if count > 0 {
            seen.bytes += count
            input.append(contentsOf: buffer[..<count])
            parse()
            return true
        }
        if count == 0 || (errno != EAGAIN && errno != EINTR) { seen.isClosed = true }
        return false
    }

    private func wait(_ events: Int16, milliseconds: Int32) {
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        poll(&entry, 1, milliseconds)
    }

    private func parse() {
        while input.count - start >= 12 {
            let length = input[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
            guard input.count - start >= 12 + length else { break }
            let stream = input[start + 8..<start + 12].reduce(0) { $0 << 8 | UInt32($1) }
            seen.note(
                type: input[start + 4], flags: input[start + 5], stream: stream,
                payload: input[start + 12..<start + 12 + length])
            start += 12 + length
        }
        if start > 256 * 1024 || start == input.count {
            input.removeFirst(start)
            start = 0
        }
    }

    private static func address(
        _ host: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr(host)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// What the server has said on one connection, or on several.
struct Answers: Sendable {
    /// Reasons of GOAWAY, each with how often it came.
    var goAways: [UInt64: Int] = [:]
    /// Status codes of END.
    var ends: [UInt64: Int] = [:]
    /// The numbers of the streams that got an END.
    var endedStreams: Set<UInt32> = []
    /// Those ENDs that say when to try again.
    var endsWithRetry = 0
    var pongs = 0
    /// The credit of streams that got a WINDOW.
    var limits: [UInt32: Int] = [:]
    /// DATA frames with this text in them are counted in `marked`.
    var mark: [UInt8]?
    var marked = 0
    var dataFrames = 0
    var bytes = 0
    var helloCount = 0
    var isClosed = false
    /// Connections that were closed by the server.
    var closed = 0
    var connections = 0
    /// Keys of the replies' items that came in one frame, where asked for.
    var keys: [String] = []
    var keepsKeys = false

    mutating func note(type: UInt8, flags: UInt8, stream: UInt32, payload: ArraySlice<UInt8>) {
        switch WireBytes.Kind(rawValue: type) {
        case .hello: helloCount += 1
        case .goAway: goAways[WireBytes.readNumber(2, in: payload) ?? 0, default: 0] += 1
        case .end:
            ends[WireBytes.readNumber(1, in: payload) ?? 0, default: 0] += 1
            endedStreams.insert(stream)
            endsWithRetry += WireBytes.readNumber(4, in: payload) ?? 0 > 0 ? 1 : 0
        case .ping: pongs += 1
        case .window:
            limits[stream] = max(limits[stream] ?? 0, Int(clamping: WireBytes.readNumber(1, in: payload) ?? 0))
        case .data:
            dataFrames += 1
            if let mark, payload.firstRange(of: mark) != nil { marked += 1 }
            if keepsKeys, payload.count > 2, payload.first == 0x0A {
                keys.append(
                    String(decoding: payload.dropFirst(2).prefix(Int(payload.dropFirst().first ?? 0)), as: UTF8.self))
            }
        default: break
        }
    }

    /// Adds one connection's.
    mutating func add(_ other: Answers) {
        merge(other)
        closed += other.isClosed ? 1 : 0
        connections += 1
    }

    mutating func merge(_ other: Answers) {
        goAways.merge(other.goAways, uniquingKeysWith: +)
        ends.merge(other.ends, uniquingKeysWith: +)
        pongs += other.pongs
        endsWithRetry += other.endsWithRetry
        marked += other.marked
        dataFrames += other.dataFrames
        bytes += other.bytes
        helloCount += other.helloCount
        keys += other.keys
        closed += other.closed
        connections += other.connections
    }
}
