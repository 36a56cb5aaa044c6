import STTCore

/// The handle on an upload: released without an end, it has the upload aborted in the background.
final class S3ObjectWriter: ObjectWriter {
    private let upload: S3Upload
    private let background: BackgroundTasks

    init(_ upload: S3Upload, background: BackgroundTasks) {
        self.upload = upload
        self.background = background
    }

    deinit {
        let upload = upload
        background.start { await upload.abort() }
    }

    func write(_ bytes: [UInt8]) async throws(PortError) { try await upload.write(bytes) }
    func finish() async throws(PortError) -> Int { try await upload.finish() }
    func abort() async { await upload.abort() }
}
