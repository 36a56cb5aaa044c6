internal import Foundation
internal import Logging
internal import RPCServer
internal import STTProto

/// The service's methods without what is behind them, so that the RPC layer alone is measured.
enum BenchmarkServer {
    static func run(loops: Int) async throws {
        var methods = MethodRegistry()
        methods.unary(Workload.status) { (_: StatusRequest, _) in Workload.jobStatus }
        methods.serverStreaming(Workload.streamResult) {
            (_: StreamResultRequest, replies: OutboundMessages<StreamResultReply>, _) in
            while true { try await replies.send(Workload.partial) }
        }
        methods.clientStreaming(Workload.submit) { (requests: InboundMessages<SubmitRequest>, _) in
            var bytes = 0
            for try await request in requests {
                if case .audio(let audio) = request { bytes += audio.count }
            }
            return SubmitReply(jobID: Workload.jobID, audioBytes: bytes)
        }
        var configuration = RPCServerConfiguration()
        configuration.eventLoops = loops
        configuration.connection.limits.maxStreams = 1024
        let server = RPCServer(
            methods: methods, configuration: configuration,
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let addresses = try await server.start(listeningOn: [.tcp(host: "127.0.0.1", port: 0)])
        guard case .tcp(_, let port)? = addresses.first else { return }
        print("PORT \(port)")
        fflush(nil)
        // The harness holds the other end of standard input for as long as the server is wanted.
        while readLine() != nil {}
        await server.shutdown()
    }
}
