import Logging
import STTCore
import STTHTTP

/// An object in the making at the server.
struct MultipartUpload: Sendable {
    struct Part: Sendable {
        var number: Int
        /// As the server wrote it.
        var etag: String
        /// Empty where OpenSSL has no MD5.
        var md5: [UInt8]
    }

    let key: String
    let id: String
    let connection: S3Connection

    static func begin(_ key: String, connection: S3Connection) async throws(PortError) -> MultipartUpload {
        let request = S3Request("POST", key, query: [.init("uploads")], body: [])
        let response = try await connection.send(request)
        guard let document = S3Document(response.body), document.name == "InitiateMultipartUploadResult",
            let id = document["UploadId"], !id.isEmpty
        else {
            throw connection.portError(S3Failure(.senseless("the answer does not name an upload")), request)
        }
        return MultipartUpload(key: key, id: id, connection: connection)
    }

    func send(_ number: Int, _ bytes: [UInt8], _ hashes: S3Hashes) async throws(PortError) -> Part {
        let request = S3Request(
            "PUT", key, query: [.init("partNumber", String(number)), .init("uploadId", id)], headers: hashes.headers,
            body: bytes, payloadHash: hashes.sha256)
        do throws(S3Failure) {
            return try await connection.retrying(request) { () async throws(S3Failure) in
                let head = try await connection.once(request).head
                guard let etag = head["etag"], !etag.isEmpty else {
                    throw S3Failure(.senseless("the answer to a part has no ETag"))
                }
                try hashes.compare(with: S3ETag(head))
                return Part(number: number, etag: etag, md5: hashes.md5)
            }
        } catch {
            throw connection.portError(error, request)
        }
    }

    /// Makes the object of its parts.
    func complete(_ parts: [Part], size: Int) async throws(PortError) {
        var body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for part in parts {
            let etag = S3Document.escaped(part.etag)
            body += "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(etag)</ETag></Part>"
        }
        body += "</CompleteMultipartUpload>"
        let request = S3Request(
            "POST", key, query: [.init("uploadId", id)], headers: [.init("content-type", "application/xml")],
            body: Array(body.utf8))
        let wanted = Self.etag(of: parts)
        do throws(S3Failure) {
            let found = try await connection.retrying(request) { () async throws(S3Failure) in
                try await completeOnce(request)
            }
            // The tag is made of every part's bytes; where it is one, nothing else needs to be compared.
            if found.isOfParts, let wanted {
                guard found.text == wanted else {
                    throw S3Failure(.altered("the object has the tag \(found.text) instead of \(wanted)"))
                }
                return
            }
        } catch {
            // The object may be there although the answer was lost.
            if error.isAmbiguous, let found = try? await connection.info(key), found.size == size,
                found.etag.text == wanted || !found.etag.isOfParts
            {
                return
            }
            throw connection.portError(error, request)
        }
        guard let found = try await connection.info(key), found.size == size else {
            throw connection.portError(S3Failure(.altered("the object does not have the \(size) bytes sent")), request)
        }
    }

    /// Failing, it leaves the upload to `removeUnfinished`.
    func abort() async {
        do throws(PortError) {
            _ = try await connection.send(S3Request("DELETE", key, query: [.init("uploadId", id)]))
        } catch {
            guard (error.cause as? S3Failure)?.status != 404 else { return }
            connection.logger.warning(
                "an unfinished upload could not be aborted and is left to be collected",
                metadata: ["key": "\(key)", "error": "\(error)"])
        }
    }

    private func completeOnce(_ request: S3Request) async throws(S3Failure) -> S3ETag {
        let response = try await connection.once(request)
        guard let document = S3Document(response.body) else {
            throw S3Failure(.transport(.broken("the answer to the end of an upload is no document")))
        }
        // Amazon answers 200 before it knows.
        if document.name == "Error" { throw S3Failure(response.head, body: response.body) }
        // Some servers call it a response.
        guard document.name.hasPrefix("CompleteMultipartUpload") else {
            throw S3Failure(.senseless("the answer to the end of an upload is a \(document.name)"))
        }
        return S3ETag(document["ETag"] ?? "")
    }

    private static func etag(of parts: [Part]) -> String? {
        guard !parts.contains(where: { $0.md5.isEmpty || S3ETag($0.etag).md5 != $0.md5.hexadecimal }) else {
            return nil
        }
        return "\(MessageDigest.of(parts.flatMap(\.md5), .md5).hexadecimal)-\(parts.count)"
    }
}
