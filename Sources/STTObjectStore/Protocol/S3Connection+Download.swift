import STTCore
import STTHTTP

/// Takes a download. Used by one task at a time.
protocol S3Sink {
    func append(_ bytes: [UInt8]) async throws(PortError)
    /// Forgets what came so far.
    func restart() async throws(PortError)
}

extension S3Connection {
    /// How far a download has come.
    private struct Progress {
        var received = 0
        /// Of the whole object.
        var size: Int?
        var etag: String?
        var digest = MessageDigest(.md5)

        /// Whether what came is of no use, or is all there is to come: its tag was not compared then.
        func startsAnew(after failure: S3Failure, range: Range<Int>?) -> Bool {
            switch failure.reason {
            case .replaced, .altered: return true
            default: return received > 0 && received == (range?.count ?? size)
            }
        }
    }

    /// Reads an object, or a range of it, and goes on where a connection broke.
    func download(_ key: String, range: Range<Int>?, into sink: any S3Sink) async throws(PortError) {
        let request = S3Request("GET", key)
        var retries = S3Retries(connection: self, request: request)
        var progress = Progress()
        var furthest = 0
        while true {
            do {
                return try await attempt(key, range: range, into: sink, &progress)
            } catch let failure as S3Failure {
                let isAnew = progress.startsAnew(after: failure, range: range)
                do throws(S3Failure) {
                    if !isAnew, progress.received > furthest { retries.madeProgress() }
                    try await retries.wait(after: failure)
                } catch {
                    throw portError(error, request)
                }
                furthest = max(furthest, progress.received)
                if isAnew {
                    try await sink.restart()
                    progress = Progress()
                }
            } catch let error as PortError {
                throw error
            } catch {
                throw PortError(.unavailable, port: S3ObjectStore.port, "\(error)", cause: error)
            }
        }
    }

    private func attempt(
        _ key: String, range: Range<Int>?, into sink: any S3Sink, _ progress: inout Progress
    ) async throws {
        let start = (range?.lowerBound ?? 0) + progress.received
        var request = S3Request("GET", key, headers: [.init("accept-encoding", "identity")])
        if range != nil || progress.received > 0 {
            let last = range.map { String($0.upperBound - 1) } ?? ""
            request.headers.append(.init("range", "bytes=\(start)-\(last)"))
        }
        if let etag = progress.etag { request.headers.append(.init("if-match", etag)) }
        var state = progress
        // What has been passed on stays so when the rest fails.
        defer { progress = state }
        do {
            try await streaming(request) { head, body in
                let expected = try Self.expectedBytes(head, range: range, start: start, &state)
                var got = 0
                while let piece = try await body.next() {
                    got += piece.count
                    guard got <= expected else { throw S3Failure(.senseless("more bytes came than were announced")) }
                    if range == nil { state.digest.update(piece) }
                    try await sink.append(piece)
                    state.received += piece.count
                }
                guard got == expected else {
                    throw S3Failure(.transport(.broken("\(got) of \(expected) bytes came")))
                }
                if range == nil, let wanted = S3ETag(head).md5 {
                    let found = state.digest.finish().hexadecimal
                    guard found.isEmpty || found == wanted else {
                        throw S3Failure(.altered("the bytes read have the MD5 \(found) instead of \(wanted)"))
                    }
                }
            }
        } catch let failure as S3Failure where failure.status == 412 {
            throw S3Failure(.replaced)
        }
    }

    private static func expectedBytes(
        _ head: HTTPHead, range: Range<Int>?, start: Int, _ progress: inout Progress
    ) throws -> Int {
        if let etag = head["etag"] {
            guard progress.etag == nil || progress.etag == etag else { throw S3Failure(.replaced) }
            progress.etag = etag
        }
        let size: Int
        if head.status == 206 {
            guard let found = head["content-range"].flatMap(ContentRange.init), found.start == start else {
                throw S3Failure(.senseless("the answer's range is not the one that was asked for"))
            }
            size = found.size
        } else {
            guard range == nil, start == 0 else { throw S3Failure(.senseless("the server ignores ranges")) }
            guard let found = head["content-length"].flatMap({ Int($0) }), found >= 0 else {
                throw S3Failure(.senseless("the answer does not say how long the object is"))
            }
            size = found
        }
        guard progress.size == nil || progress.size == size else { throw S3Failure(.replaced) }
        progress.size = size
        let end = range?.upperBound ?? size
        guard end <= size else {
            throw PortError(
                .invalidArgument, port: S3ObjectStore.port,
                "bytes up to \(end) were asked for of an object that has \(size)")
        }
        return end - start
    }
}

/// The header's value, such as `bytes 0-9/100`.
private struct ContentRange {
    var start: Int
    var size: Int

    init?(_ text: String) {
        let parts = text.split(whereSeparator: { " -/".contains($0) })
        guard parts.count == 4, parts[0] == "bytes", let start = Int(parts[1]), let size = Int(parts[3]), size >= 0
        else { return nil }
        self.start = start
        self.size = size
    }
}

/// An object's or a part's tag, which often is its MD5.
struct S3ETag {
    /// Without quotes. Empty where there is none.
    let text: String
    private let isEncrypted: Bool

    init(_ head: HTTPHead) {
        let encryption = head["x-amz-server-side-encryption"] ?? "AES256"
        self.init(
            head["etag"] ?? "",
            isEncrypted: encryption != "AES256" || head["x-amz-server-side-encryption-customer-algorithm"] != nil)
    }

    init(_ text: String, isEncrypted: Bool = false) {
        self.text = text.filter { $0 != "\"" }.lowercased()
        self.isEncrypted = isEncrypted
    }

    /// `nil` where the tag is no MD5: of an object in parts, or encrypted with a key of its own.
    var md5: String? {
        text.utf8.count == 32 && text.allSatisfy(\.isHexDigit) && !isEncrypted ? text : nil
    }

    /// The tag of an object in parts is the MD5 of its parts' MD5s, and their number.
    var isOfParts: Bool {
        let parts = text.split(separator: "-")
        return parts.count == 2 && parts[0].count == 32 && parts[0].allSatisfy(\.isHexDigit) && Int(parts[1]) != nil
            && !isEncrypted
    }
}
