import Foundation
import Glibc
import STTProcess

/// Hosts on one switch, made of network namespaces of this machine. Needs root and iproute2.
///
/// A cut host is a host whose cable was pulled: nothing is refused, nothing arrives.
package final class NetworkHosts: Sendable {
    package let count: Int
    private let prefix: String
    private let ip: String

    /// Why there can be none here; `nil` where there can.
    package static var obstacle: String? {
        guard geteuid() == 0 else { return "network namespaces need root" }
        guard ExecutableSearch.find("ip", path: searchPath) != nil else {
            return "iproute2 is not installed (apt-get install iproute2)"
        }
        return nil
    }

    private static var searchPath: String { (ProcessInfo.processInfo.environment["PATH"] ?? "") + ":/usr/sbin:/sbin" }

    package init(_ count: Int) async throws {
        guard let ip = ExecutableSearch.find("ip", path: Self.searchPath) else {
            throw RigFailure(description: "iproute2 is not installed")
        }
        self.count = count
        self.ip = ip
        // Names of network devices have at most 15 bytes.
        prefix = "stt\(getpid() % 100_000)"
        do {
            try await run(["netns", "add", switchName])
            try await run(["-n", switchName, "link", "add", "switch", "type", "bridge"])
            try await run(["-n", switchName, "link", "set", "switch", "up"])
            for host in 0..<count { try await addHost(host) }
        } catch {
            await remove()
            throw error
        }
    }

    package func address(of host: Int) -> String { "10.77.0.\(host + 1)" }

    /// The command that runs a program on a host.
    package func command(on host: Int, _ program: String, _ arguments: [String]) -> (String, [String]) {
        (ip, ["netns", "exec", name(host), program] + arguments)
    }

    /// Pulls the host's cable.
    package func cut(_ host: Int) async throws {
        try await run(["-n", switchName, "link", "set", port(host), "down"])
    }

    package func mend(_ host: Int) async throws {
        try await run(["-n", switchName, "link", "set", port(host), "up"])
    }

    /// Removes the namespaces. The processes on them are to have ended.
    package func remove() async {
        for name in [switchName] + (0..<count).map(name) {
            _ = try? await ChildProcess.run(
                ProcessCommand(ip, ["netns", "delete", name]), timeLimit: .seconds(10))
        }
    }

    private var switchName: String { prefix + "sw" }
    private func name(_ host: Int) -> String { prefix + "h\(host)" }
    private func port(_ host: Int) -> String { "port\(host)" }

    private func addHost(_ host: Int) async throws {
        try await run(["netns", "add", name(host)])
        try await run([
            "-n", switchName, "link", "add", port(host), "type", "veth", "peer", "name", "eth0", "netns", name(host),
        ])
        try await run(["-n", switchName, "link", "set", port(host), "master", "switch", "up"])
        try await run(["-n", name(host), "address", "add", address(of: host) + "/24", "dev", "eth0"])
        try await run(["-n", name(host), "link", "set", "eth0", "up"])
        try await run(["-n", name(host), "link", "set", "lo", "up"])
    }

    private func run(_ arguments: [String]) async throws {
        let result = try await ChildProcess.run(ProcessCommand(ip, arguments), timeLimit: .seconds(10))
        guard result.exit.code == 0 else {
            throw RigFailure(description: "ip \(arguments.joined(separator: " ")): \(result.errorTail())")
        }
    }
}
