import Logging
import RPCServer
import STTCore
import STTProto

extension SpeechService {
    func streamResult(
        _ request: StreamResultRequest, _ replies: OutboundMessages<StreamResultReply>, _ call: CallContext
    ) async throws {
        let job = try await reading(request.jobID, call).job
        let order: ResultFeed.Order =
            switch request.order {
            case .inOrder: .inOrder
            case .asReady: .asReady
            case .unrecognized: throw RPCError(.invalidArgument, "this server delivers in order or as ready only")
            }
        let feed = ResultFeed(
            store: context.store, watches: watches, job: job.id, known: job, firstChunk: request.fromChunk,
            order: order)
        try await feed.run { event in try await replies.send(encoded: event.encoded) }
    }

    func getResult(
        _ request: GetResultRequest, _ replies: OutboundMessages<GetResultReply>, _ call: CallContext
    ) async throws {
        guard let format = TranscriptFormat(request.format) else {
            throw RPCError(.invalidArgument, "the result format must be json, txt, srt, vtt, tsv or lrc")
        }
        let layout = try OptionsValidation.layout(from: request.layout)
        let asOf = readings.instant
        let job = try await job(request.jobID, call)
        readings.noticed(job, asOf: asOf)
        guard let result = job.result else { throw withoutResult(job) }
        do {
            var renderer = StoredTranscriptRenderer(format, layout: layout)
            while renderer.needsAnotherPass {
                for start in stride(from: 0, to: result.byteCount, by: Self.pieceBytes) {
                    let range = start..<min(start + Self.pieceBytes, result.byteCount)
                    let bytes = try renderer.push(try await context.objects.read(result.key, range: range))
                    if !bytes.isEmpty { try await replies.send(GetResultReply(data: bytes)) }
                }
                let bytes = try renderer.endPass()
                if !bytes.isEmpty { try await replies.send(GetResultReply(data: bytes)) }
            }
        } catch let error as TranscriptError {
            context.logger.error(
                "stored transcript cannot be read", metadata: ["job": "\(job.id)", "error": "\(error)"])
            throw RPCError(.dataLoss, "the stored transcript of job \(job.id) is damaged; submit the audio again")
        }
    }

    /// How much of the stored transcript is read at once.
    private static let pieceBytes = 128 << 10

    private func withoutResult(_ job: Job) -> RPCError {
        switch job.state {
        case .queued, .preparing, .transcribing, .merging:
            RPCError(
                .failedPrecondition, "job \(job.id) is \(job.state.rawValue); its result is there once it is completed",
                retryAfter: .seconds(1))
        case .failed:
            RPCError(
                .failedPrecondition,
                "job \(job.id) failed and has no result: \(job.failure?.message ?? "unknown reason")")
        case .cancelled:
            RPCError(.failedPrecondition, "job \(job.id) was cancelled and has no result")
        case .completed:
            RPCError(.dataLoss, "the result of job \(job.id) is missing; submit the audio again")
        }
    }
}
