import Foundation
import Glibc
import Logging
import STTCore
import Synchronization

@testable import STTRedis

/// A Redis server of a test's own.
///
/// Concurrency: the `Mutex` guards the process.
final class RedisServer: Sendable {
    let port: Int
    let folder: URL
    private let options: [String]
    private let process = Mutex<Process?>(nil)

    init(_ options: String...) throws {
        port = try Self.freePort()
        folder = FileManager.default.temporaryDirectory.appending(path: "redis-\(UUID().uuidString.prefix(8))")
        self.options = options
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    var socketPath: String { folder.appending(path: "redis.sock").path }

    /// Starts it, empty.
    func start() throws {
        let new = Process()
        new.executableURL = URL(filePath: "/usr/bin/env")
        new.arguments =
            [
                "redis-server", "--bind", "127.0.0.1", "--port", String(port), "--dir", folder.path, "--save", "",
                "--appendonly", "no", "--unixsocket", socketPath, "--daemonize", "no",
            ] + options
        new.standardOutput = FileHandle.nullDevice
        new.standardError = FileHandle.nullDevice
        try new.run()
        process.withLock { $0 = new }
    }

    /// Ends it as a crash would.
    func kill() {
        guard let running = process.withLock({ $0 }) else { return }
        Glibc.kill(running.processIdentifier, SIGKILL)
        running.waitUntilExit()
        process.withLock { $0 = nil }
    }

    func signal(_ number: Int32) {
        guard let running = process.withLock({ $0 }) else { return }
        Glibc.kill(running.processIdentifier, number)
    }

    var configuration: RedisConfiguration {
        RedisConfiguration(address: .tcp(host: "127.0.0.1", port: port))
    }

    private var isListening: Bool {
        guard let endpoint = SocketEndpoint(unixPath: socketPath),
            case .success((_, isConnected: true)) = RedisSocket.connect(to: endpoint)
        else { return false }
        return true
    }

    /// A client, once the server answers; with `mayFail`, at once.
    func client(
        _ configuration: RedisConfiguration? = nil, logger: Logger = .silent, mayFail: Bool = false
    ) async throws -> RedisClient {
        if !mayFail { try await eventually { isListening } }
        let client = try RedisClient(configuration ?? self.configuration, logger: logger)
        if !mayFail { try await eventually { (try? await client.check()) != nil } }
        return client
    }

    private static func freePort() throws -> Int {
        let (descriptor, port) = try boundSocket()
        close(descriptor)
        return port
    }
}

/// A TCP socket on a free port of the loopback interface.
func boundSocket() throws -> (descriptor: Int32, port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let found = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
        }
    }
    guard found else { throw POSIXError(.EADDRNOTAVAIL) }
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
}

/// A server that answers every connection with the same bytes, whatever it is asked.
final class StrangeServer: Sendable {
    let port: Int
    private let descriptor: Int32

    init(_ answer: String) throws {
        (descriptor, port) = try boundSocket()
        listen(descriptor, 16)
        let (descriptor, bytes) = (descriptor, Array(answer.utf8))
        Thread.detachNewThread {
            var taken: [Int32] = []
            while case let next = accept(descriptor, nil, nil), next >= 0 {
                taken.append(next)
                _ = send(next, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            }
            for one in taken { close(one) }
            close(descriptor)
        }
    }

    deinit {
        // Ends the thread, which closes it.
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}

struct NeverHappened: Error {}

/// Waits for a condition that nothing announces.
func eventually(within time: Duration = .seconds(15), _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + time
    while try await !condition() {
        guard ContinuousClock.now < end else { throw NeverHappened() }
        try await Task.sleep(for: .milliseconds(5))
    }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// Keeps what is logged.
///
/// Concurrency: the `Mutex` guards the lines.
final class LogRecorder: Sendable {
    private let state = Mutex<[String]>([])

    var lines: [String] { state.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { _ in Handler(recorder: self) } }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            recorder.state.withLock { $0.append("\(event.level) \(event.message) \(all)") }
        }
    }
}

/// The error code that a call throws, or `nil`.
func portErrorCode(_ body: () async throws -> Void) async -> PortError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? PortError)?.code
    }
}

/// A fixed job and its items.
enum Fixed {
    static let job = JobID(at: Timestamp(millisecondsSinceEpoch: 1_700_000_000_000))

    static func chunk(_ index: Int, _ tenant: Tenant = .default) -> WorkItem {
        WorkItem(.chunk(index), job: job, tenant: tenant, audioMilliseconds: 10_000)
    }

    static func event(_ index: Int, of job: JobID = job) -> JobEvent {
        var chunk = Chunk(job: job, span: ChunkSpan(index: index, startSample: index, endSample: index + 160_000))
        chunk.state = .done
        let words = (0..<40).map {
            TranscriptWord(startMilliseconds: $0 * 100, endMilliseconds: $0 * 100 + 90, text: "word", probability: 0.9)
        }
        chunk.result = ChunkResult(
            segments: [
                TranscriptSegment(
                    startMilliseconds: 0, endMilliseconds: 4_000, text: "a line", words: words, channel: 2,
                    flags: [.knownHallucination, .implausibleRate])
            ],
            engine: "test", engineMilliseconds: 5,
            guards: [
                GuardNote(kind: .retriedFullWindow, startMilliseconds: 0, endMilliseconds: 4_000, detail: "repetition")
            ])
        return .chunkDone(chunk)
    }
}
