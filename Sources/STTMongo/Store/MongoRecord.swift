import Foundation
import STTCore

/// A document of a collection, read field by field. What is missing or of another type is reported with its name.
struct MongoRecord {
    let document: BSONDocument
    let collection: String

    var id: String { document["_id"]?.string ?? "?" }

    func damaged(_ field: String, cause: (any Error)? = nil) -> PortError {
        .unreadable("field \"\(field)\"", in: collection, id: id, cause: cause)
    }

    /// `nil` where the field is missing or null.
    private func optional<Value>(_ field: String, _ read: (BSONValue) -> Value?) throws(PortError) -> Value? {
        guard let value = document[field], value != .null else { return nil }
        guard let read = read(value) else { throw damaged(field) }
        return read
    }

    private func required<Value>(_ field: String, _ value: Value?) throws(PortError) -> Value {
        guard let value else { throw damaged(field) }
        return value
    }

    func optionalString(_ field: String) throws(PortError) -> String? { try optional(field, \.string) }
    func optionalInt(_ field: String) throws(PortError) -> Int? { try optional(field, \.int) }
    func optionalDate(_ field: String) throws(PortError) -> Timestamp? { try optional(field, \.date) }
    func optionalBytes(_ field: String) throws(PortError) -> [UInt8]? { try optional(field, \.binary) }

    func string(_ field: String) throws(PortError) -> String { try required(field, optionalString(field)) }
    func int(_ field: String) throws(PortError) -> Int { try required(field, optionalInt(field)) }
    func date(_ field: String) throws(PortError) -> Timestamp { try required(field, optionalDate(field)) }
    func bool(_ field: String) throws(PortError) -> Bool { try required(field, optional(field, \.bool)) }

    func jobID(_ field: String) throws(PortError) -> JobID { try required(field, JobID(string(field))) }

    func named<Value: RawRepresentable<String>>(_ field: String) throws(PortError) -> Value {
        try required(field, Value(rawValue: string(field)))
    }

    func optionalJSON<Value: Decodable>(_ field: String) throws(PortError) -> Value? {
        guard let text = try optionalString(field) else { return nil }
        return try decode(field, Data(text.utf8))
    }

    func json<Value: Decodable>(_ field: String) throws(PortError) -> Value {
        try required(field, optionalJSON(field))
    }

    func optionalBinaryJSON<Value: Decodable>(_ field: String) throws(PortError) -> Value? {
        guard let bytes = try optionalBytes(field) else { return nil }
        return try decode(field, Data(bytes))
    }

    private func decode<Value: Decodable>(_ field: String, _ data: Data) throws(PortError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: data)
        } catch {
            throw damaged(field, cause: error)
        }
    }

    // MARK: Writing

    static func json(_ value: some Encodable) throws(PortError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value))
        } catch {
            throw .mongo(.invalidArgument, "a value cannot be written as JSON: \(error)", cause: error)
        }
    }

    static func text(_ value: some Encodable) throws(PortError) -> BSONValue {
        .string(String(decoding: try json(value), as: UTF8.self))
    }
}

/// Parts of filters and updates that many calls have in common.
enum MongoPart {
    /// The time of what may be claimed at once.
    static let always = BSONValue.date(Timestamp(millisecondsSinceEpoch: 0))
    static let unfinished = names(JobState.allCases.filter { !$0.isTerminal })

    static func names(_ states: [JobState]) -> BSONValue { ["$in": .strings(states.map(\.rawValue))] }

    /// In a pipeline: so long after the server's time at the change.
    static func after(_ duration: Duration) -> BSONValue {
        duration > .zero ? ["$add": ["$$NOW", .int(Int(duration.milliseconds))]] : always
    }

    static func plus(_ field: String, _ number: Int) -> BSONValue { ["$add": [.string("$" + field), .int(number)]] }

    static func running(_ stage: JobStage) -> JobState {
        switch stage {
        case .prepare: .preparing
        case .merge: .merging
        }
    }
}
