/// A command as it goes over the wire: an array of bulk strings.
struct RedisCommand: Sendable {
    private(set) var bytes: [UInt8]

    /// - Parameter payload: The last word, where it is no text.
    init(_ words: [String], payload: [UInt8]? = nil) {
        let size = words.reduce(32 + (payload?.count ?? 0)) { $0 + $1.utf8.count + 16 }
        bytes = []
        bytes.reserveCapacity(size)
        append("*", count: words.count + (payload == nil ? 0 : 1))
        for word in words {
            append("$", count: word.utf8.count)
            append(word.utf8)
        }
        if let payload {
            append("$", count: payload.count)
            append(payload)
        }
    }

    init(_ words: String...) {
        self.init(words)
    }

    private mutating func append(_ sign: Unicode.Scalar, count: Int) {
        bytes.append(UInt8(ascii: sign))
        append(String(count).utf8)
    }

    private mutating func append(_ content: some Sequence<UInt8>) {
        bytes.append(contentsOf: content)
        bytes.append(UInt8(ascii: "\r"))
        bytes.append(UInt8(ascii: "\n"))
    }
}
