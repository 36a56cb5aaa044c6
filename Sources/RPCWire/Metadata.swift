/// Key and value pairs that travel with a call. Keys may repeat; order is kept.
public struct Metadata: Sendable, Equatable {
    /// The most that the keys and values of one call may take together, in bytes.
    public static let maxBytes = 8 * 1024

    public struct Entry: Sendable, Equatable {
        public var key: String
        public var value: [UInt8]

        public init(key: String, value: [UInt8]) {
            self.key = key
            self.value = value
        }
    }

    public private(set) var entries: [Entry]

    public init(_ entries: [Entry] = []) { self.entries = entries }

    public var isEmpty: Bool { entries.isEmpty }

    /// Bytes of all keys and values.
    public var byteCount: Int { entries.reduce(0) { $0 + $1.key.utf8.count + $1.value.count } }

    public mutating func append(_ value: [UInt8], for key: String) {
        entries.append(Entry(key: key, value: value))
    }

    /// The first value of `key`.
    public func first(_ key: String) -> [UInt8]? {
        entries.first { $0.key == key }?.value
    }

    /// The first value of `key` as text; nil where there is none or it is not UTF-8.
    public func string(_ key: String) -> String? {
        first(key).flatMap { String(validating: $0, as: UTF8.self) }
    }
}

extension Metadata: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        entries = elements.map { Entry(key: $0.0, value: [UInt8]($0.1.utf8)) }
    }
}
