import STTCore

/// The bytes of one object on their way to the server.
///
/// An object smaller than a part is one request. A larger one is uploaded in parts while its bytes come: one part fills
/// while the one before it is being sent, so at most two are in memory.
///
/// Concurrency: an actor, used by one task at a time by the port's contract. Parts are sent by tasks of their own.
actor S3Upload {
    private typealias Sending = Task<Result<MultipartUpload.Part, PortError>, Never>

    private enum State {
        case open
        /// `failure` is what every further call throws. `nil`: finished or aborted.
        case closed(failure: PortError?)
    }

    private static let maximumParts = 10_000

    private let key: String
    private let partBytes: Int
    private let connection: S3Connection
    private let background: BackgroundTasks
    private var state = State.open
    private var size = 0
    private var buffer: [UInt8] = []
    private var digests = S3Digests()
    private var multipart: MultipartUpload?
    private var parts: [MultipartUpload.Part] = []
    private var sending: Sending?

    init(key: String, partBytes: Int, connection: S3Connection, background: BackgroundTasks) {
        self.key = key
        self.partBytes = partBytes
        self.connection = connection
        self.background = background
    }

    func write(_ bytes: [UInt8]) async throws(PortError) {
        try checkOpen()
        do throws(PortError) {
            var rest = bytes[...]
            while !rest.isEmpty {
                if buffer.count == partBytes { try await sendPart() }
                let piece = rest.prefix(partBytes - buffer.count)
                // Where an upload has parts already, this one will be full as a rule.
                if multipart != nil, buffer.isEmpty { buffer.reserveCapacity(partBytes) }
                buffer += piece
                digests.update(piece)
                size += piece.count
                rest = rest.dropFirst(piece.count)
            }
        } catch {
            await fail(error)
            throw error
        }
    }

    func finish() async throws(PortError) -> Int {
        try checkOpen()
        do throws(PortError) {
            if multipart == nil {
                try await connection.put(key, buffer, digests.finish())
            } else {
                try await sendPart()
                try await partSent()
                try await multipart?.complete(parts, size: size)
            }
        } catch {
            await fail(error)
            throw error
        }
        state = .closed(failure: nil)
        buffer = []
        return size
    }

    func abort() async {
        guard case .open = state else { return }
        await close(failure: nil)
    }

    private func checkOpen() throws(PortError) {
        guard case .closed(let failure) = state else { return }
        throw failure
            ?? PortError(
                .invalidArgument, port: S3ObjectStore.port,
                "the writer of \(key) was used after it had been finished or aborted")
    }

    private func fail(_ error: PortError) async {
        await close(failure: error)
    }

    private func close(failure: PortError?) async {
        state = .closed(failure: failure)
        buffer = []
        sending?.cancel()
        _ = await sending?.value
        sending = nil
        guard let multipart else { return }
        self.multipart = nil
        // In a task of its own, because this one may have been cancelled.
        await background.start { await multipart.abort() }.value
    }

    /// Begins to send the buffer as the next part, once the one before is sent.
    private func sendPart() async throws(PortError) {
        try await partSent()
        guard parts.count < Self.maximumParts else {
            throw PortError(
                .invalidArgument, port: S3ObjectStore.port,
                "\(key) has more than \(Self.maximumParts) parts of \(partBytes) bytes: let parts be larger")
        }
        let upload: MultipartUpload
        if let multipart {
            upload = multipart
        } else {
            upload = try await MultipartUpload.begin(key, connection: connection)
            multipart = upload
        }
        let (number, bytes, hashes) = (parts.count + 1, buffer, digests.finish())
        buffer = []
        digests = S3Digests()
        sending = Task {
            do throws(PortError) {
                return .success(try await upload.send(number, bytes, hashes))
            } catch {
                return .failure(error)
            }
        }
    }

    private func partSent() async throws(PortError) {
        guard let sending else { return }
        let result = await withTaskCancellationHandler {
            await sending.value
        } onCancel: {
            sending.cancel()
        }
        self.sending = nil
        parts.append(try result.get())
    }
}
