internal import Logging
internal import RPCClient
internal import STTProto
internal import Synchronization

/// The load that the Swift client makes: the same as the other load generators'.
struct BenchmarkClient {
    let port: UInt16
    let connections: Int
    let inFlight: Int
    let seconds: Double
    /// Whether the tasks prefer the client's loop, so that their calls take no change of threads.
    var prefersLoop = true

    func client() throws -> RPCClient {
        var configuration = RPCClientConfiguration()
        configuration.connection.limits.maxStreams = 1024
        configuration.tls = try BenchmarkTLS.client()
        return RPCClient(
            addresses: [BenchmarkTLS.address(port: port)], configuration: configuration,
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Calls one after the other on each of `inFlight` tasks of each connection.
    func unary() async throws -> Measurement {
        try await load { client, end in
            var count = 0
            var times: [UInt32] = []
            let isAlone = connections * inFlight == 1
            // The task's own, as a program's would be: not a string that all threads count the references of.
            let request = StatusRequest(jobID: "job-" + String(repeating: "0", count: 42))
            var before = ContinuousClock.now
            while before < end {
                let reply: JobStatus = try await client.unary(Workload.status, request)
                precondition(reply.chunkAttempts == 12)
                count += 1
                // As the other load generators, which look at the clock once for the replies of one read.
                if !isAlone, count & 7 != 0 { continue }
                let now = ContinuousClock.now
                if isAlone { times.append(UInt32(clamping: (now - before).microseconds)) }
                before = now
            }
            return (Double(count), times)
        }
    }

    func stream() async throws -> Measurement {
        try await load { client, end in
            try await client.serverStreaming(
                Workload.streamResult, StreamResultRequest(jobID: Workload.jobID)
            ) { (replies: InboundMessages<StreamResultReply>) in
                var count = 0
                for try await _ in replies {
                    count += 1
                    if count & 63 == 0, ContinuousClock.now >= end { break }
                }
                return (Double(count), [])
            }
        }
    }

    /// In MiB.
    func upload() async throws -> Measurement {
        try await load { client, end in
            let reply: SubmitReply = try await client.clientStreaming(Workload.submit) {
                (writer: RequestWriter<SubmitRequest>) in
                while ContinuousClock.now < end { try await writer.send(Workload.audio) }
            }
            return (Double(reply.audioBytes) / 1_048_576, [])
        }
    }

    /// - Parameter first: Connects each client.
    func load(
        first: StatusRequest = Workload.statusRequest,
        _ body: @escaping @Sendable (RPCClient, ContinuousClock.Instant) async throws -> (Double, [UInt32])
    ) async throws -> Measurement {
        let clients = try (0..<connections).map { _ in try client() }
        for client in clients {
            let _: JobStatus = try await client.unary(Workload.status, first)
        }
        let start = ContinuousClock.now
        let end = start + .seconds(seconds)
        let result = try await withThrowingTaskGroup(of: (Double, [UInt32]).self) { group in
            for client in clients {
                let executor = prefersLoop ? try client.taskExecutor : nil
                for _ in 0..<inFlight {
                    group.addTask(executorPreference: executor) { try await body(client, end) }
                }
            }
            var total = Measurement()
            for try await (count, times) in group {
                total.count += count
                total.microseconds += times
            }
            return total
        }
        var measurement = result
        measurement.seconds = Double((ContinuousClock.now - start).microseconds) / 1e6
        for client in clients { await client.close() }
        return measurement
    }
}

/// What came of one run.
struct Measurement: Sendable {
    var count = 0.0
    var seconds = 1.0
    var microseconds: [UInt32] = []

    /// `PER_SECOND P50 P99`, the times in microseconds, 0 where they were not taken.
    var line: String {
        let sorted = microseconds.sorted()
        let p50 = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
        let p99 = sorted.isEmpty ? 0 : sorted[sorted.count * 99 / 100]
        return "RESULT \(count / seconds) \(p50) \(p99)"
    }

    /// The same and how long it took, for work that ends when it is done.
    var timedLine: String { "\(line) \(seconds)" }
}

extension Duration {
    var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
