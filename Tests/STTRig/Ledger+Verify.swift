import Foundation
import Logging
package import STTClient
package import Testing

/// What a fault excuses.
package struct Allowance: Sendable {
    /// Engine runs beyond one for each chunk.
    package var repeatedRuns: Int
    /// How long what nobody needs may stay.
    package var cleanUp: Duration

    /// Queue entries that killed workers had taken; the queue gives them up after a minute or two.
    package var unacknowledged: Int

    package init(repeatedRuns: Int = 0, cleanUp: Duration = .seconds(15), unacknowledged: Int = 0) {
        self.repeatedRuns = repeatedRuns
        self.unacknowledged = unacknowledged
        self.cleanUp = cleanUp
    }

    package static var none: Allowance { Allowance() }
}

/// What a verified test came to.
package struct Verdict: Sendable {
    package var jobs = 0
    package var chunks = 0
    package var engineRuns = 0
    package var commits = 0
}

extension Cluster {
    /// Checks, once all jobs have ended, what must hold whatever happened: nothing that was acknowledged is lost, one
    /// commit a chunk, streams without holes and repetitions, terminal states unchanged, nothing left over.
    @discardableResult
    package func verify(
        through client: SpeechClient, allowing allowance: Allowance = .none,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Verdict {
        var verdict = Verdict()
        var words: Set<String> = []
        var hasEndedEarly = false
        for entry in ledger.entries {
            let before = ledger.ends[entry.job]
            let status = try await client.status(entry.job)
            ledger.observe(entry.job, status.state, before: before)
            #expect(
                entry.ends.contains(status.state),
                "\(entry.job) is \(status.state): \(status.error?.message ?? "")", sourceLocation: sourceLocation)
            guard status.state == .completed else {
                hasEndedEarly = true
                continue
            }
            verdict.jobs += 1
            verdict.chunks += status.chunksTotal
            #expect(status.chunksDone == status.chunksTotal, sourceLocation: sourceLocation)
            #expect(status.chunksWithGaps == 0, "\(entry.job) has gaps", sourceLocation: sourceLocation)
            let final = try await client.resultText(entry.job)
            for line in final.split(separator: "\n") {
                words.insert(line.split(separator: " ").last.map(String.init) ?? "")
            }
            if let recording = entry.recording {
                let end = try await recording.end(within: .seconds(20))
                #expect(end.state == .completed, sourceLocation: sourceLocation)
                try verifyStream(recording.arrivals, final, status, sourceLocation)
            }
            for server in servers where server.process.isRunning {
                try await verifyReplay(of: status, final, on: server, sourceLocation)
            }
        }
        verdict.engineRuns = engineRuns.values.reduce(0, +)
        verdict.commits = try verifyCommits(sourceLocation)
        #expect(ledger.changes.isEmpty, "terminal states changed: \(ledger.changes)", sourceLocation: sourceLocation)
        if !hasEndedEarly {
            #expect(verdict.engineRuns >= verdict.chunks, sourceLocation: sourceLocation)
            #expect(
                verdict.engineRuns <= verdict.chunks + allowance.repeatedRuns,
                "\(verdict.chunks) chunks took \(verdict.engineRuns) engine runs", sourceLocation: sourceLocation)
        }
        try await verifyNothingIsLeft(allowance, sourceLocation)
        return verdict
    }

    private func verifyStream(
        _ arrivals: [StreamRecording.Arrival], _ final: String, _ status: JobStatus, _ location: SourceLocation
    ) throws {
        #expect(
            arrivals.map(\.chunk) == Array(0..<status.chunksTotal),
            "the stream of \(status.jobID) has holes or repeats",
            sourceLocation: location)
        let text = arrivals.map(\.text).joined()
        #expect(text == final, "the stream of \(status.jobID) differs from its result", sourceLocation: location)
    }

    /// Reads a stream once more, from its start and without the client library's care for repetitions.
    private func verifyReplay(
        of status: JobStatus, _ final: String, on server: ClusterProcess, _ location: SourceLocation
    ) async throws {
        let client = RPCClient(
            addresses: [try ServerAddress(parsing: server.address)], configuration: .init(),
            logger: Logger(label: "rig"))
        var arrivals: [StreamRecording.Arrival] = []
        do {
            arrivals = try await within(.seconds(20), "\(server.name) replays \(status.jobID)") {
                try await client.serverStreaming(
                    SpeechMethod.streamResult, StreamResultRequest(jobID: status.jobID),
                    receiving: StreamResultReply.self
                ) { replies in
                    var arrivals: [StreamRecording.Arrival] = []
                    for try await reply in replies {
                        guard case .partial(let partial) = reply else { continue }
                        arrivals.append(.init(chunk: partial.chunk, text: partial.text, at: .now, time: 0))
                    }
                    return arrivals
                }
            }
        } catch {
            await client.close()
            throw error
        }
        await client.close()
        try verifyStream(arrivals, final, status, location)
    }

    /// Counts commits by the workers' logs, which outlive the workers.
    private func verifyCommits(_ location: SourceLocation) throws -> Int {
        var commits: [String: Int] = [:]
        for worker in workers {
            for line in worker.process.log.split(separator: "\n") where line.hasSuffix("chunk done") {
                let parts = line.split(separator: " ").filter { $0.hasPrefix("job=") || $0.hasPrefix("chunk=") }
                commits[parts.joined(separator: " "), default: 0] += 1
            }
        }
        let repeated = commits.filter { $0.value > 1 }
        #expect(repeated.isEmpty, "chunks were committed more than once: \(repeated)", sourceLocation: location)
        return commits.count
    }

    private func verifyNothingIsLeft(_ allowance: Allowance, _ location: SourceLocation) async throws {
        var trouble = ""
        do {
            try await waitUntil("nothing is left", within: allowance.cleanUp, every: .milliseconds(300)) {
                let contents = try await contents()
                let pending = try await RedisShell(services.redis).pendingEntries(of: keyPrefix)
                let owners = Set(processes.map(\.pid))
                let strays = engines.flatMap { ProcessFacts.processes(withArgument: $0.program) }.filter { pid in
                    ProcessFacts(pid: pid).map { $0.state != "Z" && !owners.contains($0.parent) } ?? false
                }
                var rest: [String] = []
                if !contents.orphans.isEmpty { rest.append("orphans \(contents.orphans.prefix(5))") }
                if !contents.uploads.isEmpty { rest.append("unfinished uploads \(contents.uploads)") }
                let samples = contents.samplesOfCompletedJobs
                if !samples.isEmpty { rest.append("samples \(samples.prefix(5))") }
                if pending > allowance.unacknowledged { rest.append("\(pending) unacknowledged entries") }
                if !strays.isEmpty { rest.append("engine processes \(strays)") }
                let lost = ledger.jobs.filter { contents.jobs[$0] == nil }
                if !lost.isEmpty { rest.append("jobs without a record: \(lost)") }
                trouble = rest.joined(separator: "; ")
                return rest.isEmpty
            }
        } catch is WaitedTooLong {
            Issue.record("left over after \(allowance.cleanUp): \(trouble)", sourceLocation: location)
        }
    }
}
