internal import CHiredis

/// A reply, or an element of one.
enum RedisValue: Sendable, Hashable {
    case null
    case integer(Int)
    case string([UInt8])
    /// A simple string, such as "OK".
    case status(String)
    /// What a server refused, beginning with a code word.
    case error(String)
    case array([RedisValue])

    /// Copies what hiredis read.
    init(_ reply: UnsafePointer<redisReply>) {
        let bytes = UnsafeRawBufferPointer(
            start: reply.pointee.str, count: reply.pointee.str == nil ? 0 : reply.pointee.len)
        switch reply.pointee.type {
        case REDIS_REPLY_INTEGER: self = .integer(Int(reply.pointee.integer))
        case REDIS_REPLY_STRING: self = .string(Array(bytes))
        case REDIS_REPLY_STATUS: self = .status(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_ERROR: self = .error(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_ARRAY:
            let elements = UnsafeBufferPointer(
                start: reply.pointee.element, count: reply.pointee.element == nil ? 0 : reply.pointee.elements)
            self = .array(elements.map { $0.map { RedisValue($0) } ?? .null })
        default: self = .null
        }
    }

    var integer: Int? {
        switch self {
        case .integer(let value): value
        case .string, .status: text.flatMap { Int($0) }
        case .null, .error, .array: nil
        }
    }

    /// `nil` also where the bytes are no UTF-8.
    var text: String? {
        switch self {
        case .string(let bytes): String(validating: bytes, as: UTF8.self)
        case .status(let text): text
        case .null, .integer, .error, .array: nil
        }
    }

    var elements: [RedisValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }
}
