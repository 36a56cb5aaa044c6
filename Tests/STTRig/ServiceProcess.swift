import Foundation
import STTProcess
import Synchronization

/// A private server of one of the services, which tests kill, freeze and start again on its port.
///
/// Concurrency: as ``RigProcess``.
package final class ServiceProcess: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case redis, mongodb, s3

        /// Up to the port.
        var scheme: String {
            switch self {
            case .redis: "redis://"
            case .mongodb: "mongodb://"
            case .s3: "http://"
            }
        }
    }

    package let kind: Kind
    package let process: RigProcess
    private let folder: TemporaryFolder
    private let chosenPort = Mutex(0)

    package init(_ kind: Kind, in folder: TemporaryFolder) {
        self.kind = kind
        self.folder = folder
        process = RigProcess(name: kind.rawValue, logFile: folder.file(kind.rawValue + ".log"))
    }

    package var port: Int { chosenPort.withLock { $0 } }
    package var url: String { "\(kind.scheme)127.0.0.1:\(port)" }

    /// Starts it and returns when it answers. The next starts keep the port, and MongoDB its data.
    package func start() async throws {
        try? FileManager.default.createDirectory(
            atPath: folder.file(kind.rawValue), withIntermediateDirectories: true)
        var attempts = port == 0 ? 3 : 1
        while true {
            attempts -= 1
            let port = self.port == 0 ? try FreePort.find() : self.port
            do {
                try await launch(on: port)
                chosenPort.withLock { $0 = port }
                return
            } catch let failure as RigFailure {
                await process.kill()
                guard attempts > 0 else { throw failure }
            }
        }
    }

    private func launch(on port: Int) async throws {
        var environment = ProcessInfo.processInfo.environment
        environment["STT_SERVICES_DIR"] = folder.path
        environment["MONGOD"] = environment["MONGOD"] ?? ExecutableSearch.find("mongod") ?? ""
        try await process.start(
            "/bin/bash", [Checkout.scripts + "/services.sh", "launch", kind.rawValue, "\(port)"],
            environment: environment)
        let probe = try await ChildProcess.run(
            ProcessCommand(
                Checkout.python(),
                [
                    Checkout.scripts + "/probe_service.py", kind.rawValue, "\(kind.scheme)127.0.0.1:\(port)",
                    "--seconds", "30", "--pid", "\(process.pid)",
                ]), timeLimit: .seconds(40))
        guard probe.exit.code == 0, process.isRunning else {
            throw RigFailure(description: "\(kind) did not start: \(probe.errorTail())\n\(process.logTail(10))")
        }
    }

    package func kill() async { await process.kill() }
}

/// A port of 127.0.0.1 on which nobody listens at the moment.
enum FreePort {
    static func find() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw RigFailure(description: "no socket") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
            }
        }
        guard result else { throw RigFailure(description: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
