import STTCore

/// An object store whose calls are waited for up to a limit only. Lending a file is not limited: it takes as long as
/// the file is used.
///
/// Concurrency: none of its own.
struct BoundedObjectStore: ObjectStore {
    let base: any ObjectStore
    let limit: CallLimit
    let time: WorkerTime

    /// For what takes longer the more there is.
    private var bulkLimit: CallLimit {
        CallLimit(time: limit.time.map { $0 * 4 }, afterCancellation: limit.afterCancellation)
    }

    func writer(for key: ObjectKey) async throws(PortError) -> any ObjectWriter {
        let (limit, time) = (bulkLimit, time)
        return try await limited { [base] () async throws(PortError) in
            BoundedObjectWriter(base: try await base.writer(for: key), limit: limit, time: time)
        }
    }

    func read(_ key: ObjectKey, range: Range<Int>?) async throws(PortError) -> [UInt8] {
        try await limited { [base] () async throws(PortError) in try await base.read(key, range: range) }
    }

    func size(of key: ObjectKey) async throws(PortError) -> Int? {
        try await limited { [base] () async throws(PortError) in try await base.size(of: key) }
    }

    func withLocalFile<Result: Sendable>(
        _ key: ObjectKey, _ body: @Sendable (_ path: String) async throws -> Result
    ) async throws -> Result {
        try await base.withLocalFile(key, body)
    }

    func delete(_ key: ObjectKey) async throws(PortError) {
        try await limited { [base] () async throws(PortError) in try await base.delete(key) }
    }

    func deleteAll(below key: ObjectKey) async throws(PortError) {
        try await limited(by: bulkLimit) { [base] () async throws(PortError) in try await base.deleteAll(below: key) }
    }

    func keys(below key: ObjectKey) async throws(PortError) -> [ObjectKey] {
        try await limited(by: bulkLimit) { [base] () async throws(PortError) in try await base.keys(below: key) }
    }

    func names(below key: ObjectKey, after name: String?, limit count: Int) async throws(PortError) -> [String] {
        try await limited { [base] () async throws(PortError) in
            try await base.names(below: key, after: name, limit: count)
        }
    }

    func removeUnfinished(olderThan age: Duration) async throws(PortError) -> Int {
        try await limited(by: bulkLimit) { [base] () async throws(PortError) in
            try await base.removeUnfinished(olderThan: age)
        }
    }

    private func limited<Value: Sendable>(
        by own: CallLimit? = nil, _ call: @escaping @Sendable () async throws(PortError) -> Value
    ) async throws(PortError) -> Value {
        try await bounded(by: own ?? limit, "object store", time: time, call)
    }
}

private struct BoundedObjectWriter: ObjectWriter {
    let base: any ObjectWriter
    let limit: CallLimit
    let time: WorkerTime

    func write(_ bytes: [UInt8]) async throws(PortError) {
        try await bounded(by: limit, "object store", time: time) { [base] () async throws(PortError) in
            try await base.write(bytes)
        }
    }

    func finish() async throws(PortError) -> Int {
        try await bounded(by: limit, "object store", time: time) { [base] () async throws(PortError) in
            try await base.finish()
        }
    }

    func abort() async {
        do throws(PortError) {
            try await bounded(by: limit, "object store", time: time) { [base] () async throws(PortError) in
                await base.abort()
            }
        } catch {
            // What is left of it is collected with other unfinished objects.
        }
    }
}
