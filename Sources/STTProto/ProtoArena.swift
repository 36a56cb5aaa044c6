internal import CSTTProto

#if canImport(Glibc)
    internal import Glibc
#endif

/// The memory that a C message points into while it is being written.
///
/// Filling in a message cannot fail half way: what is wrong is remembered in ``failure`` and thrown once at the end.
///
/// Concurrency: lives on the stack of one `encode` call; never shared.
final class ProtoArena {
    private static let chunkBytes = 1024

    /// Most messages need no more than this.
    static let firstChunkBytes = 1024

    /// Beyond the first, which is the caller's.
    @exclusivity(unchecked) private var chunks: [UnsafeMutableRawPointer] = []
    private var chunk: UnsafeMutableRawPointer
    private var used = 0
    private var capacity: Int
    @exclusivity(unchecked) private(set) var failure: ProtoError?

    /// Whether the message needs more than the first chunk.
    var isSpilled: Bool { !chunks.isEmpty }

    /// - Parameter firstChunk: Has to outlive the arena.
    init(firstChunk: UnsafeMutableRawBufferPointer) {
        guard let base = firstChunk.baseAddress else { preconditionFailure("an arena begins with memory") }
        chunk = base
        capacity = firstChunk.count
    }

    deinit {
        for chunk in chunks { free(chunk) }
    }

    private func allocate(_ size: Int) -> UnsafeMutableRawPointer {
        let rounded = (size + 15) & ~15
        if capacity - used < rounded {
            capacity = max(Self.chunkBytes, rounded)
            used = 0
            chunk = .allocate(byteCount: capacity, alignment: 16)
            chunks.append(chunk)
        }
        defer { used += rounded }
        return chunk + used
    }

    /// A `string` field.
    func string(_ value: String) -> UnsafeMutablePointer<CChar>? {
        if value.isEmpty { return nil }
        var value = value
        return value.withUTF8 { utf8 in
            if let start = utf8.baseAddress, memchr(start, 0, utf8.count) != nil { failure = .embeddedNUL }
            let copy = allocate(utf8.count + 1)
            UnsafeMutableRawBufferPointer(start: copy, count: utf8.count).copyMemory(from: UnsafeRawBufferPointer(utf8))
            copy.storeBytes(of: 0, toByteOffset: utf8.count, as: UInt8.self)
            return copy.assumingMemoryBound(to: CChar.self)
        }
    }

    /// A `repeated string` field: its count and its pointers.
    func strings(_ values: [String]) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
        if values.isEmpty { return (0, nil) }
        let pointers = array(of: UnsafeMutablePointer<CChar>?.self, count: values.count)
        for (index, value) in values.enumerated() {
            // A nil entry would be read as a missing pointer, so an empty string gets its terminator.
            pointers[index] = string(value) ?? emptyString()
        }
        return (values.count, pointers)
    }

    /// A `bytes` field.
    func bytes(_ value: [UInt8]) -> ProtobufCBinaryData {
        if value.isEmpty { return ProtobufCBinaryData(len: 0, data: nil) }
        let copy = allocate(value.count)
        value.withUnsafeBytes { raw in
            UnsafeMutableRawBufferPointer(start: copy, count: raw.count).copyMemory(from: raw)
        }
        return ProtobufCBinaryData(len: value.count, data: copy.assumingMemoryBound(to: UInt8.self))
    }

    /// A field that is a message; nil leaves it unset.
    func message<M: GeneratedMessage>(_ value: M?) -> UnsafeMutablePointer<M.CMessage>? {
        guard let value else { return nil }
        let pointer = array(of: M.CMessage.self, count: 1)
        M.initialize(pointer)
        value.write(to: &pointer.pointee, self)
        return pointer
    }

    /// A `repeated` field of messages: its count and its pointers.
    func messages<M: GeneratedMessage>(
        _ values: [M]
    ) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<M.CMessage>?>?) {
        if values.isEmpty { return (0, nil) }
        let pointers = array(of: UnsafeMutablePointer<M.CMessage>?.self, count: values.count)
        for (index, value) in values.enumerated() { pointers[index] = message(value) }
        return (values.count, pointers)
    }

    /// A `repeated` field of numbers or enums: its count and its elements.
    func scalars<T, R: BitwiseCopyable>(_ values: [T], _ transform: (T) -> R) -> (Int, UnsafeMutablePointer<R>?) {
        if values.isEmpty { return (0, nil) }
        let elements = array(of: R.self, count: values.count)
        for (index, value) in values.enumerated() { elements[index] = transform(value) }
        return (values.count, elements)
    }

    private func array<T>(of type: T.Type, count: Int) -> UnsafeMutablePointer<T> {
        allocate(max(1, MemoryLayout<T>.stride * count)).bindMemory(to: T.self, capacity: count)
    }

    private func emptyString() -> UnsafeMutablePointer<CChar> {
        let pointer = array(of: CChar.self, count: 1)
        pointer.pointee = 0
        return pointer
    }
}
