/// Names an object: parts of letters, digits, `.`, `_` and `-`, separated by `/`. No part is empty, `.` or `..`.
/// An object's key never lies below that of another object.
public struct ObjectKey: Hashable, Sendable, Codable, CustomStringConvertible {
    public let description: String

    /// `nil` unless the text is a key of at most 512 bytes, 255 for each part.
    public init?(_ text: String) {
        guard text.utf8.count <= 512 else { return nil }
        for part in text.split(separator: "/", omittingEmptySubsequences: false) {
            guard !part.isEmpty, part.utf8.count <= 255, part != ".", part != ".." else { return nil }
            for byte in part.utf8 {
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    continue
                default:
                    return nil
                }
            }
        }
        description = text
    }

    private init(parts: [String]) {
        description = parts.joined(separator: "/")
    }

    /// Everything that belongs to a job, for `deleteAll`.
    public static func job(_ id: JobID) -> ObjectKey { ObjectKey(parts: ["jobs", id.description]) }
    /// The uploaded file.
    public static func audio(of id: JobID) -> ObjectKey { ObjectKey(parts: ["jobs", id.description, "audio"]) }
    /// A chunk's samples: 16 kHz mono, 16 bits, little endian.
    public static func samples(of id: JobID, chunk index: Int) -> ObjectKey {
        ObjectKey(parts: ["jobs", id.description, "pcm", String(index)])
    }
    /// The samples of all of a job's chunks, for `deleteAll`.
    public static func samples(of id: JobID) -> ObjectKey { ObjectKey(parts: ["jobs", id.description, "pcm"]) }
    /// The merged transcript.
    public static func transcript(of id: JobID) -> ObjectKey {
        ObjectKey(parts: ["jobs", id.description, "transcript.jsonl"])
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let key = ObjectKey(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is not an object key")
        }
        self = key
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Audio, samples and transcripts.
///
/// An object appears whole or not at all, and is durable once its writer has finished.
public protocol ObjectStore: Sendable {
    /// Begins an object. It replaces one of the same key when it is finished.
    func writer(for key: ObjectKey) async throws(PortError) -> any ObjectWriter

    /// Reads a range, or all, of an object into memory. Throws `notFound`; `invalidArgument` where the range exceeds
    /// the object.
    func read(_ key: ObjectKey, range: Range<Int>?) async throws(PortError) -> [UInt8]

    /// In bytes. `nil` where there is no such object.
    func size(of key: ObjectKey) async throws(PortError) -> Int?

    /// Lends a local file with the object's bytes, for libraries that read files only. The file is removed afterwards
    /// where it is a copy.
    func withLocalFile<Result: Sendable>(
        _ key: ObjectKey, _ body: @Sendable (_ path: String) async throws -> Result
    ) async throws -> Result

    /// Removes an object. One that is not there is no error.
    func delete(_ key: ObjectKey) async throws(PortError)

    /// Removes the object of this key and all below it.
    func deleteAll(below key: ObjectKey) async throws(PortError)

    /// Keys below this one, in no particular order.
    func keys(below key: ObjectKey) async throws(PortError) -> [ObjectKey]

    /// The next parts of the keys below this one, each once, in ascending order of their bytes, from the first that comes
    /// after a given one: `["1", "2"]` below `jobs` where there are `jobs/1/audio`, `jobs/1/pcm/0` and `jobs/2/audio`.
    func names(below key: ObjectKey, after name: String?, limit: Int) async throws(PortError) -> [String]

    /// Removes what is left of writers that were begun longer ago than this and neither finished nor aborted, because
    /// their process ended.
    /// - Returns: How many.
    func removeUnfinished(olderThan age: Duration) async throws(PortError) -> Int
}

extension ObjectStore {
    public func read(_ key: ObjectKey) async throws(PortError) -> [UInt8] {
        try await read(key, range: nil)
    }

    /// Writes a small object at once.
    public func write(_ bytes: [UInt8], to key: ObjectKey) async throws(PortError) {
        let writer = try await writer(for: key)
        do {
            try await writer.write(bytes)
            _ = try await writer.finish()
        } catch {
            await writer.abort()
            throw error
        }
    }
}

/// Takes the bytes of one object in order. Used by one task at a time. Released without `finish`, it leaves nothing.
/// Once it has failed, it leaves nothing either, and every further call throws that error.
public protocol ObjectWriter: Sendable {
    func write(_ bytes: [UInt8]) async throws(PortError)
    /// Makes the object visible and durable. Using the writer afterwards throws `invalidArgument`.
    /// - Returns: Its size in bytes.
    func finish() async throws(PortError) -> Int
    /// Leaves no trace of what was written. After `finish`, does nothing.
    func abort() async
}
