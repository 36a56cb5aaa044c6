public import STTCore

extension S3ObjectStore {
    public func delete(_ key: ObjectKey) async throws(PortError) {
        let request = S3Request("DELETE", fullKey(key))
        do throws(PortError) {
            _ = try await connection.send(request)
        } catch {
            guard error.code != .notFound else { return }
            throw error
        }
    }

    public func deleteAll(below key: ObjectKey) async throws(PortError) {
        try await delete(key)
        var continuation: String?
        repeat {
            let page = try await connection.list(prefix: fullKey(key) + "/", continuation: continuation)
            try await connection.delete(page.keys)
            continuation = page.continuation
        } while continuation != nil
    }

    /// Without objects whose keys are none of this service's.
    public func keys(below key: ObjectKey) async throws(PortError) -> [ObjectKey] {
        var keys: [ObjectKey] = []
        var continuation: String?
        repeat {
            let page = try await connection.list(prefix: fullKey(key) + "/", continuation: continuation)
            keys += page.keys.compactMap { ObjectKey(String($0.dropFirst(keyPrefix.count))) }
            continuation = page.continuation
        } while continuation != nil
        return keys
    }

    public func names(
        below key: ObjectKey, after name: String?, limit: Int
    ) async throws(PortError) -> [String] {
        guard limit > 0 else { return [] }
        let prefix = fullKey(key) + "/"
        var names = SortedNames(after: name)
        var continuation: String?
        repeat {
            // Begins before the name's own folder: "a-1/" comes before "a/", and the name "a-1" after "a".
            let page = try await connection.list(
                prefix: prefix, delimiter: "/", after: name.map { prefix + $0 }, continuation: continuation,
                limit: min(1_000, limit + 16))
            names.add(page.keys.map { String($0.dropFirst(prefix.count)) }, isFolder: false)
            names.add(page.prefixes.map { String($0.dropFirst(prefix.count).dropLast()) }, isFolder: true)
            continuation = page.continuation
            if names.settledCount >= limit { break }
        } while continuation != nil
        return names.first(limit)
    }

    /// Servers that do not tell when an upload was begun, or keep it to themselves as MinIO does, have to end uploads by
    /// a rule of their own.
    public func removeUnfinished(olderThan age: Duration) async throws(PortError) -> Int {
        let newest = HTTPDate.now - Int(age.components.seconds)
        let newestJob = JobID(at: Timestamp(millisecondsSinceEpoch: Int64(newest) * 1000 + 999)).timeDigits
        var removed = 0
        var marker: [S3QueryItem] = []
        while true {
            let request = S3Request(
                "GET", query: [.init("uploads"), .init("prefix", keyPrefix), .init("encoding-type", "url")] + marker)
            let document = try await connection.document(request, named: "ListMultipartUploadsResult")
            let isEncoded = document["EncodingType"] == "url"
            for upload in document.all("Upload") {
                guard let listed = upload["Key"], let id = upload["UploadId"], !id.isEmpty,
                    let begun = upload["Initiated"].flatMap(HTTPDate.secondsISO), begun <= newest
                else { continue }
                let key = isEncoded ? percentDecoded(listed) : listed
                guard key.hasPrefix(keyPrefix) else { continue }
                // The server's clock may be wrong, or it may not know. The id is of the clock of those who write.
                if let job = job(ofKey: key.dropFirst(keyPrefix.count)), job.timeDigits > newestJob { continue }
                do throws(PortError) {
                    _ = try await connection.send(S3Request("DELETE", key, query: [.init("uploadId", id)]))
                    removed += 1
                } catch {
                    // Finished or removed by another process meanwhile.
                    guard (error.cause as? S3Failure)?.status == 404 else { throw error }
                }
            }
            guard document["IsTruncated"] == "true" else { return removed }
            let listed = document["NextKeyMarker"] ?? ""
            let next: [S3QueryItem] = [
                .init("key-marker", isEncoded ? percentDecoded(listed) : listed),
                .init("upload-id-marker", document["NextUploadIdMarker"] ?? ""),
            ]
            guard next.map(\.value) != marker.map(\.value), !listed.isEmpty else {
                throw connection.portError(S3Failure(.senseless("a listing that goes on does not say where")), request)
            }
            marker = next
        }
    }

    private func job(ofKey key: Substring) -> JobID? {
        let parts = key.split(separator: "/", maxSplits: 2)
        guard parts.count == 3, parts[0] == "jobs" else { return nil }
        return JobID(String(parts[1]))
    }
}

extension JobID {
    /// The digits that tell the time at which it was made.
    fileprivate var timeDigits: Substring { description.prefix(13) }
}

/// Puts the names of a listing into the order of their own bytes.
///
/// S3 orders whole keys, in which a folder's name ends with a slash: `a-1/` and `a.b/` come before `a/`. So a name is
/// settled, with none to come before it, only once the listing has passed every folder that it begins with.
private struct SortedNames {
    private let after: String?
    private var names: Set<String> = []
    /// The last key or folder seen, in the listing's order.
    private var last = ""

    init(after: String?) {
        self.after = after
    }

    mutating func add(_ found: [String], isFolder: Bool) {
        for name in found where !name.isEmpty {
            if after.map({ $0.utf8.lexicographicallyPrecedes(name.utf8) }) ?? true { names.insert(name) }
            let listed = isFolder ? name + "/" : name
            if last.utf8.lexicographicallyPrecedes(listed.utf8) { last = listed }
        }
    }

    /// How many of the first names are settled.
    var settledCount: Int {
        sorted.firstIndex { !isSettled($0) } ?? names.count
    }

    func first(_ limit: Int) -> [String] {
        Array(sorted.prefix(limit))
    }

    private var sorted: [String] {
        names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func isSettled(_ name: String) -> Bool {
        for (index, byte) in name.utf8.enumerated().dropFirst() where byte < UInt8(ascii: "/") {
            let folder = Array(name.utf8.prefix(index)) + [UInt8(ascii: "/")]
            guard !last.utf8.lexicographicallyPrecedes(folder) else { return false }
        }
        return true
    }
}
