internal import STTCore
internal import STTProto

/// Events as the bytes that go through Redis.
///
/// Anybody who reaches the server can publish on our channels, so what is read is checked: numbers that arithmetic would
/// trap on are refused with the rest of the message.
enum EventCodec {
    /// The bytes are no event, or one that cannot be.
    struct Unreadable: Error {}

    /// Nothing real comes near it, and a thousand times as much fits an `Int`.
    private static let largest = 1 << 48

    static func encode(_ event: JobEvent) -> [UInt8] {
        switch event {
        case .chunkDone(let chunk):
            do throws(ProtoError) {
                return try JobEventMessage(job: chunk.job.description, event: .chunkDone(EventChunk(chunk))).encode()
            } catch {
                // Text that a message cannot carry, such as a NUL: the streams read it from the store.
                return encode(.jobChanged(chunk.job))
            }
        case .jobChanged(let id):
            // An id's text is always carried.
            return (try? JobEventMessage(job: id.description, event: .jobChanged).encode()) ?? []
        }
    }

    static func encode(_ event: ControlEvent) -> [UInt8] {
        switch event {
        case .stop(let id): (try? ControlEventMessage(stop: id.description).encode()) ?? []
        }
    }

    static func decodeJobEvent(_ bytes: [UInt8]) throws(Unreadable) -> JobEvent {
        guard let message = try? JobEventMessage.decode(bytes), let job = JobID(message.job) else { throw Unreadable() }
        switch message.event {
        case .chunkDone(let chunk): return .chunkDone(try Chunk(chunk, job: job))
        case .jobChanged: return .jobChanged(job)
        }
    }

    static func decodeControlEvent(_ bytes: [UInt8]) throws(Unreadable) -> ControlEvent {
        guard let message = try? ControlEventMessage.decode(bytes), let job = JobID(message.stop) else {
            throw Unreadable()
        }
        return .stop(job)
    }

    static func position(_ value: Int) throws(Unreadable) -> Int {
        guard (0...largest).contains(value) else { throw Unreadable() }
        return value
    }

    /// Engines may be a little off at the start of a recording, so it may be negative.
    static func time(_ value: Int) throws(Unreadable) -> Int {
        guard (-largest...largest).contains(value) else { throw Unreadable() }
        return value
    }

    static func real(_ value: Double) throws(Unreadable) -> Double {
        guard value.isFinite, value.magnitude < 1e9 else { throw Unreadable() }
        return value
    }

    static func all<A, B>(_ elements: [A], _ read: (A) throws(Unreadable) -> B) throws(Unreadable) -> [B] {
        var result: [B] = []
        result.reserveCapacity(elements.count)
        for element in elements { result.append(try read(element)) }
        return result
    }
}
