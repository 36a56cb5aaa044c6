import RPCWire
import STTCore

/// Reads the audio of a job from where the client said that it is.
struct AudioImport: Sendable {
    let context: ServiceContext

    private static let pieceBytes = 1 << 20

    /// - Throws: What the ports and the intake throw; `CancellationError` where the call ends meanwhile.
    func run(_ origin: AudioOrigin, into intake: AudioIntake) async throws {
        switch origin {
        case .upload: return
        case .url(let url): try await fetch(url, into: intake)
        case .object(let key): try await copy(key, into: intake)
        }
        try Task.checkCancellation()
    }

    private func fetch(_ url: String, into intake: AudioIntake) async throws {
        guard let fetcher = context.fetcher else {
            throw RPCError(.failedPrecondition, "this server does not fetch URLs; send the audio itself")
        }
        let audio = try await fetcher.fetch(url, maximumBytes: context.limits.maximumAudioBytes) { bytes in
            try Task.checkCancellation()
            try await intake.append(bytes)
        }
        await intake.name(audio.filename)
    }

    private func copy(_ key: ObjectKey, into intake: AudioIntake) async throws {
        guard let size = try await context.objects.size(of: key) else { throw Self.missing(key) }
        try AudioIntake.check(size, limits: context.limits)
        for start in stride(from: 0, to: size, by: Self.pieceBytes) {
            try Task.checkCancellation()
            try await intake.append(try await read(key, start..<min(start + Self.pieceBytes, size)))
        }
        guard try await context.objects.size(of: key) == size else { throw Self.changed(key) }
        await intake.name(key.description)
    }

    private func read(_ key: ObjectKey, _ range: Range<Int>) async throws -> [UInt8] {
        do throws(PortError) {
            return try await context.objects.read(key, range: range)
        } catch {
            switch error.code {
            case .notFound: throw Self.missing(key)
            case .invalidArgument: throw Self.changed(key)
            default: throw error
            }
        }
    }

    private static func missing(_ key: ObjectKey) -> RPCError {
        RPCError(.notFound, "there is no object \(key) in the server's object store")
    }

    private static func changed(_ key: ObjectKey) -> RPCError {
        RPCError(.aborted, "the object \(key) changed while it was read; submit again")
    }
}
