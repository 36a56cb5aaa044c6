import STTClient

/// Sends the files in turn, a few ahead of the one whose transcript is being printed, so that the server always has
/// work.
///
/// Concurrency: used by one task; the uploads themselves are tasks of their own.
final class UploadAhead {
    /// A recording that is on the server.
    struct Uploaded: Sendable {
        var submission: Submission
        /// Its job ran while another file's transcript was being printed, so this program cannot tell its times.
        var isAhead: Bool
    }

    typealias Upload = Task<Uploaded, any Error>

    private static let ahead = 2

    private let start: (Int) -> Upload
    private let count: Int
    private var uploads: [Int: Upload] = [:]

    init(count: Int, start: @escaping (Int) -> Upload) {
        self.count = count
        self.start = start
    }

    /// The job of a file; starts the uploads of the next ones.
    func upload(_ index: Int) async throws -> Uploaded {
        for next in index..<min(count, index + 1 + Self.ahead) where uploads[next] == nil {
            uploads[next] = start(next)
        }
        guard let upload = uploads[index] else { preconditionFailure("the upload was started above") }
        return try await withTaskCancellationHandler {
            try await upload.value
        } onCancel: {
            upload.cancel()
        }
    }

    /// Ends every upload and waits for its end.
    func cancelAll() async {
        for upload in uploads.values { upload.cancel() }
        for upload in uploads.values { _ = await upload.result }
    }
}
