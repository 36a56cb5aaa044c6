import STTCore
import STTHTTP

/// A page of a listing, in the order of the keys' bytes.
struct S3Page: Sendable {
    var keys: [String]
    /// Each with the delimiter at its end.
    var prefixes: [String]
    var continuation: String?
}

extension S3Connection {
    /// - Parameters:
    ///   - after: Keys up to this one are left out. Without effect where there is a continuation.
    ///   - limit: At most 1,000.
    func list(
        prefix: String, delimiter: String? = nil, after: String? = nil, continuation: String? = nil, limit: Int = 1_000
    ) async throws(PortError) -> S3Page {
        // Without the encoding a key may hold what XML cannot.
        var query: [S3QueryItem] = [
            .init("list-type", "2"), .init("prefix", prefix), .init("max-keys", String(limit)),
            .init("encoding-type", "url"),
        ]
        if let delimiter { query.append(.init("delimiter", delimiter)) }
        if let continuation {
            query.append(.init("continuation-token", continuation))
        } else if let after {
            query.append(.init("start-after", after))
        }
        let request = S3Request("GET", query: query)
        let document = try await self.document(request, named: "ListBucketResult")
        let isEncoded = document["EncodingType"] == "url"
        let decoded: (String) -> String = { isEncoded ? percentDecoded($0) : $0 }
        let keys = document.all("Contents").compactMap { $0["Key"] }.map(decoded)
        let prefixes = document.all("CommonPrefixes").compactMap { $0["Prefix"] }.map(decoded)
        guard (keys + prefixes).allSatisfy({ $0.hasPrefix(prefix) }) else {
            throw portError(S3Failure(.senseless("a listing has other keys than were asked for")), request)
        }
        var next: String?
        if document["IsTruncated"] == "true" {
            next = document["NextContinuationToken"]
            guard let next, !next.isEmpty, next != continuation else {
                throw portError(S3Failure(.senseless("a listing that goes on does not say where")), request)
            }
        }
        return S3Page(keys: keys, prefixes: prefixes, continuation: next)
    }

    /// Removes up to 1,000 objects in one request.
    func delete(_ keys: [String]) async throws(PortError) {
        guard !keys.isEmpty else { return }
        var body = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>"
        for key in keys { body += "<Object><Key>\(S3Document.escaped(key))</Key></Object>" }
        let bytes = Array((body + "</Delete>").utf8)
        let request = S3Request(
            "POST", query: [.init("delete")],
            headers: [
                .init("content-type", "application/xml"), .init("content-md5", MessageDigest.of(bytes, .md5).base64),
            ], body: bytes)
        let document = try await self.document(request, named: "DeleteResult")
        guard let refusal = document.all("Error").first(where: { $0["Code"] != "NoSuchKey" }) else { return }
        let failure = S3Failure(
            .refused(status: 200, code: refusal["Code"] ?? "", message: refusal["Message"] ?? ""))
        var named = request
        named.key = refusal["Key"] ?? ""
        throw portError(failure, named)
    }

    func document(_ request: S3Request, named name: String) async throws(PortError) -> S3Document {
        let response = try await send(request)
        guard let document = S3Document(response.body), document.name == name else {
            throw portError(S3Failure(.senseless("the answer is no \(name)")), request)
        }
        return document
    }
}
