import Foundation
import Logging
import Synchronization

@testable import STTObjectStore

/// The part of an S3 server that the store uses, in memory, with faults.
final class FakeS3: Sendable {
    typealias Request = RawHTTPServer.Request
    typealias Response = RawHTTPServer.Response

    struct Fault: Sendable {
        var remaining: Int
        /// Whether the request is carried out before it is answered wrongly.
        var isCarriedOut: Bool
        var matches: @Sendable (Request) -> Bool
        var response: @Sendable (Request) -> Response
    }

    struct Upload: Sendable {
        var key: String
        var begun = "2010-11-10T20:48:33.000Z"
        var parts: [Int: [UInt8]] = [:]
    }

    struct State: Sendable {
        var objects: [String: [UInt8]] = [:]
        var uploads: [String: Upload] = [:]
        var faults: [Fault] = []
        var requests: [String] = []
        var bodies = 0
    }

    /// Shared with the server's threads.
    final class Shared: Sendable {
        let state = Mutex(State())
    }

    let shared = Shared()
    let server: RawHTTPServer

    init() throws {
        server = try RawHTTPServer { [shared] in Self.answer($0, shared.state) }
    }

    var objects: [String: [UInt8]] { shared.state.withLock { $0.objects } }
    var uploads: [String: Upload] { shared.state.withLock { $0.uploads } }
    /// `METHOD TARGET`, in the order of arrival.
    var requests: [String] { shared.state.withLock { $0.requests } }

    /// Answers the next requests that match wrongly.
    func fail(
        _ method: String, times: Int = 1, where contains: String = "", carriedOut: Bool = false,
        with response: @escaping @Sendable (Request) -> Response
    ) {
        let fault = Fault(
            remaining: times, isCarriedOut: carriedOut,
            matches: { $0.method == method && (contains.isEmpty || $0.target.contains(contains)) }, response: response)
        shared.state.withLock { $0.faults.append(fault) }
    }

    func store(stall: Duration = .milliseconds(500), partBytes: Int = 5 << 20) throws -> S3ObjectStore {
        try S3ObjectStore(
            S3Configuration(
                endpoint: server.url, bucket: "bucket", accessKey: "key", secretKey: "secret", partBytes: partBytes,
                stallTimeout: stall), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    static func error(_ status: Int, _ code: String) -> @Sendable (Request) -> Response {
        { _ in
            .answer(status, [:], body: Array("<Error><Code>\(code)</Code><Message>on purpose</Message></Error>".utf8))
        }
    }

    private static func answer(_ request: Request, _ state: borrowing Mutex<State>) -> Response {
        let fault = state.withLock { state -> Fault? in
            state.requests.append("\(request.method) \(request.target)")
            guard let index = state.faults.firstIndex(where: { $0.remaining > 0 && $0.matches(request) }) else {
                return nil
            }
            state.faults[index].remaining -= 1
            return state.faults[index]
        }
        guard let fault else { return state.withLock { carryOut(request, &$0) } }
        if fault.isCarriedOut { _ = state.withLock { carryOut(request, &$0) } }
        return fault.response(request)
    }

    private static func carryOut(_ request: Request, _ state: inout State) -> Response {
        let hash = MessageDigest.of(request.body, .sha256).hexadecimal
        guard request.headers["x-amz-content-sha256"] == hash else {
            return error(400, "XAmzContentSHA256Mismatch")(request)
        }
        let key = String(request.path.dropFirst("/bucket/".count))
        let query = request.query
        switch request.method {
        case "GET" where key.isEmpty && query["uploads"] != nil:
            let uploads = state.uploads.map {
                "<Upload><Key>\($1.key)</Key><UploadId>\($0)</UploadId><Initiated>\($1.begun)</Initiated></Upload>"
            }
            return document("<ListMultipartUploadsResult>\(uploads.joined())</ListMultipartUploadsResult>")
        case "GET" where key.isEmpty:
            let keys = state.objects.keys.filter { $0.hasPrefix(query["prefix"] ?? "") }.sorted()
            let contents = keys.map { "<Contents><Key>\($0)</Key></Contents>" }.joined()
            return document("<ListBucketResult>\(contents)<IsTruncated>false</IsTruncated></ListBucketResult>")
        case "GET", "HEAD":
            guard let bytes = state.objects[key] else { return error(404, "NoSuchKey")(request) }
            var headers = ["etag": "\"\(tag(bytes))\""]
            if request.method == "HEAD" { headers["content-length"] = String(bytes.count) }
            if let wanted = request.headers["if-match"], wanted != headers["etag"] {
                return error(412, "PreconditionFailed")(request)
            }
            guard let range = request.headers["range"] else { return .answer(200, headers, body: bytes) }
            let ends = range.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
            let last = min(ends.count == 2 ? ends[1] : bytes.count - 1, bytes.count - 1)
            guard ends[0] <= last else { return error(416, "InvalidRange")(request) }
            headers["content-range"] = "bytes \(ends[0])-\(last)/\(bytes.count)"
            return .answer(206, headers, body: Array(bytes[ends[0]...last]))
        case "PUT":
            if let id = query["uploadId"], let number = query["partNumber"].flatMap({ Int($0) }) {
                guard state.uploads[id] != nil else { return error(404, "NoSuchUpload")(request) }
                state.uploads[id]?.parts[number] = request.body
            } else {
                state.objects[key] = request.body
            }
            return .answer(200, ["etag": "\"\(tag(request.body))\""])
        case "POST" where query["uploads"] != nil:
            let id = "upload-\(state.uploads.count)-\(UInt32.random(in: 0 ... .max))"
            state.uploads[id] = Upload(key: key)
            return document(
                "<InitiateMultipartUploadResult><UploadId>\(id)</UploadId></InitiateMultipartUploadResult>")
        case "POST" where query["uploadId"] != nil:
            guard let upload = state.uploads.removeValue(forKey: query["uploadId"] ?? "") else {
                return error(404, "NoSuchUpload")(request)
            }
            let parts = upload.parts.sorted { $0.key < $1.key }.map(\.value)
            state.objects[key] = parts.reduce(into: []) { $0 += $1 }
            let tags = parts.flatMap { MessageDigest.of($0, .md5) }
            return document(
                "<CompleteMultipartUploadResult><ETag>&quot;\(tag(tags))-\(parts.count)&quot;</ETag></CompleteMultipartUploadResult>"
            )
        case "DELETE":
            if let id = query["uploadId"] {
                guard state.uploads.removeValue(forKey: id) != nil else { return error(404, "NoSuchUpload")(request) }
            } else {
                state.objects[key] = nil
            }
            return .answer(204)
        default: return error(501, "NotImplemented")(request)
        }
    }

    static func tag(_ bytes: [UInt8]) -> String { MessageDigest.of(bytes, .md5).hexadecimal }

    private static func document(_ text: String) -> Response {
        .answer(200, ["content-type": "application/xml"], body: Array("<?xml version=\"1.0\"?>\n\(text)".utf8))
    }
}

/// Lends a server and stops it.
func withFakeS3(_ body: (FakeS3) async throws -> Void) async throws {
    let fake = try FakeS3()
    defer { fake.server.stop() }
    try await body(fake)
}
