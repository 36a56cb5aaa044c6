import Logging
import STTCore
import Synchronization
import Testing

@testable import STTService

@Suite("Worker directory", .timeLimit(.minutes(5)))
struct WorkerDirectoryTests {
    @Test("sums over the workers that live, reading once for all who ask")
    func activity() async throws {
        let registry = ScriptedRegistry([report("b", slots: 2, busy: 1), report("a", slots: 3)])
        let directory = WorkerDirectory(registry: registry, logger: silent)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    let activity = await directory.activity()
                    #expect(activity.slotsTotal == 5 && activity.slotsBusy == 1)
                    #expect(activity.workers.map(\.id) == ["a", "b"])
                }
            }
        }
        #expect(registry.reads == 1)
    }

    @Test("refuses what no worker's model can do, and nothing while no worker is known")
    func refusal() async throws {
        let german = TranscriptionOptions(language: "de")
        let english = WorkerDirectory(registry: ScriptedRegistry([report("a")]), logger: silent)
        #expect(await english.refusal(of: german)?.code == "engine.englishOnly")
        #expect(await english.refusal(of: TranscriptionOptions(translate: true))?.code == "engine.englishOnly")
        #expect(await english.refusal(of: TranscriptionOptions(language: "en")) == nil)
        let mixed = WorkerDirectory(
            registry: ScriptedRegistry([report("a"), report("b", isMultilingual: true)]), logger: silent)
        #expect(await mixed.refusal(of: german) == nil)
        #expect(await WorkerDirectory(registry: ScriptedRegistry([]), logger: silent).refusal(of: german) == nil)
        let down = WorkerDirectory(registry: ScriptedRegistry(nil), logger: silent, knowsLanguage: { $0 != "xx" })
        #expect(await down.refusal(of: german) == nil)
        #expect(await down.refusal(of: TranscriptionOptions(language: "xx"))?.code == "engine.unknownLanguage")
    }

    @Test("refuses a model that no worker has, and a language that it does not know")
    func models() async throws {
        var first = report("a")
        first.models = [.init(name: "tiny.en", isMultilingual: false)]
        var second = report("b", isMultilingual: true)
        second.models = [.init(name: "base", isMultilingual: true)]
        let directory = WorkerDirectory(registry: ScriptedRegistry([first, second]), logger: silent)
        let unknown = await directory.refusal(of: TranscriptionOptions(model: "huge"))
        #expect(unknown?.code == "engine.unknownModel")
        #expect(unknown?.message == "no worker has a model \"huge\"; there are: base, tiny.en")
        #expect(await directory.refusal(of: TranscriptionOptions(language: "de", model: "base")) == nil)
        let german = TranscriptionOptions(language: "de", model: "tiny.en")
        #expect(await directory.refusal(of: german)?.code == "engine.englishOnly")
        let silentOnes = WorkerDirectory(registry: ScriptedRegistry([first, report("c")]), logger: silent)
        #expect(await silentOnes.refusal(of: TranscriptionOptions(model: "huge")) == nil)
    }

    @Test("health says who works, and that jobs wait where nobody does")
    func state() async throws {
        func state(_ reports: [WorkerReport]?) async -> DependencyState {
            await WorkerDirectory(registry: ScriptedRegistry(reports), logger: silent).state()
        }
        #expect(await state([report("a", slots: 2), report("b", slots: 1)]).message == "2 with 3 slots")
        let none = await state([])
        #expect(!none.isWorking && none.message.contains("jobs wait"))
        var draining = report("a")
        draining.isDraining = true
        #expect(await !state([draining]).isWorking)
        var troubled = report("a")
        troubled.engineTrouble = "no model"
        #expect(await !state([troubled]).isWorking)
        #expect(await state([troubled, report("b")]).isWorking)
        #expect(await state([troubled, report("b")]).message.contains("no model"))
        #expect(await !state(nil).isWorking)
    }

    private let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func report(_ id: String, slots: Int = 1, busy: Int = 0, isMultilingual: Bool = false) -> WorkerReport {
        WorkerReport(
            id: id, host: "h", pid: 1, version: "1", startedAt: Timestamp(millisecondsSinceEpoch: 0),
            slotsTotal: slots, slotsBusy: busy, engine: "e", model: "m", isMultilingual: isMultilingual)
    }
}

private final class ScriptedRegistry: WorkerRegistry {
    private let script: [WorkerReport]?
    private let count = Mutex(0)

    var reads: Int { count.withLock { $0 } }

    /// - Parameter reports: `nil`: it does not answer.
    init(_ reports: [WorkerReport]?) { script = reports }

    func report(_ report: WorkerReport, lifetime: Duration) async throws(PortError) {}
    func remove(_ id: String) async throws(PortError) {}

    func reports() async throws(PortError) -> [WorkerReport] {
        count.withLock { $0 += 1 }
        guard let script else { throw PortError(.unavailable, port: "worker registry", "away") }
        return script
    }
}
