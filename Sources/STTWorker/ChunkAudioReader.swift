import Logging
import STTCore

/// Reads a chunk's audio from the object store.
struct ChunkAudioReader: Sendable {
    let ports: WorkerPorts

    /// - Throws: `corrupt` where what is stored is not the audio of this chunk.
    func read(_ chunk: Chunk, logger: Logger) async throws -> ChunkAudio {
        let key = ObjectKey.samples(of: chunk.job, chunk: chunk.index)
        let bytes = try await ports.patience(logger)("reading samples") { try await ports.objects.read(key) }
        guard let audio = ChunkAudio(bytes: bytes), audio.pieces.first?.lowerBound == chunk.span.startSample,
            audio.pieces.last?.upperBound == chunk.span.endSample
        else {
            throw PortError(
                .corrupt, port: "object store",
                "\(key) has \(bytes.count) bytes that are not the audio of this chunk; submit the recording again")
        }
        return audio
    }
}
