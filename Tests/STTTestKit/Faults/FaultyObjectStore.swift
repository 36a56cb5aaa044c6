public import STTCore

/// An object store whose calls fail as a plan says. Its writers ask the plan too, as "writer.write" and "writer.finish".
///
/// Concurrency: none of its own.
public struct FaultyObjectStore: ObjectStore {
    private let base: any ObjectStore
    private let plan: FaultPlan

    /// - Parameters:
    ///   - base: Carries the calls out.
    ///   - plan: Sees each call first.
    public init(_ base: any ObjectStore, plan: FaultPlan) {
        self.base = base
        self.plan = plan
    }

    public func writer(for key: ObjectKey) async throws(PortError) -> any ObjectWriter {
        try await plan.perform("writer") { () async throws(PortError) in
            FaultyObjectWriter(base: try await base.writer(for: key), plan: plan)
        }
    }

    public func read(_ key: ObjectKey, range: Range<Int>?) async throws(PortError) -> [UInt8] {
        try await plan.perform("read") { () async throws(PortError) in try await base.read(key, range: range) }
    }

    public func size(of key: ObjectKey) async throws(PortError) -> Int? {
        try await plan.perform("size") { () async throws(PortError) in try await base.size(of: key) }
    }

    public func withLocalFile<Result: Sendable>(
        _ key: ObjectKey, _ body: @Sendable (_ path: String) async throws -> Result
    ) async throws -> Result {
        try await plan.perform("withLocalFile", dropped: ()) {}
        return try await base.withLocalFile(key, body)
    }

    public func delete(_ key: ObjectKey) async throws(PortError) {
        try await plan.perform("delete", dropped: ()) { () async throws(PortError) in try await base.delete(key) }
    }

    public func deleteAll(below key: ObjectKey) async throws(PortError) {
        try await plan.perform("deleteAll", dropped: ()) { () async throws(PortError) in
            try await base.deleteAll(below: key)
        }
    }

    public func keys(below key: ObjectKey) async throws(PortError) -> [ObjectKey] {
        try await plan.perform("keys") { () async throws(PortError) in try await base.keys(below: key) }
    }

    public func names(
        below key: ObjectKey, after name: String?, limit: Int
    ) async throws(PortError) -> [String] {
        try await plan.perform("names") { () async throws(PortError) in
            try await base.names(below: key, after: name, limit: limit)
        }
    }

    public func removeUnfinished(olderThan age: Duration) async throws(PortError) -> Int {
        try await plan.perform("removeUnfinished") { () async throws(PortError) in
            try await base.removeUnfinished(olderThan: age)
        }
    }
}

private struct FaultyObjectWriter: ObjectWriter {
    let base: any ObjectWriter
    let plan: FaultPlan

    func write(_ bytes: [UInt8]) async throws(PortError) {
        try await plan.perform("writer.write", dropped: ()) { () async throws(PortError) in try await base.write(bytes)
        }
    }

    func finish() async throws(PortError) -> Int {
        try await plan.perform("writer.finish") { () async throws(PortError) in try await base.finish() }
    }

    func abort() async { await base.abort() }
}
