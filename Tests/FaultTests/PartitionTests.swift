import Foundation
import STTRig
import STTTestKit
import Testing

/// Hosts whose cables are pulled: nothing is refused and nothing arrives, which is worse than a process that dies.
@Suite(.serialized) struct PartitionTests {
    /// Services, a server and the clients; a server and a worker; two workers: ten processes with two clients.
    private static let (base, middle, far) = (0, 1, 2)
    private static let cutSeconds = 60

    @Test(
        "a worker's host is cut off for 60 s and a server's host after it: nothing is lost, and the clients carry on",
        .timeLimit(.minutes(6)), .watchingIssues,
        .enabled(if: NetworkHosts.obstacle == nil, Comment(rawValue: NetworkHosts.obstacle ?? "")))
    func survivesCuts() async throws {
        let report = FaultReport("partition", done: "a workers' host cut off for 60 s, then a server's host")
        let cluster = try HostCluster(on: try await NetworkHosts(3), settings: Cluster.Settings())
        var processes: [RigProcess] = []
        try await report.judging {
            try await run(cluster, &processes, report)
        } logs: {
            processes.map { "---- \($0.name)\n\($0.logTail(30))" }.joined(separator: "\n")
        } end: {
            await cluster.end(processes)
        }
    }

    private func run(
        _ cluster: HostCluster, _ processes: inout [RigProcess], _ report: FaultReport
    ) async throws {
        try await cluster.startServices()
        let engine = try FakeWhisperServer(in: try TemporaryFolder(), secondsPerRun: 1)
        let first = try await cluster.startServer(on: Self.base)
        let second = try await cluster.startServer(on: Self.middle)
        processes += [first.process, second.process]
        for (host, name) in [(Self.middle, "worker-0"), (Self.far, "worker-1"), (Self.far, "worker-2")] {
            processes.append(try await cluster.startWorker(on: host, name: name, engine: engine))
        }
        // The client of the second server knows the first one too.
        let servers = "\(second.address),\(first.address)"
        let recording = try cluster.folder.write(SyntheticAudio.bursts(180, seconds: 4), to: "long.wav")
        let brief = try cluster.folder.write(SyntheticAudio.bursts(3, seconds: 4), to: "brief.wav")

        // The far host is cut off in mid-work.
        let job = try await submit(recording, to: servers, on: cluster)
        async let streamed = stream(job, from: servers, on: cluster)
        async let otherStream = stream(job, from: first.address, on: cluster)
        try await waitUntil("the far workers work") { cluster.isWorking("worker-1") && cluster.isWorking("worker-2") }
        try await cluster.hosts.cut(Self.far)
        let cutAt = ContinuousClock.now
        let during = try await submit(brief, to: first.address, on: cluster)
        try await completed(during, by: first.address, on: cluster)
        report.recovered(in: ContinuousClock.now - cutAt)
        try await Task.sleep(until: cutAt + .seconds(Self.cutSeconds))
        try await cluster.hosts.mend(Self.far)

        // The far workers are of use again.
        let before = cluster.commits("worker-1") + cluster.commits("worker-2")
        let after = try await submit(recording, to: first.address, on: cluster)
        try await waitUntil("the far workers commit again", within: .seconds(60)) {
            cluster.commits("worker-1") + cluster.commits("worker-2") > before
        }

        // Now the host of the server that the first client is connected to, and of one worker.
        // The engines hold their answers meanwhile, so that the stream cannot have ended before the cut.
        try engine.behave("hold")
        let clients = cluster.clients(of: "server-\(Self.middle)")
        async let resumed = streamOutcome(after, from: servers, on: cluster)
        try await waitUntil("the client is connected to the second server") {
            cluster.clients(of: "server-\(Self.middle)") > clients
        }
        try await cluster.hosts.cut(Self.middle)
        #expect(try await state(of: after, by: first.address, on: cluster) != "completed")
        try engine.behave("sleep 1")
        for id in [job, after] { try await completed(id, by: first.address, on: cluster) }
        let cutOff = try await resumed
        #expect(cutOff.errors.contains("trying again"), "the client was not cut off: \(cutOff.errors)")
        let texts = (try await streamed, try await otherStream, cutOff.output)
        #expect(texts.0 == (try await result(job, on: cluster, server: first.address)))
        #expect(texts.1 == texts.0)
        #expect(texts.2 == (try await result(after, on: cluster, server: first.address)))
        try await cluster.hosts.mend(Self.middle)
        let again = try await submit(brief, to: second.address, on: cluster)
        try await completed(again, by: second.address, on: cluster)

        let counts = engine.runs.reduce(into: [:]) { $0[$1.checksum, default: 0] += 1 }
        report.note(
            "\(counts.count) different chunks, \(engine.runs.count) engine runs for five jobs of two recordings")
    }

    private func submit(_ file: String, to servers: String, on cluster: HostCluster) async throws -> String {
        let outcome = try await cluster.client(
            on: Self.base, ["submit", "--server", servers, "--retry-for", "60", file], within: .seconds(90))
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func stream(_ job: String, from servers: String, on cluster: HostCluster) async throws -> String {
        try await streamOutcome(job, from: servers, on: cluster).output
    }

    private func streamOutcome(_ job: String, from servers: String, on cluster: HostCluster) async throws -> Outcome {
        let outcome = try await cluster.client(
            on: Self.base, ["stream", "--server", servers, "--retry-for", "120", job], within: .seconds(300))
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome
    }

    private func result(_ job: String, on cluster: HostCluster, server: String) async throws -> String {
        let outcome = try await cluster.client(
            on: Self.base, ["result", "--server", server, job, "--format", "txt"], within: .seconds(30))
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome.output
    }

    private func completed(_ job: String, by server: String, on cluster: HostCluster) async throws {
        try await waitUntil("job \(job) is completed", within: .seconds(150), every: .milliseconds(500)) {
            try await state(of: job, by: server, on: cluster) == "completed"
        }
    }

    private func state(of job: String, by server: String, on cluster: HostCluster) async throws -> String? {
        let outcome = try await cluster.client(
            on: Self.base, ["status", "--server", server, "--json", job], within: .seconds(30))
        return try outcome.objects().first?["state"] as? String
    }
}

extension HostCluster {
    fileprivate func commits(_ worker: String) -> Int { logged(worker, "chunk done") }
    fileprivate func clients(of server: String) -> Int { logged(server, "agent=") }
    fileprivate func isWorking(_ worker: String) -> Bool { commits(worker) > 0 }

    private func logged(_ worker: String, _ text: String) -> Int {
        let log = (try? String(contentsOfFile: folder.file(worker + ".log"), encoding: .utf8)) ?? ""
        return log.split(separator: "\n").count { $0.contains(text) }
    }
}
