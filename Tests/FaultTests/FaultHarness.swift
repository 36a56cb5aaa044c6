import STTClient
import STTRig
import Testing

/// Runs a test on a cluster of its own over services that may be killed, and adds a line to the table of faults.
func withFault(
    _ fault: String, _ done: String, settings: Cluster.Settings = .init(),
    _ body: (Cluster, PrivateServices, FaultReport) async throws -> Void
) async throws {
    let services = try await PrivateServices.shared()
    let report = FaultReport(fault, done: done)
    try await withCluster(
        report, on: services.addresses, settings: settings, moreLogs: { services.logTails() }
    ) { cluster in
        try await body(cluster, services, report)
    }
}

extension Cluster {
    /// Waits for the jobs' ends with their states sampled all the while, then checks everything.
    @discardableResult
    func finish(
        through client: SpeechClient, within limit: Duration = .seconds(60), allowing allowance: Allowance = .none
    ) async throws -> Verdict {
        let sampler = Task { await self.sampleStates(through: client) }
        defer { sampler.cancel() }
        try await settle(through: client, within: limit)
        return try await verify(through: client, allowing: allowance)
    }

    /// Waits until so many of a job's chunks are done.
    func chunksDone(_ count: Int, of job: String, through client: SpeechClient) async throws {
        try await waitUntil("\(count) chunks are done", every: .milliseconds(50)) {
            try await client.status(job).chunksDone >= count
        }
    }
}

/// Runs work for each number at the same time, a few at once.
func concurrently(
    _ count: Int, width: Int = .max, _ body: @escaping @Sendable (Int) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<count {
            if number >= width { try await group.next() }
            group.addTask { try await body(number) }
        }
        try await group.waitForAll()
    }
}

func seconds(_ body: () async throws -> Void) async rethrows -> Duration {
    let start = ContinuousClock.now
    try await body()
    return ContinuousClock.now - start
}
