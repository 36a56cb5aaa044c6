import Foundation
import STTProcess

/// Stands between a program and its server, and fails as it is told. See `Python/fault_proxy.py`.
package struct FaultProxy: Sendable {
    package enum Mode: String, Sendable {
        case pass
        /// Nobody listens, and what stood is reset.
        case refuse
        /// Nothing gets through until the mode is `pass` again; then everything does.
        case hang
        /// What is sent is lost.
        case swallow
    }

    package struct Counts: Sendable {
        package var connections: Int
        package var bytes: Int
        package var faults: Int
        /// Such as `PUT /bucket/key`.
        package var requests: [String]
    }

    private let identifier: Int
    package let port: Int
    private let host: ProxyHost

    /// - Parameter target: Such as `redis://127.0.0.1:6379`.
    package static func tcp(to target: String) async throws -> FaultProxy {
        try await open("open", target)
    }

    /// One that knows HTTP requests, for ``fail(method:prefix:containing:with:count:)``.
    package static func http(to target: String) async throws -> FaultProxy {
        try await open("open-http", target)
    }

    private static func open(_ operation: String, _ target: String) async throws -> FaultProxy {
        let host = try await ProxyHost.shared()
        let reply = try await host.ask(["op": .text(operation), "target": .text(Endpoint.of(target))])
        guard let identifier = reply["id"] as? Int, let port = reply["port"] as? Int else {
            throw RigFailure(description: "the proxy answered \(reply)")
        }
        return FaultProxy(identifier: identifier, port: port, host: host)
    }

    package func set(_ mode: Mode) async throws {
        _ = try await host.ask(["op": .text("mode"), "id": .number(Double(identifier)), "mode": .text(mode.rawValue)])
    }

    /// Resets all connections.
    package func cut() async throws {
        _ = try await host.ask(["op": .text("cut"), "id": .number(Double(identifier))])
    }

    /// - Parameters:
    ///   - delay: Each way.
    ///   - bytesPerSecond: 0: as fast as it goes.
    ///   - cutAfter: Bytes of the server's answers on each further connection, which is then reset.
    package func shape(delay: Duration = .zero, bytesPerSecond: Int = 0, cutAfter: Int? = nil) async throws {
        var order: [String: ProxyHost.Value] = [
            "op": .text("shape"), "id": .number(Double(identifier)), "delay": .number(delay.inSeconds),
            "rate": .number(Double(bytesPerSecond)),
        ]
        if let cutAfter { order["cut_after"] = .number(Double(cutAfter)) }
        _ = try await host.ask(order)
    }

    package enum RequestFault: String, Sendable {
        case internalError = "500"
        case slowDown = "503"
        /// No answer at all.
        case hang
        /// Half of the answer's body, then the end.
        case half
    }

    /// Makes the next matching requests fail.
    package func fail(
        method: String = "*", prefix: String = "/", containing part: String = "", with fault: RequestFault, count: Int
    ) async throws {
        _ = try await host.ask([
            "op": .text("rule"), "id": .number(Double(identifier)), "method": .text(method), "prefix": .text(prefix),
            "contains": .text(part), "action": .text(fault.rawValue), "count": .number(Double(count)),
        ])
    }

    package func counts() async throws -> Counts {
        let reply = try await host.ask(["op": .text("stats"), "id": .number(Double(identifier))])
        return Counts(
            connections: reply["connections"] as? Int ?? 0, bytes: reply["bytes"] as? Int ?? 0,
            faults: reply["faults"] as? Int ?? 0, requests: reply["requests"] as? [String] ?? [])
    }
}

/// The process that all proxies of a test run live in.
private actor ProxyHost {
    enum Value: Encodable {
        case text(String)
        case number(Double)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number):
                if number == number.rounded() {
                    try container.encode(Int(number))
                } else {
                    try container.encode(number)
                }
            }
        }
    }

    private static let instance = Task { try await ProxyHost() }

    static func shared() async throws -> ProxyHost { try await instance.value }

    private let child: ChildProcess
    private var pending: [UInt8] = []
    private var last: Task<[UInt8], any Error>?

    private init() async throws {
        child = try await ChildProcess.start(
            ProcessCommand(
                Checkout.python(), [Checkout.script("fault_proxy.py")], input: .stream, output: .stream,
                errorOutput: .descriptor(2)))
    }

    /// One command after another: each is answered with one line.
    func ask(_ order: [String: Value]) async throws -> sending [String: Any] {
        let line = try JSONEncoder().encode(order) + [UInt8(ascii: "\n")]
        let before = last
        let task = Task {
            _ = await before?.result
            return try await exchange(Array(line))
        }
        last = task
        let bytes = try await task.value
        let reply = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] ?? [:]
        if let error = reply["error"] { throw RigFailure(description: "the proxy failed: \(error)") }
        return reply
    }

    private func exchange(_ line: [UInt8]) async throws -> [UInt8] {
        try await child.write(line)
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                defer { pending.removeSubrange(...end) }
                return Array(pending[..<end])
            }
            guard let more = try await child.readOutput() else { throw RigFailure(description: "the proxies ended") }
            pending += more
        }
    }
}

/// Host and port of a URL.
enum Endpoint {
    static func of(_ url: String) -> String {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        return String(authority.split(separator: "@").last ?? authority)
    }

    /// The same URL at another port of 127.0.0.1.
    static func replacing(_ url: String, port: Int) -> String {
        url.replacing(of(url), with: "127.0.0.1:\(port)", maxReplacements: 1)
    }
}
