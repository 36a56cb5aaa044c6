import Logging
import STTCore
import Synchronization

/// Finds what a chunk goes on with from the ones before it: the language that was detected, and where the job carries
/// its prompt the end of the text.
///
/// While an earlier chunk is being worked on, this waits for it. Where one waits for a slot itself, the chunk has to be
/// given back, or all slots could be taken by chunks that wait. In all a chunk waits for a limited time.
///
/// Concurrency: any task; a mutex protects the table of waits.
final class EarlierChunks: Sendable {
    struct Inheritance: Sendable {
        var language: String?
        var segments: [TranscriptSegment] = []
        var characters = 0

        /// The end of what was said before, on the same channel.
        func text(channel: Int?) -> String? {
            CarriedText.end(of: segments.filter { $0.channel == channel }, characters: characters)
        }
    }

    private struct Key: Hashable {
        var job: JobID
        var index: Int
    }

    /// Chunks are claimed in the order of their index or nearly so; what lies further back is done.
    private static let reach = 16
    /// A wait that nobody came back to is forgotten when there are more than this many.
    private static let longestTable = 4_096

    private let ports: WorkerPorts
    private let policy: DecodingPolicy
    private let isMultilingual: @Sendable (_ model: String?) -> Bool
    private let waits = Mutex<[Key: Duration]>([:])

    init(ports: WorkerPorts, policy: DecodingPolicy, engines: any EngineFactory) {
        self.ports = ports
        self.policy = policy
        // A model that takes another language than English can detect which one is spoken.
        isMultilingual = { engines.refusal(of: TranscriptionOptions(language: "de", model: $0)) == nil }
    }

    /// - Throws: ``ChunkMustWait`` where the chunk has to be given back for now.
    func inheritance(of claim: ClaimedChunk, logger: Logger) async throws -> Inheritance {
        var result = Inheritance(
            language: claim.language ?? claim.options.language, characters: policy.carriedCharacters)
        let needsLanguage = result.language == nil && isMultilingual(claim.options.model)
        let needsText = claim.options.carriesPrompt
        guard claim.chunk.index > 0, needsLanguage || needsText else { return result }
        let key = Key(job: claim.chunk.job, index: claim.chunk.index)
        let end = begin(key) + policy.predecessorWait
        while true {
            let chunks = try await before(claim.chunk, count: needsLanguage ? Self.reach : 1, logger: logger)
            if needsLanguage { result.language = chunks.lazy.compactMap { $0.result?.language }.first }
            if needsText { result.segments = carried(from: chunks.last) }
            let isLanguageKnown = !needsLanguage || Self.isFirstLanguageKnown(chunks)
            let isTextKnown = !needsText || chunks.last?.isOver ?? true
            if isLanguageKnown && isTextKnown { break }
            if ports.time.now >= end {
                logger.info("earlier chunks take too long, going on without them")
                break
            }
            let awaited = isLanguageKnown ? chunks.suffix(1) : chunks.filter { !$0.isInTrouble }[...]
            if awaited.contains(where: { !$0.isOver && !$0.isLeased(at: ports.clock.now) }) {
                throw ChunkMustWait(delay: Self.delay(claim.chunk.releases))
            }
            try await ports.time.sleep(for: policy.predecessorPoll)
        }
        if needsLanguage, result.language == nil {
            result.language = try await ports.patience(logger)("reading the job") {
                try await ports.store.job(claim.chunk.job, tenant: nil)?.language
            }
        }
        waits.withLock { $0[key] = nil }
        return result
    }

    /// The first chunk with speech decides: one that has a language counts once all before it are done. One whose attempts
    /// fail holds up none of the others.
    private static func isFirstLanguageKnown(_ chunks: [Chunk]) -> Bool {
        for chunk in chunks where !chunk.isInTrouble {
            guard chunk.isOver else { return false }
            if chunk.result?.language != nil { return true }
        }
        return true
    }

    /// What a loop or a phantom said is not handed on.
    private func carried(from chunk: Chunk?) -> [TranscriptSegment] {
        guard let result = chunk?.result, result.gaps.isEmpty else { return [] }
        return result.segments.filter(\.flags.isEmpty)
    }

    private func before(_ chunk: Chunk, count: Int, logger: Logger) async throws -> [Chunk] {
        let first = max(0, chunk.index - count)
        return try await ports.patience(logger)("reading earlier chunks") {
            try await ports.store.chunks(of: chunk.job, from: first, limit: chunk.index - first)
        }
    }

    private func begin(_ key: Key) -> Duration {
        let now = ports.time.now
        return waits.withLock { waits in
            if let start = waits[key] { return start }
            if waits.count >= Self.longestTable {
                waits = waits.filter { now - $0.value < policy.predecessorWait }
            }
            waits[key] = now
            return now
        }
    }

    /// Longer each time, so that the chunks of a long recording do not go round and round.
    private static func delay(_ releases: Int) -> Duration {
        min(.milliseconds(200) * (releases + 1), .seconds(2))
    }
}

/// The chunk cannot be worked on before an earlier one, and that one needs a slot.
struct ChunkMustWait: Error {
    /// Not to be claimed again before.
    let delay: Duration
}

extension Chunk {
    fileprivate var isOver: Bool { state == .done || state == .cancelled }

    /// An attempt has failed, and another may as well.
    fileprivate var isInTrouble: Bool { !isOver && lastFailure != nil }

    fileprivate func isLeased(at now: Timestamp) -> Bool {
        state == .running && lease.map { $0.until > now } ?? false
    }
}
