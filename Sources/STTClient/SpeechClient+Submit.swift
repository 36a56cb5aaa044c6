internal import RPCClient
internal import STTProto

extension SpeechClient {
    /// Sends a recording and queues a job for it. Returns once the job is durable.
    ///
    /// A regular file is sent again from its start when the connection breaks; its idempotency key keeps that from
    /// making a second job. A pipe is sent once.
    ///
    /// - Parameters:
    ///   - path: The file; `-` is standard input.
    ///   - progress: Called after each piece. Must not block.
    /// - Throws: ``SpeechError``; ``SpeechError/Code/inputRefused`` where the file or its content is not acceptable.
    public func submit(
        file path: String, options: SubmissionOptions = .init(),
        progress: (@Sendable (UploadProgress) -> Void)? = nil
    ) async throws(SpeechError) -> Submission {
        try await submit(try FileSource(path: path), options, progress)
    }

    /// Sends a recording that is in memory: the bytes of an audio file, with its header.
    ///
    /// - Throws: ``SpeechError``.
    public func submit(
        bytes: [UInt8], options: SubmissionOptions = .init(), progress: (@Sendable (UploadProgress) -> Void)? = nil
    ) async throws(SpeechError) -> Submission {
        try await submit(BytesSource(bytes: bytes, filename: ""), options, progress)
    }

    /// Sends a recording while it is made: the bytes of an audio file in order, in pieces of any size.
    ///
    /// The sequence is read as fast as the server accepts its bytes, and only once: a broken connection is an error.
    ///
    /// - Parameter byteCount: All bytes together, where that is known, to be refused before they are sent.
    /// - Throws: ``SpeechError``; what the sequence throws is its cause.
    public func submit<Bytes: AsyncSequence & Sendable>(
        stream bytes: Bytes, byteCount: Int? = nil, options: SubmissionOptions = .init(),
        progress: (@Sendable (UploadProgress) -> Void)? = nil
    ) async throws(SpeechError) -> Submission where Bytes.Element == [UInt8] {
        try await submit(SequenceSource(bytes: bytes, filename: "", byteCount: byteCount), options, progress)
    }

    /// Queues a job for a recording that the server fetches. Returns once the job is durable.
    ///
    /// - Parameter url: http or https. What the server may fetch is its own matter.
    /// - Throws: ``SpeechError``; ``SpeechError/Code/notFound`` where there is nothing at the URL,
    ///   ``SpeechError/Code/unreachable`` where the server or what it fetches from does not answer.
    public func submit(url: String, options: SubmissionOptions = .init()) async throws(SpeechError) -> Submission {
        guard !url.isEmpty else { throw SpeechError(.invalidArgument, "the URL is empty") }
        return try await submit(NoBytes(), options, nil) { $0.url = url }
    }

    /// Queues a job for a recording in the server's object store, of which the job keeps a copy.
    ///
    /// - Parameter key: The object's key, below the server's import prefix.
    /// - Throws: ``SpeechError``; ``SpeechError/Code/notFound`` where there is no such object.
    public func submit(objectKey key: String, options: SubmissionOptions = .init()) async throws(SpeechError)
        -> Submission
    {
        guard !key.isEmpty else { throw SpeechError(.invalidArgument, "the object key is empty") }
        return try await submit(NoBytes(), options, nil) { $0.objectKey = key }
    }

    /// Looks at a file without connecting: whether it exists, can be read and is not empty.
    ///
    /// - Throws: ``SpeechError`` with ``SpeechError/Code/inputRefused``.
    public static func check(file path: String) throws(SpeechError) {
        _ = try FileSource(path: path)
    }

    func submit(
        _ source: some AudioSource, _ options: SubmissionOptions, _ progress: (@Sendable (UploadProgress) -> Void)?,
        locate: (inout SubmitOptions) -> Void = { _ in }, whenBegun: (@Sendable (String) -> Void)? = nil
    ) async throws(SpeechError) -> Submission {
        var message = SubmitOptions(
            transcription: try options.transcription.message(), filename: options.filename ?? source.filename,
            sizeBytes: source.byteCount ?? 0, idempotencyKey: options.idempotencyKey ?? Self.freshKey(),
            priority: options.priority, transcribeWhileUploading: options.transcribesWhileUploading)
        locate(&message)
        var schedule = schedule(patience: configuration.retryFor)
        var attempt = 1
        var hasRead = false
        var goodStarts = 0
        while true {
            let began = clock.now()
            do {
                return try await upload(source, message, attempt: attempt, &hasRead, progress, whenBegun)
            } catch let error as RPCError {
                markReached(by: error)
                guard source.isRepeatable || !hasRead else { throw Self.notRepeatable(error) }
                // A server that took bytes for a while was no part of the outage that ends it.
                if hasRead, goodStarts < Self.mostGoodStarts, began.duration(to: clock.now()) >= Self.goodStart {
                    goodStarts += 1
                    schedule.progressed()
                }
                try await wait(after: error, &schedule)
                attempt += 1
            } catch {
                throw SpeechError(any: error)
            }
        }
    }

    private func upload(
        _ source: some AudioSource, _ options: SubmitOptions, attempt: Int, _ hasRead: inout Bool,
        _ progress: (@Sendable (UploadProgress) -> Void)?, _ whenBegun: (@Sendable (String) -> Void)?
    ) async throws -> Submission {
        let reader = try await source.open()
        let began = ContinuousClock.now
        var lastByteSent = began
        let reply = try await rpc.clientStreaming(
            SpeechMethod.submit, returning: SubmitReply.self, takeEarly: Self.taker(of: options, whenBegun)
        ) {
            (writer: RequestWriter<SubmitRequest>) in
            try await writer.send(.options(options))
            var sent = 0
            hasRead = true
            while let piece = try await reader.read() {
                try await writer.send(.audio(piece))
                lastByteSent = .now
                sent += piece.count
                // More than a first window can only go out where a server took it.
                if sent > Self.firstWindowBytes { markReached() }
                progress?(UploadProgress(sentBytes: sent, totalBytes: source.byteCount, attempt: attempt))
            }
        }
        markReached()
        return Submission(
            id: reply.jobID, audioBytes: reply.audioBytes, audioSHA256: reply.audioSHA256,
            isExisting: reply.existing, uploadBegan: began, lastByteSent: lastByteSent)
    }

    /// What takes the reply that comes while the upload goes on. `nil` where there is none.
    private static func taker(
        of options: SubmitOptions, _ whenBegun: (@Sendable (String) -> Void)?
    ) -> (@Sendable (SubmitReply) -> Bool)? {
        guard options.transcribeWhileUploading else { return nil }
        return { reply in
            if reply.receiving { whenBegun?(reply.jobID) }
            return reply.receiving
        }
    }

    private static func notRepeatable(_ error: RPCError) -> SpeechError {
        var error = SpeechError(error)
        if let cause = error.cause as? RPCError, RetrySchedule.isWorthRepeating(cause) {
            error.message +=
                "; the recording can be read only once and was sent in part: submit it anew, from a file if possible"
        }
        return error
    }

    private static let firstWindowBytes = 1 << 20
    /// An attempt of this length makes the next failure the begin of a new outage, but not for ever.
    private static let goodStart = Duration.seconds(1)
    private static let mostGoodStarts = 8

    /// A key that no other submit has: 128 random bits.
    private static func freshKey() -> String {
        let halves = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))
        return "auto-" + String(halves.0, radix: 36) + "-" + String(halves.1, radix: 36)
    }
}
