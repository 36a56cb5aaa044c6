import Logging
import RPCServer
import STTProto

/// The server that `vectors/README.md` describes.
struct ConformanceServer {
    let server: RPCServer
    let port: UInt16

    static func start() async throws -> ConformanceServer {
        var registry = MethodRegistry()
        registry.unary("stt.v1.SpeechToText/Status") { (request: StatusRequest, _) -> JobStatus in
            if request.jobID == "missing" { throw RPCError(.notFound, "no job missing") }
            var status = JobStatus()
            status.jobID = request.jobID
            status.state = .completed
            return status
        }
        registry.clientStreaming("stt.v1.SpeechToText/Submit") {
            (requests: InboundMessages<SubmitRequest>, _) -> SubmitReply in
            var bytes = 0
            for try await request in requests {
                if case .audio(let audio) = request { bytes += audio.count }
            }
            return SubmitReply(jobID: String(bytes))
        }
        registry.serverStreaming("stt.v1.SpeechToText/GetResult") {
            (request: GetResultRequest, replies: OutboundMessages<GetResultReply>, _) in
            let words = request.jobID.split(separator: " ")
            let length = words.count == 3 ? (Int(words[2]) ?? 0) - 3 : 0
            for number in 1...(Int(words[0]) ?? 1) {
                let text = [UInt8]("\(number)".utf8)
                let filling = [UInt8](repeating: 0x20, count: max(0, length - text.count))
                try await replies.send(GetResultReply(data: text + filling))
            }
            if words.last == "fail" { throw RPCError(.unavailable, "failed as asked") }
        }
        registry.clientStreaming("test.Conformance/Stall") {
            (_: InboundMessages<SubmitRequest>, _) -> SubmitReply in
            try await Task.sleep(for: .seconds(60))
            return SubmitReply()
        }
        var configuration = RPCServerConfiguration()
        configuration.connection.limits.maxMessageBytes = 131_072
        configuration.connection.limits.maxStreams = WireLimits.smallest.maxStreams
        configuration.connection.limits.initialWindowBytes = WireLimits.smallest.initialWindowBytes
        configuration.connection.limits.maxFrameBytes = WireLimits.smallest.maxFrameBytes
        let server = RPCServer(
            methods: registry, configuration: configuration,
            logger: Logger(label: "conformance") { _ in SwiftLogNoOpLogHandler() })
        let addresses = try await server.start(listeningOn: [.tcp(host: "127.0.0.1", port: 0)])
        guard case .tcp(_, let port) = addresses[0] else { throw RPCError(.internalError, "no port") }
        return ConformanceServer(server: server, port: port)
    }
}
