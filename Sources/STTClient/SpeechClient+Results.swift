internal import RPCClient
public import STTProto

extension SpeechClient {
    /// The pieces of a job's transcript as they are made, until the job ends.
    ///
    /// Every partial comes exactly once, also when the connection breaks or the server restarts meanwhile. The last
    /// event is a status with a terminal state.
    ///
    /// - Parameters:
    ///   - fromChunk: The first chunk that is wanted, from 0.
    ///   - order: `.inOrder`, or `.asReady` to get each chunk as soon as it is there.
    public func streamResult(
        _ job: String, fromChunk: Int = 0, order: DeliveryOrder = .inOrder
    ) -> ServerSequence<ResultEvent> {
        ServerSequence { handoff in
            var cursor = StreamCursor(job: job, fromChunk: fromChunk, order: order)
            var schedule = self.schedule(patience: self.configuration.streamRetryFor)
            while try await !self.follow(&cursor, &schedule, into: handoff) {}
        }
    }

    /// Reads one call's events.
    ///
    /// - Returns: Whether the job has ended.
    private func follow(
        _ cursor: inout StreamCursor, _ schedule: inout RetrySchedule, into handoff: Handoff<ResultEvent>
    ) async throws -> Bool {
        do {
            let hasEnded = try await rpc.serverStreaming(
                SpeechMethod.streamResult, cursor.request, receiving: StreamResultReply.self
            ) { replies in
                for try await reply in replies {
                    markReached()
                    schedule.progressed()
                    switch try cursor.take(reply) {
                    case .skip: continue
                    case .deliver(let event): try await handoff.send(event)
                    case .finish(let event):
                        try await handoff.send(event)
                        return true
                    }
                }
                return false
            }
            if hasEnded { return true }
            throw RPCError(.unavailable, "the server ended the stream before the job's end")
        } catch let error as RPCError {
            markReached(by: error)
            try await wait(after: error, &schedule)
            return false
        }
    }

    /// Waits for a job's end.
    ///
    /// - Returns: The job in its terminal state: completed, failed or cancelled.
    /// - Throws: ``SpeechError`` where the server cannot tell. That the job failed is not an error here.
    public func wait(for job: String) async throws(SpeechError) -> JobStatus {
        let now = try await status(job)
        if now.state.isTerminal { return now }
        do {
            for try await event in streamResult(job, fromChunk: now.chunksDone) {
                if case .status(let status) = event, status.state.isTerminal { return status }
            }
        } catch {
            throw SpeechError(any: error)
        }
        throw SpeechError(.cancelled, "cancelled")
    }

    /// The transcript of a completed job, rendered, in pieces.
    ///
    /// A broken connection is made good without a byte missing or twice.
    ///
    /// - Parameter layout: Of subtitles. `nil`: the server's default.
    public func result(
        _ job: String, format: ResultFormat, layout: SubtitleLayout? = nil
    ) -> ServerSequence<[UInt8]> {
        let request = GetResultRequest(jobID: job, format: format, layout: layout)
        return ServerSequence { handoff in
            var schedule = self.schedule(patience: self.configuration.retryFor)
            var delivered = 0
            while true {
                do {
                    try await self.readResult(request, &delivered, &schedule, into: handoff)
                    return
                } catch let error as RPCError {
                    self.markReached(by: error)
                    try await self.wait(after: error, &schedule)
                }
            }
        }
    }

    private func readResult(
        _ request: GetResultRequest, _ delivered: inout Int, _ schedule: inout RetrySchedule,
        into handoff: Handoff<[UInt8]>
    ) async throws {
        // A result never changes, so a second reading starts with the bytes of the first.
        var skip = delivered
        try await rpc.serverStreaming(
            SpeechMethod.getResult, request, receiving: GetResultReply.self
        ) { replies in
            for try await reply in replies {
                markReached()
                schedule.progressed()
                let fresh = skip == 0 ? reply.data : Array(reply.data.dropFirst(skip))
                skip -= reply.data.count - fresh.count
                guard !fresh.isEmpty else { continue }
                delivered += fresh.count
                try await handoff.send(fresh)
            }
        }
    }

    /// The whole rendered transcript of a completed job as text.
    ///
    /// - Throws: ``SpeechError``; ``SpeechError/Code/notReady`` where the job has no result.
    public func resultText(
        _ job: String, format: ResultFormat = .txt, layout: SubtitleLayout? = nil
    ) async throws(SpeechError) -> String {
        var bytes: [UInt8] = []
        do {
            for try await piece in result(job, format: format, layout: layout) { bytes += piece }
        } catch {
            throw SpeechError(any: error)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
