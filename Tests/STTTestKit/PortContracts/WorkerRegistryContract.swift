public import STTCore
import Testing

/// A worker registry under test, empty at first.
public protocol WorkerRegistryFixture: Sendable {
    var registry: any WorkerRegistry { get }
    /// Lifetimes are small multiples of it.
    var unit: Duration { get }
    /// Turns the clock on, or waits.
    func advance(by duration: Duration) async throws
}

/// What every worker registry does.
public enum WorkerRegistryContract {
    public typealias Rule = ContractRule<any WorkerRegistryFixture>

    private static func report(_ id: String) -> WorkerReport {
        WorkerReport(
            id: id, host: "host", pid: 7, version: "1", startedAt: Timestamp(millisecondsSinceEpoch: 5), slotsTotal: 2,
            engine: "test", model: "tiny", isMultilingual: true, engineTrouble: "$none \"é\"")
    }

    public static var rules: [Rule] {
        [
            Rule("a worker is known by its last report") { fixture in
                #expect(try await fixture.registry.reports() == [])
                var report = report("a")
                try await fixture.registry.report(report, lifetime: .seconds(600))
                report.slotsBusy = 2
                report.engineTrouble = nil
                try await fixture.registry.report(report, lifetime: .seconds(600))
                #expect(try await fixture.registry.reports() == [report])
            },
            Rule("all workers that live are known") { fixture in
                let reports = ["a", "b", "c"].map { Self.report($0) }
                _ = try await concurrently(reports) {
                    try await fixture.registry.report($0, lifetime: .seconds(600))
                }
                #expect(Set(try await fixture.registry.reports()) == Set(reports))
            },
            Rule("a worker that reports no more is forgotten") { fixture in
                try await fixture.registry.report(report("gone"), lifetime: fixture.unit * 5)
                try await fixture.registry.report(report("here"), lifetime: .seconds(600))
                try await fixture.advance(by: fixture.unit * 6)
                #expect(try await fixture.registry.reports().map(\.id) == ["here"])
                try await fixture.registry.report(report("gone"), lifetime: .seconds(600))
                #expect(try await fixture.registry.reports().count == 2)
            },
            Rule("a worker that ends is forgotten at once") { fixture in
                try await fixture.registry.report(report("a"), lifetime: .seconds(600))
                try await fixture.registry.report(report("b"), lifetime: .seconds(600))
                try await fixture.registry.remove("a")
                try await fixture.registry.remove("a")
                #expect(try await fixture.registry.reports().map(\.id) == ["b"])
            },
        ]
    }
}
