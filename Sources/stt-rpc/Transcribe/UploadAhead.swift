import STTClient

/// Sends the files in turn, a few ahead of the one whose transcript is being printed, so that the server always has
/// work.
///
/// Concurrency: used by one task; the uploads themselves are tasks of their own.
final class UploadAhead {
    /// A recording that is being sent.
    struct Sending: Sendable {
        var upload: Upload
        /// Takes note of the job once the upload is complete.
        var owning: Task<Void, Never>
        /// Its job runs while another file's transcript is being printed, so this program cannot tell its times.
        var isAhead: Bool
    }

    private static let ahead = 2

    private let start: (_ index: Int, _ isAhead: Bool) -> Sending
    private let count: Int
    private var uploads: [Int: Sending] = [:]

    init(count: Int, start: @escaping (_ index: Int, _ isAhead: Bool) -> Sending) {
        self.count = count
        self.start = start
    }

    /// The upload of a file; starts those of the next ones.
    func upload(_ index: Int) -> Sending {
        for next in index..<min(count, index + 1 + Self.ahead) where uploads[next] == nil {
            uploads[next] = start(next, next != index)
        }
        guard let sending = uploads[index] else { preconditionFailure("the upload was started above") }
        return sending
    }

    /// The file is done with.
    func forget(_ index: Int) { uploads[index] = nil }

    /// Ends every upload and waits for its end.
    func cancelAll() async {
        for sending in uploads.values { sending.upload.cancel() }
        for sending in uploads.values { await sending.owning.value }
    }
}
