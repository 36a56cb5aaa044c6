internal import Logging
internal import STTClient
internal import STTCore

/// The load on the service's own methods.
extension BenchmarkClient {
    /// Asks for one job, or for many in turn.
    func status(jobs: Int) async throws -> Measurement {
        let requests = SpeechWorkload.jobs.prefix(jobs).map { StatusRequest(jobID: $0.description) }
        return try await load(first: requests[0]) { client, end in
            var next = Int.random(in: requests.indices)
            var count = 0
            while ContinuousClock.now < end {
                let _: JobStatus = try await client.unary(Workload.status, requests[next])
                next = (next + 1) % requests.count
                count += 1
            }
            return (Double(count), [])
        }
    }

    /// Reads a completed job's partials from the first to the last, again and again.
    func result() async throws -> Measurement {
        try await load(first: StatusRequest(jobID: SpeechWorkload.completed.description)) { client, end in
            var count = 0
            while ContinuousClock.now < end {
                count += try await partials(of: SpeechWorkload.completed.description, client)
            }
            return (Double(count), [])
        }
    }

    /// Reads partials while they are made. The readers of a connection follow the same job.
    func live() async throws -> Measurement {
        let clients = try (0..<connections).map { _ in try client() }
        var total = Measurement()
        let start = ContinuousClock.now
        for client in clients {
            let job: JobStatus = try await client.unary(SpeechWorkload.begin, StatusRequest())
            let executor = try client.taskExecutor
            total.count += try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<inFlight {
                    group.addTask(executorPreference: executor) { try await partials(of: job.jobID, client) }
                }
                return try await group.reduce(into: 0.0) { $0 += Double($1) }
            }
        }
        total.seconds = Double((ContinuousClock.now - start).microseconds) / 1e6
        for client in clients { await client.close() }
        return total
    }

    private func partials(of job: String, _ client: RPCClient) async throws -> Int {
        try await client.serverStreaming(Workload.streamResult, StreamResultRequest(jobID: job)) {
            (replies: InboundMessages<StreamResultReply>) in
            var count = 0
            for try await reply in replies {
                if case .partial = reply { count += 1 }
            }
            return count
        }
    }

    /// Submits recordings of 64 KiB one after the other on each task.
    func submit() async throws -> Measurement {
        let clients = (0..<connections).map { _ in
            SpeechClient(
                addresses: [.tcp(host: "127.0.0.1", port: port)],
                logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        }
        let start = ContinuousClock.now
        let end = start + .seconds(seconds)
        var total = Measurement()
        total.count = try await withThrowingTaskGroup(of: Int.self) { group in
            for client in clients {
                for _ in 0..<inFlight {
                    group.addTask {
                        var count = 0
                        while ContinuousClock.now < end {
                            _ = try await client.submit(bytes: SpeechWorkload.audio)
                            count += 1
                        }
                        return count
                    }
                }
            }
            return try await group.reduce(into: 0.0) { $0 += Double($1) }
        }
        total.seconds = Double((ContinuousClock.now - start).microseconds) / 1e6
        for client in clients { await client.close() }
        return total
    }
}
