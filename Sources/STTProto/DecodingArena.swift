internal import CSTTProto

#if canImport(Glibc)
    internal import Glibc
#endif

/// The memory of one message while it is being read: a bump allocator under a budget, behind protobuf-c's allocator
/// interface.
///
/// Every allocation is preceded by its size, so that a string's true length is known: protobuf-c terminates strings
/// with a NUL and forgets how long they were, which would hide a NUL inside one.
///
/// Concurrency: lives on the stack of one `decode` call; never shared.
final class DecodingArena {
    private struct Chunk {
        let base: UnsafeMutableRawPointer
        let size: Int
    }

    private static let headerBytes = 16
    private static let minimumChunkBytes = 1024
    /// Most messages need no more than this.
    static let firstChunkBytes = 1024

    private let first: Chunk
    /// Beyond the first, which is the caller's.
    @exclusivity(unchecked) private var chunks: [Chunk] = []
    private var current: Chunk
    private var used = 0
    private var remainingBudget: Int
    private let chunkBytes: Int
    private(set) var isExhausted = false

    /// - Parameter firstChunk: Has to outlive the arena.
    init(messageBytes: Int, firstChunk: UnsafeMutableRawBufferPointer) {
        guard let base = firstChunk.baseAddress else { preconditionFailure("an arena begins with memory") }
        first = Chunk(base: base, size: firstChunk.count)
        current = first
        remainingBudget = ProtoDecodingBudget.bytes(forMessageOf: messageBytes)
        chunkBytes = max(Self.minimumChunkBytes, messageBytes * 2)
    }

    deinit {
        for chunk in chunks { free(chunk.base) }
    }

    func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
        let rounded = (size + 15) & ~15
        let total = rounded + Self.headerBytes
        guard size >= 0, total <= remainingBudget else {
            isExhausted = true
            return nil
        }
        remainingBudget -= total
        if current.size - used < total {
            let capacity = max(chunkBytes, total)
            guard let base = malloc(capacity) else {
                isExhausted = true
                return nil
            }
            current = Chunk(base: base, size: capacity)
            chunks.append(current)
            used = 0
        }
        let header = current.base + used
        used += total
        header.storeBytes(of: size, as: Int.self)
        return header + Self.headerBytes
    }

    /// The size asked for at the allocation of `pointer`, or nil where this arena did not make it (a default value of
    /// the generated code).
    func size(of pointer: UnsafeRawPointer) -> Int? {
        guard isWithin(first, pointer) || chunks.contains(where: { isWithin($0, pointer) }) else { return nil }
        return (pointer - Self.headerBytes).load(as: Int.self)
    }

    private func isWithin(_ chunk: Chunk, _ pointer: UnsafeRawPointer) -> Bool {
        pointer > UnsafeRawPointer(chunk.base) && pointer < UnsafeRawPointer(chunk.base) + chunk.size
    }

    /// Calls `body` with protobuf-c's view of this arena. The allocator must not outlive the call.
    func withAllocator<R>(_ body: (UnsafeMutablePointer<ProtobufCAllocator>) -> R) -> R {
        var allocator = ProtobufCAllocator(
            alloc: { data, size in
                guard let data else { return nil }
                return Unmanaged<DecodingArena>.fromOpaque(data).takeUnretainedValue().allocate(size)
            },
            free: { _, _ in },
            allocator_data: Unmanaged.passUnretained(self).toOpaque())
        return withExtendedLifetime(self) { withUnsafeMutablePointer(to: &allocator, body) }
    }
}
