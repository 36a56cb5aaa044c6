import Foundation
import STTCore
import STTEmbedded
import STTTestKit
import Synchronization

@testable import STTService

/// A store whose readings of jobs are counted, held up and failed.
///
/// Concurrency: atomics, and a gate.
final class ReadingsFixture: Sendable {
    let store: SQLiteJobStore
    /// Readings so far.
    let reads = Atomic<Int>(0)
    let fails = Atomic<Bool>(false)
    /// Where readings wait, after they were made, while `isHeld`.
    let gate = Gate()
    let isHeld = Atomic<Bool>(false)
    private let folder: DataFolder
    private let origin = ContinuousClock.now

    init() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "stt-readings-\(UUID().uuidString)").path
        folder = try DataFolder(path: path)
        store = try SQLiteJobStore(folder: folder)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder.path)
    }

    /// - Parameter clock: `nil`: the real one.
    func readings(_ clock: ManualClock? = nil) -> JobReadings {
        guard let clock else { return JobReadings { id async throws(PortError) in try await self.read(id) } }
        let origin = origin
        return JobReadings(
            now: { origin + clock.now.offset }, sleep: { try await clock.sleep(for: $0) },
            read: { id async throws(PortError) in try await self.read(id) })
    }

    private func read(_ id: JobID) async throws(PortError) -> Job? {
        reads.wrappingAdd(1, ordering: .relaxed)
        let failure = fails.load(ordering: .relaxed) ? PortError(.unavailable, port: "job store", "away") : nil
        let job = try await store.job(id, tenant: nil)
        if isHeld.load(ordering: .relaxed) { await gate.wait() }
        if let failure { throw failure }
        return job
    }

    func insert() async throws -> JobID {
        let id = JobID(at: SystemWallClock().now)
        let audio = StoredAudio(key: .audio(of: id), byteCount: 1, sha256: "0", filename: "f")
        _ = try await store.insert(
            Job(id: id, tenant: .default, options: .init(), audio: audio, createdAt: SystemWallClock().now))
        return id
    }

    func cancel(_ id: JobID) async throws -> Job {
        switch try await store.cancel(id, tenant: nil, expiresAt: SystemWallClock().now) {
        case .cancelled(let job), .alreadyEnded(let job): return job
        case .notFound: throw PortError(.notFound, port: "job store", "no job")
        }
    }
}
