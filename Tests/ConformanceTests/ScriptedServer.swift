import Foundation
import RPCWire

/// Plays what a vector's server sends, to each connection anew.
///
/// Concurrency: one thread of its own does everything; `frames` is read after ``stop()``.
final class ScriptedServer: @unchecked Sendable {
    let port: UInt16
    private let listener: Int32
    private let vector: ClientVector
    private let finished = DispatchSemaphore(value: 0)
    private var frames: [ReceivedFrame] = []
    private var problem: String?

    init(_ vector: ClientVector) {
        self.vector = vector
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = getsockname(listener, $0, &length)
            }
        }
        listen(listener, 16)
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in
            serve()
            finished.signal()
        }
    }

    /// The frames that came from the client on all connections.
    func stop() -> (frames: [ReceivedFrame], problem: String?) {
        shutdown(listener, Int32(SHUT_RDWR))
        finished.wait()
        close(listener)
        return (frames, problem)
    }

    private func serve() {
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            play(FrameReader(owning: descriptor))
        }
    }

    private func play(_ reader: FrameReader) {
        do {
            try reader.readPreface()
            if vector.testsGoAwayBeforeHello == false { try awaitFrame(reader) { $0.name == "DATA" } }
            for step in vector.serverSends {
                if let bytes = step.send?.bytes { reader.send(bytes[...]) }
                if let pattern = step.await { try awaitFrame(reader) { $0.name == pattern.frame } }
                if step.close == true { return }
            }
            // Until the client closes.
            try awaitFrame(reader) { _ in false }
        } catch is FrameReader.Closed {
            return
        } catch {
            problem = "\(error)"
        }
    }

    private func awaitFrame(_ reader: FrameReader, _ isWanted: (ReceivedFrame) -> Bool) throws {
        while true {
            let frame = try reader.next()
            frames.append(frame)
            if isWanted(frame) { return }
        }
    }
}

extension ClientVector {
    /// A client that was turned away by GOAWAY need not send more.
    fileprivate var testsGoAwayBeforeHello: Bool { serverSends.first?.send?.bytes.dropFirst(4).first == 8 }
}
