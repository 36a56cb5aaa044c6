import Foundation
import Logging
import RPCServer
import RPCTransport
import STTCore
import STTEmbedded
import STTProto
import STTTestKit
import Synchronization

@testable import STTService

/// The service on the embedded adapters, with faults where a test wants them.
final class ServiceFixture: Sendable {
    let store: SQLiteJobStore
    let objects: FileObjectStore
    let queue = InProcessWorkQueue()
    let plan: FaultPlan
    let context: ServiceContext
    let service: SpeechService
    private let folder: DataFolder

    init(
        fetcher: (any AudioFetcher)? = nil, limits: ServiceLimits = ServiceLimits(),
        tenantLimits: TenantLimits? = nil,
        faults: @escaping @Sendable (PortCall) -> Fault = { _ in .none }
    ) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "stt-service-\(UUID().uuidString)").path
        folder = try DataFolder(path: path)
        store = try SQLiteJobStore(folder: folder)
        objects = try FileObjectStore(folder: folder)
        plan = FaultPlan(faults)
        var context = ServiceContext(
            store: FaultyJobStore(store, plan: plan), queue: FaultyQueue(queue, plan: plan),
            events: InProcessEventBus(), objects: FaultyObjectStore(objects, plan: plan), fetcher: fetcher,
            limits: limits, retention: .seconds(60), version: "1",
            logger: Logger(label: "service") { _ in SwiftLogNoOpLogHandler() })
        if let tenantLimits { context.tenantLimits = { _ in tenantLimits } }
        self.context = context
        service = SpeechService(context: context)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder.path)
    }

    /// Calls Submit as a client does.
    func submit(
        _ options: SubmitOptions = SubmitOptions(), audio: [[UInt8]] = [], on service: SpeechService? = nil,
        early: ReceivedReplies? = nil
    ) async throws -> SubmitReply {
        let requests = [SubmitRequest.options(options)] + audio.map { .audio($0) }
        let call = CallContext(method: SpeechMethod.submit, callID: 1, peer: "test")
        do {
            return try await (service ?? self.service).submit(
                InboundMessages(SentMessages(try requests.map { try $0.encode() })),
                OutboundMessages(early ?? ReceivedReplies()), call)
        } catch {
            throw StatusMapping.rpcError(error)
        }
    }

    func job(_ reply: SubmitReply) async throws -> Job? {
        guard let id = JobID(reply.jobID) else { return nil }
        return try await store.job(id, tenant: nil)
    }

    /// The jobs that have objects.
    func jobsWithObjects() async throws -> [String] {
        guard let root = ObjectKey("jobs") else { return [] }
        return try await objects.names(below: root, after: nil, limit: 1000)
    }
}

/// Messages that were all sent at once.
private final class SentMessages: InboundMessageSource {
    private let messages: Mutex<[[UInt8]]>

    init(_ messages: [[UInt8]]) { self.messages = Mutex(messages) }

    func nextMessages() async throws -> [MessageRun] {
        messages.withLock { messages in
            defer { messages = [] }
            return messages.map { MessageRun(SharedBytes($0)) }
        }
    }
}

/// The replies before the last.
final class ReceivedReplies: OutboundMessageSink {
    private let messages = Mutex<[SharedBytes]>([])

    var replies: [SubmitReply] {
        get throws {
            try messages.withLock { $0 }.map { try SubmitReply.decode(owned: $0.bytes) }
        }
    }

    func sendMessage(_ bytes: SharedBytes) async throws { messages.withLock { $0.append(bytes) } }
}

/// Gives the bytes that a test puts at its URLs.
final class FakeFetcher: AudioFetcher {
    private let pages: [String: [UInt8]]
    private let fetched = Mutex<[String]>([])
    /// Where a fetch waits after its first bytes.
    let gate = Gate()

    init(_ pages: [String: [UInt8]], waits: Bool = false) {
        self.pages = pages
        if !waits { gate.open() }
    }

    var urls: [String] { fetched.withLock { $0 } }

    func fetch(
        _ url: String, maximumBytes: Int, _ receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws -> FetchedAudio {
        fetched.withLock { $0.append(url) }
        guard let bytes = pages[url] else {
            throw PortError(
                url.contains("slow") ? .unavailable : .notFound, port: "audio fetcher", "nothing at example.com")
        }
        for byte in bytes {
            try await receive([byte])
            await gate.wait()
        }
        let path = url.prefix { $0 != "?" }
        return FetchedAudio(byteCount: bytes.count, filename: path.split(separator: "/").last.map(String.init) ?? "")
    }
}
