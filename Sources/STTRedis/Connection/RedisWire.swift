/// A connected socket, with the bytes that wait to be sent and the reader of what comes in.
///
/// Concurrency: belongs to one thread.
final class RedisWire {
    enum Loss: Error {
        case closedByServer
        case system(SystemFailure)
        case malformed(String)
    }

    private static let readBytes = 1 << 16
    /// Bounded, so that a server that never stops sending holds up nothing else.
    private static let readsInOneTurn = 16

    private let socket: RedisSocket
    private let reader: ReplyReader
    private var output = OutputBuffer()

    /// `nil` where memory is short.
    init?(_ socket: RedisSocket) {
        guard let reader = ReplyReader() else { return nil }
        self.socket = socket
        self.reader = reader
    }

    var descriptor: Int32 { socket.descriptor }
    var unsentBytes: Int { output.count }

    /// Is sent with the next ``flush()``.
    func write(_ bytes: [UInt8]) {
        output.append(bytes)
    }

    /// Sends what the system takes.
    func flush() throws(Loss) {
        while !output.isEmpty {
            switch output.withUnsent(socket.send) {
            case .bytes(let count): output.markSent(count)
            case .wouldBlock: return
            case .ended: throw .closedByServer
            case .failed(let code): throw .system(SystemFailure(code: code))
            }
        }
    }

    /// The replies that have come in, and why no more will.
    func receive() -> (values: [RedisValue], loss: Loss?) {
        var values: [RedisValue] = []
        for _ in 0..<Self.readsInOneTurn {
            do throws(Loss) {
                guard try receiveOnce(&values) else { break }
            } catch {
                return (values, error)
            }
        }
        return (values, nil)
    }

    /// - Returns: Whether there may be more.
    private func receiveOnce(_ values: inout [RedisValue]) throws(Loss) -> Bool {
        let result: Result<Bool, Loss> = withUnsafeTemporaryAllocation(byteCount: Self.readBytes, alignment: 16) {
            buffer in
            switch socket.receive(into: buffer) {
            case .bytes(let count):
                do throws(ReplyReader.Malformed) {
                    try reader.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                    while let value = try reader.next() { values.append(value) }
                    return .success(count == buffer.count)
                } catch {
                    return .failure(.malformed(error.message))
                }
            case .wouldBlock: return .success(false)
            case .ended: return .failure(.closedByServer)
            case .failed(let code): return .failure(.system(SystemFailure(code: code)))
            }
        }
        return try result.get()
    }
}
