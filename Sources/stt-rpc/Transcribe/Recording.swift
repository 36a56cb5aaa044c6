import STTClient

/// A recording that is named on the command line.
enum Recording: Sendable, Hashable {
    case file(String)
    /// Fetched by the server.
    case url(String)
    /// In the server's object store.
    case object(String)

    /// As it was named.
    var text: String {
        switch self {
        case .file(let text), .url(let text), .object(let text): text
        }
    }

    func upload(
        with client: SpeechClient, options: SubmissionOptions, progress: @escaping @Sendable (UploadProgress) -> Void
    ) -> Upload {
        switch self {
        case .file(let path): client.upload(file: path, options: options, progress: progress)
        case .url(let url): client.upload(url: url, options: options)
        case .object(let key): client.upload(objectKey: key, options: options)
        }
    }

    func submit(
        with client: SpeechClient, options: SubmissionOptions, progress: @escaping @Sendable (UploadProgress) -> Void
    ) async throws(SpeechError) -> Submission {
        switch self {
        case .file(let path): try await client.submit(file: path, options: options, progress: progress)
        case .url(let url): try await client.submit(url: url, options: options)
        case .object(let key): try await client.submit(objectKey: key, options: options)
        }
    }
}
