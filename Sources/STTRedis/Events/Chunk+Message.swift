internal import STTCore
internal import STTProto

// The lease and the time not to be claimed before stay in the store: they mean nothing to a stream.
extension EventChunk {
    init(_ chunk: Chunk) {
        self.init(
            index: chunk.index, startSample: chunk.span.startSample, endSample: chunk.span.endSample,
            leadInSamples: chunk.span.leadInSamples, endsInForcedCut: chunk.span.endsInForcedCut,
            state: State(chunk.state), attempts: chunk.attempts, claims: chunk.claims, releases: chunk.releases,
            result: chunk.result.map { EventResult($0) }, lastFailure: chunk.lastFailure.map { EventFailure($0) },
            checkpoint: chunk.span.checkpoint ?? "")
    }
}

extension EventChunk.State {
    init(_ state: Chunk.State) {
        self =
            switch state {
            case .pending: .pending
            case .running: .running
            case .done: .done
            case .cancelled: .cancelled
            }
    }
}

extension EventFailure {
    init(_ failure: JobFailure) {
        self.init(code: failure.code, message: failure.message)
    }
}

extension Chunk {
    init(_ message: EventChunk, job: JobID) throws(EventCodec.Unreadable) {
        let span = ChunkSpan(
            index: message.index, startSample: try EventCodec.position(message.startSample),
            endSample: try EventCodec.position(message.endSample),
            leadInSamples: try EventCodec.position(message.leadInSamples), endsInForcedCut: message.endsInForcedCut,
            checkpoint: message.checkpoint.isEmpty ? nil : message.checkpoint)
        guard span.startSample <= span.endSample, span.leadInSamples <= span.endSample - span.startSample else {
            throw EventCodec.Unreadable()
        }
        self.init(job: job, span: span)
        state =
            switch message.state {
            case .pending: .pending
            case .running: .running
            case .done: .done
            case .cancelled: .cancelled
            case .unspecified: throw EventCodec.Unreadable()
            }
        attempts = message.attempts
        claims = message.claims
        releases = message.releases
        if let result = message.result { self.result = try ChunkResult(result) }
        lastFailure = message.lastFailure.map { JobFailure($0) }
    }
}

extension JobFailure {
    init(_ message: EventFailure) {
        self.init(code: message.code, message: message.message)
    }
}
