import STTCore
import STTHTTP

/// What a server tells of an object without its bytes.
struct S3ObjectInfo: Sendable {
    var size: Int
    var etag: S3ETag
}

extension S3Connection {
    /// Writes an object in one request.
    func put(_ key: String, _ bytes: [UInt8]) async throws(PortError) {
        let digests = S3Digests()
        digests.update(bytes[...])
        try await put(key, bytes, digests.finish())
    }

    func put(_ key: String, _ bytes: [UInt8], _ hashes: S3Hashes) async throws(PortError) {
        let request = S3Request("PUT", key, headers: hashes.headers, body: bytes, payloadHash: hashes.sha256)
        do throws(S3Failure) {
            try await retrying(request) { () async throws(S3Failure) in
                try hashes.compare(with: S3ETag(try await self.once(request).head))
            }
        } catch {
            // The answer was lost, or is an error after the deed.
            if error.isAmbiguous, let found = try? await info(key), found.size == bytes.count,
                found.etag.md5 == hashes.md5Text
            {
                return
            }
            throw portError(error, request)
        }
    }

    /// - Returns: `nil` where there is no such object.
    func info(_ key: String) async throws(PortError) -> S3ObjectInfo? {
        let request = S3Request("HEAD", key)
        let head: HTTPHead
        do throws(S3Failure) {
            head = try await retrying(request) { () async throws(S3Failure) in try await self.once(request).head }
        } catch {
            guard error.status == 404 else { throw portError(error, request) }
            // Without a body nothing tells whether it is the bucket that is missing.
            _ = try await send(S3Request("GET", query: [.init("list-type", "2"), .init("max-keys", "1")]))
            return nil
        }
        guard let size = head["content-length"].flatMap({ Int($0) }), size >= 0 else {
            throw portError(S3Failure(.senseless("the answer does not say how long the object is")), request)
        }
        return S3ObjectInfo(size: size, etag: S3ETag(head))
    }
}

/// Hashes bytes that are about to be sent, as they come.
struct S3Digests {
    private let md5 = MessageDigest(.md5)
    private let sha256 = MessageDigest(.sha256)

    func update(_ bytes: ArraySlice<UInt8>) {
        md5.update(bytes)
        sha256.update(bytes)
    }

    func finish() -> S3Hashes {
        S3Hashes(md5: md5.finish(), sha256: sha256.finish().hexadecimal)
    }
}

struct S3Hashes: Sendable {
    /// Empty where OpenSSL has no MD5.
    var md5: [UInt8]
    var sha256: String

    var md5Text: String { md5.hexadecimal }

    var headers: [HTTPRequest.Header] {
        md5.isEmpty ? [] : [.init("content-md5", md5.base64)]
    }

    /// Throws where the server names another MD5.
    func compare(with etag: S3ETag) throws(S3Failure) {
        guard let found = etag.md5, !md5.isEmpty, found != md5Text else { return }
        throw S3Failure(.altered("the server has the MD5 \(found) instead of \(md5Text)"))
    }
}
