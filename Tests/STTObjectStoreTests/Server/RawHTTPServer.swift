import Foundation
import Synchronization

/// An HTTP/1.1 server on loopback that answers as a test wants it, also wrongly.
///
/// Concurrency: one thread for each connection; the `Mutex` guards the open sockets.
final class RawHTTPServer: Sendable {
    struct Request: Sendable {
        var method: String
        /// As it was sent: encoded.
        var target: String
        /// Names in lower case.
        var headers: [String: String]
        var body: [UInt8]

        var path: String { String(target.prefix { $0 != "?" }) }
        var query: [String: String] {
            var query: [String: String] = [:]
            for item in target.dropFirst(path.count + 1).split(separator: "&") {
                let parts = item.split(separator: "=", maxSplits: 1)
                query[String(parts[0])] = parts.count == 2 ? String(parts[1]).removingPercentEncoding : ""
            }
            return query
        }
    }

    enum Response: Sendable {
        case answer(Int, [String: String] = [:], body: [UInt8] = [])
        /// Announces a body of a length and closes after the bytes.
        case cut(Int, [String: String] = [:], body: [UInt8], announced: Int)
        /// Says nothing until the client goes or the server stops.
        case hang
        /// Sends a byte every so often, for ever.
        case drip(milliseconds: UInt32)
        /// Sends a body of this many bytes without saying how long it is.
        case endless(chunks: Int)
        case close
        case raw(String)
    }

    private struct Sockets {
        var open: Set<Int32> = []
        var isStopped = false
        var connections = 0
    }

    let port: Int
    let host: String
    private let listener: Int32
    private let sockets = Mutex(Sockets())
    private let handler: @Sendable (Request) -> Response

    init(host: String = "127.0.0.1", _ handler: @escaping @Sendable (Request) -> Response) throws {
        signal(SIGPIPE, SIG_IGN)
        self.host = host
        self.handler = handler
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, host, &address.sin_addr)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isReady = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isReady else { throw POSIXError(.EADDRNOTAVAIL) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread { self.acceptAll() }.start()
    }

    var url: String { "http://\(host):\(port)" }
    /// How many connections were made.
    var connections: Int { sockets.withLock { $0.connections } }

    func stop() {
        sockets.withLock { sockets in
            guard !sockets.isStopped else { return }
            sockets.isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            for socket in sockets.open { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    private func acceptAll() {
        while true {
            let socket = accept(listener, nil, nil)
            guard socket >= 0 else { break }
            let isWanted = sockets.withLock { sockets in
                guard !sockets.isStopped else { return false }
                sockets.open.insert(socket)
                sockets.connections += 1
                return true
            }
            guard isWanted else {
                close(socket)
                break
            }
            Thread {
                self.serve(socket)
                _ = self.sockets.withLock { $0.open.remove(socket) }
                close(socket)
            }.start()
        }
        close(listener)
    }

    private func serve(_ socket: Int32) {
        var buffer: [UInt8] = []
        while let request = Self.read(socket, &buffer) {
            guard answer(request, with: handler(request), on: socket) else { return }
        }
    }

    /// - Returns: Whether the connection goes on.
    private func answer(_ request: Request, with response: Response, on socket: Int32) -> Bool {
        switch response {
        case .answer(let status, let headers, let body):
            let length = headers["content-length"] ?? String(body.count)
            let head = Self.head(status, headers, length: length)
            return Self.send(socket, head + (request.method == "HEAD" ? [] : body))
        case .cut(let status, let headers, let body, let announced):
            _ = Self.send(socket, Self.head(status, headers, length: String(announced)) + body)
            return false
        case .hang:
            var byte: UInt8 = 0
            _ = recv(socket, &byte, 1, 0)
            return false
        case .drip(let milliseconds):
            _ = Self.send(socket, Self.head(200, [:], length: "1000000"))
            while Self.send(socket, [0]) { usleep(milliseconds * 1_000) }
            return false
        case .endless(let chunks):
            _ = Self.send(socket, Array("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".utf8))
            for _ in 0..<chunks {
                guard Self.send(socket, [UInt8](repeating: 7, count: 65_536)) else { return false }
            }
            return false
        case .close: return false
        case .raw(let text):
            _ = Self.send(socket, Array(text.utf8))
            return false
        }
    }

    private static func head(_ status: Int, _ headers: [String: String], length: String) -> [UInt8] {
        var text = "HTTP/1.1 \(status) Status\r\ncontent-length: \(length)\r\n"
        for (name, value) in headers where name != "content-length" { text += "\(name): \(value)\r\n" }
        return Array((text + "\r\n").utf8)
    }

    private static func send(_ socket: Int32, _ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private static func read(_ socket: Int32, _ buffer: inout [UInt8]) -> Request? {
        func more() -> Bool {
            var piece = [UInt8](repeating: 0, count: 262_144)
            let count = recv(socket, &piece, piece.count, 0)
            guard count > 0 else { return false }
            buffer += piece[..<count]
            return true
        }
        var end = buffer.firstRange(of: Array("\r\n\r\n".utf8))
        while end == nil {
            guard more() else { return nil }
            end = buffer.firstRange(of: Array("\r\n\r\n".utf8))
        }
        guard let end else { return nil }
        let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let parts = lines[0].split(separator: " ")
        guard parts.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            headers[pair[0].lowercased()] = pair.count == 2 ? pair[1].trimmingCharacters(in: .whitespaces) : ""
        }
        buffer.removeSubrange(..<end.upperBound)
        let length = Int(headers["content-length"] ?? "0") ?? 0
        while buffer.count < length {
            guard more() else { return nil }
        }
        let body = Array(buffer.prefix(length))
        buffer.removeSubrange(..<length)
        return Request(method: String(parts[0]), target: String(parts[1]), headers: headers, body: body)
    }
}
