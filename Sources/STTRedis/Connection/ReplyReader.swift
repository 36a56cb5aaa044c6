internal import CHiredis

/// Cuts a connection's bytes into replies: the owner of a `redisReader`.
///
/// Concurrency: belongs to one thread.
final class ReplyReader {
    struct Malformed: Error {
        var message: String
    }

    private let reader: UnsafeMutablePointer<redisReader>

    /// `nil` where memory is short.
    init?() {
        guard let reader = redisReaderCreate() else { return nil }
        self.reader = reader
    }

    deinit {
        redisReaderFree(reader)
    }

    func feed(_ bytes: UnsafeRawBufferPointer) throws(Malformed) {
        guard redisReaderFeed(reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count) == REDIS_OK
        else { throw failure }
    }

    /// The next whole reply, if there is one.
    func next() throws(Malformed) -> RedisValue? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw failure }
        guard let object else { return nil }
        defer { freeReplyObject(object) }
        return RedisValue(object.assumingMemoryBound(to: redisReply.self))
    }

    private var failure: Malformed {
        Malformed(
            message: withUnsafeBytes(of: reader.pointee.errstr) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            })
    }
}
