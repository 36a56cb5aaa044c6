import ArgumentParser
import Foundation
import STTClient

struct StatsCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Shows how busy the server is.",
        discussion: """
            The counters of chunks committed, fenced and retried, and of engine restarts, start with the server or, where \
            workers are processes of their own, with each worker that lives; these are listed then. The methods are those \
            of the server that answers, since its start; only the tenant "default" sees them and the workers.

            Examples:
              stt-rpc stats
              watch -n 1 stt-rpc stats
              stt-rpc --json stats | jq .chunks_pending
            """)

    @OptionGroup var global: GlobalOptions

    func run(in session: Session) async throws {
        let stats = try await session.client.queueStats()
        if global.json { return try session.console.line(Self.json(stats)) }
        var table = Table(columns: [("WHAT", .left), ("VALUE", .right)])
        for count in stats.jobs { table.rows.append(["jobs \(count.state)", "\(count.jobs)"]) }
        table.rows += [
            ["chunks pending", "\(stats.chunksPending)"],
            ["chunks running", "\(stats.chunksRunning)"],
            ["audio pending", Format.position(milliseconds: stats.audioPendingMilliseconds)],
            [
                "oldest queued",
                stats.oldestQueuedAtMilliseconds == 0 ? "-" : Format.utc(stats.oldestQueuedAtMilliseconds),
            ],
            ["slots busy", "\(stats.slotsBusy) of \(stats.slotsTotal)"],
            ["chunks committed", "\(stats.chunksCommitted)"],
            ["chunks fenced", "\(stats.chunksFenced)"],
            ["chunks retried", "\(stats.chunksRetried)"],
            ["engine restarts", "\(stats.engineRestarts)"],
        ]
        for line in table.lines(bold: session.console.bold).dropFirst() { try session.console.line(line) }
        var tables: [Table] = []
        if !stats.methods.isEmpty { tables.append(Self.table(of: stats.methods)) }
        if !stats.workers.isEmpty { tables.append(Self.table(of: stats.workers)) }
        for table in tables {
            try session.console.line("")
            for line in table.lines(bold: session.console.bold) { try session.console.line(line) }
        }
    }

    private static func table(of methods: [MethodStats]) -> Table {
        var table = Table(columns: [
            ("METHOD", .left), ("CALLS", .right), ("ERRORS", .right), ("RUNNING", .right), ("P50 MS", .right),
            ("P99 MS", .right),
        ])
        table.rows = methods.map { method in
            [
                method.method.split(separator: "/").last.map(String.init) ?? method.method, "\(method.calls)",
                "\(method.errors)", "\(method.running)", milliseconds(method.p50Microseconds),
                milliseconds(method.p99Microseconds),
            ]
        }
        return table
    }

    private static func milliseconds(_ microseconds: Int) -> String {
        String(format: "%.2f", Double(microseconds) / 1000)
    }

    private static func json(_ method: MethodStats) -> JSON {
        .object([
            "method": .string(method.method), "calls": .int(method.calls), "errors": .int(method.errors),
            "running": .int(method.running), "p50_us": .int(method.p50Microseconds),
            "p99_us": .int(method.p99Microseconds),
        ])
    }

    private static func table(of workers: [WorkerInfo]) -> Table {
        var table = Table(columns: [
            ("WORKER", .left), ("HOST", .left), ("PID", .right), ("SLOTS", .right), ("MODEL", .left),
            ("VERSION", .left), ("STATE", .left),
        ])
        table.rows = workers.map { worker in
            let state = worker.engineTrouble.isEmpty ? "" : "engine: \(worker.engineTrouble)"
            return [
                worker.id, worker.host, "\(worker.pid)", "\(worker.slotsBusy)/\(worker.slotsTotal)", worker.model,
                worker.version, worker.draining ? "draining" + (state.isEmpty ? "" : ", " + state) : state,
            ]
        }
        return table
    }

    private static func json(_ worker: WorkerInfo) -> JSON {
        .object([
            "id": .string(worker.id), "host": .string(worker.host), "pid": .int(worker.pid),
            "slots_total": .int(worker.slotsTotal), "slots_busy": .int(worker.slotsBusy),
            "model": .string(worker.model),
            "engine_trouble": worker.engineTrouble.isEmpty ? nil : .string(worker.engineTrouble),
            "draining": .bool(worker.draining), "version": .string(worker.version),
        ])
    }

    private static func json(_ stats: QueueStatsReply) -> JSON {
        .object([
            "type": .string("stats"),
            "jobs": .object(stats.jobs.map { JSON.Member(name: "\($0.state)", value: .int($0.jobs)) }),
            "chunks_pending": .int(stats.chunksPending),
            "chunks_running": .int(stats.chunksRunning),
            "audio_pending": .seconds(milliseconds: stats.audioPendingMilliseconds),
            "oldest_queued_at": JSON.time(stats.oldestQueuedAtMilliseconds),
            "slots_total": .int(stats.slotsTotal),
            "slots_busy": .int(stats.slotsBusy),
            "chunks_committed": .int(stats.chunksCommitted),
            "chunks_fenced": .int(stats.chunksFenced),
            "chunks_retried": .int(stats.chunksRetried),
            "engine_restarts": .int(stats.engineRestarts),
            "methods": stats.methods.isEmpty ? nil : .array(stats.methods.map { json($0) }),
            "workers": stats.workers.isEmpty ? nil : .array(stats.workers.map { json($0) }),
        ])
    }
}
