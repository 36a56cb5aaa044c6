import ArgumentParser
import Foundation
import STTCore

/// What the job engine costs: chunks whose engine only sleeps, so that everything above the sleep is orchestration.
@main
struct OrchestrationBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orchestration-benchmark",
        discussion: """
            Efficiency is the ideal time (chunks x milliseconds / slots) over the time from the first chunk's entry in the \
            queue to the last commit. The cluster's parts are those of STT_TEST_MONGODB_URL, STT_TEST_REDIS_URL and \
            STT_TEST_S3_ENDPOINT.
            """)

    enum Parts: String, ExpressibleByArgument, CaseIterable {
        /// SQLite, the in-process queue and files.
        case standalone
        /// MongoDB and Redis, with samples in files.
        case clusterWithFiles = "cluster-with-files"
        /// MongoDB, Redis and S3.
        case cluster
    }

    @Option(help: "Chunks of the job.") var chunks = 1000
    @Option(help: "How long the engine sleeps for each.") var milliseconds = 100
    @Option(help: "Engines at once.") var slots = 16
    @Option(help: "Connections to MongoDB at most.") var databaseConnections = 4
    @Option(help: "Which adapters.") var parts = Parts.standalone

    func run() async throws {
        let adapters = try await Adapters(parts, databaseConnections: databaseConnections)
        do {
            let bench = Bench(adapters: adapters, slots: slots, sleep: .milliseconds(milliseconds))
            try await report(bench.run(chunks: chunks))
        } catch {
            try await adapters.remove()
            throw error
        }
        try await adapters.remove()
    }

    private func report(_ figures: Bench.Figures) {
        let ideal = Double(chunks * milliseconds) / Double(slots) / 1000
        let actual = Double(figures.elapsed.components.seconds) + Double(figures.elapsed.components.attoseconds) * 1e-18
        let trips = figures.roundTripsPerChunk.map { String(format: ", %.2f database round trips a chunk", $0) } ?? ""
        print(
            String(
                format: "%@: %d chunks of %d ms over %d slots: ideal %.2f s, actual %.2f s, efficiency %.1f %%%@",
                parts.rawValue, chunks, milliseconds, slots, ideal, actual, 100 * ideal / actual, trips))
    }
}
