import Foundation
import STTProcess

/// What a cluster has in MongoDB and in S3, read without the code under test.
package struct ClusterContents: Sendable, Decodable {
    /// States by id, also of deleted jobs.
    package var jobs: [String: String]
    /// The states of a job's chunks.
    package var chunks: [String: [String]]
    package var keys: [String]
    /// Keys of multipart uploads that were neither finished nor aborted.
    package var uploads: [String]

    /// Objects and chunks whose job has no record.
    package var orphans: [String] {
        let lost = keys.filter { key in
            let parts = key.split(separator: "/").map(String.init)
            guard let place = parts.firstIndex(of: "jobs"), place + 1 < parts.count else { return true }
            return jobs[parts[place + 1]] == nil
        }
        return lost + chunks.keys.filter { jobs[$0] == nil }.map { "chunks of \($0)" }
    }

    /// Samples of chunks, which are removed once they have been transcribed. Those of a cancelled job go with the job.
    package var samplesOfCompletedJobs: [String] {
        keys.filter { key in
            key.contains("/pcm/") && key.split(separator: "/").contains { jobs[String($0)] == "completed" }
        }
    }
}

extension Cluster {
    package func contents() async throws -> ClusterContents {
        try JSONDecoder().decode(ClusterContents.self, from: Data(try await inspect("show")))
    }

    func removeTraces() async {
        _ = try? await inspect("drop")
        _ = try? await RedisShell(services.redis).run(
            "EVAL", "for _,k in ipairs(redis.call('KEYS', '*' .. ARGV[1] .. '*')) do redis.call('DEL', k) end", "0",
            keyPrefix)
    }

    private func inspect(_ action: String) async throws -> [UInt8] {
        let outcome = try await ChildProcess.run(
            ProcessCommand(
                Checkout.deps + "/venv/bin/python",
                [
                    Checkout.script("cluster_contents.py"), action, services.mongodb, database, services.s3, bucket,
                    services.s3AccessKey, services.s3SecretKey, services.s3Region,
                ], output: .keepHead(limit: 64 << 20)), timeLimit: .seconds(30))
        guard outcome.exit.code == 0 else {
            throw RigFailure(description: "the services' contents cannot be read: \(outcome.errorTail())")
        }
        return outcome.output
    }
}
