package import STTCore

/// What tests need to see of a bucket, and to leave in it.
extension S3ObjectStore {
    package var bucketName: String { connection.bucket }

    /// Whole keys of all objects below the prefix.
    package func allKeys() async throws(PortError) -> [String] {
        var keys: [String] = []
        var continuation: String?
        repeat {
            let page = try await connection.list(prefix: keyPrefix, continuation: continuation)
            keys += page.keys
            continuation = page.continuation
        } while continuation != nil
        return keys
    }

    /// Whole keys of all uploads that are neither finished nor aborted, at most 1,000.
    package func unfinishedUploads() async throws(PortError) -> [String] {
        let document = try await connection.document(
            S3Request("GET", query: [.init("uploads")]), named: "ListMultipartUploadsResult")
        return document.all("Upload").compactMap { $0["Key"] }
    }

    /// As a killed process does.
    package func beginUploadAndForget(key: String) async throws(PortError) {
        let upload = try await MultipartUpload.begin(key, connection: connection)
        let bytes = [UInt8](repeating: 1, count: 1_000)
        let digests = S3Digests()
        digests.update(bytes[...])
        _ = try await upload.send(1, bytes, digests.finish())
    }

    /// Removes the bucket with all that is in it.
    package func removeBucket() async throws(PortError) {
        let keys = try await allKeys()
        for start in stride(from: 0, to: keys.count, by: 1_000) {
            try await connection.delete(Array(keys[start..<min(start + 1_000, keys.count)]))
        }
        _ = try await removeUnfinished(olderThan: .zero)
        _ = try await connection.send(S3Request("DELETE"))
    }
}
