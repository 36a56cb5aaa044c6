#if canImport(Glibc)
    internal import Glibc
#endif

/// Writes a message from its last field to its first, so that the length of a nested message is known when it is due: one
/// pass, and nothing is moved.
///
/// Fields that have their default are left out, as protobuf-c does.
struct WireWriter: ~Copyable {
    /// Most messages need no more than this.
    static let firstChunkBytes = 1024

    private var base: UnsafeMutableRawPointer
    private var low: UnsafeMutableRawPointer
    private var end: UnsafeMutableRawPointer
    /// Whether the memory is this writer's own: the first chunk is the caller's.
    private var isOwner = false
    /// A string holds a NUL: protobuf-c is to say so.
    private(set) var isOdd = false

    /// - Parameter chunk: Has to outlive the writer.
    init(_ chunk: UnsafeMutableRawBufferPointer) {
        guard let start = chunk.baseAddress else { preconditionFailure("a writer begins with memory") }
        base = start
        end = start + chunk.count
        low = end
    }

    deinit { if isOwner { free(base) } }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: low, count: end - low) }

    private mutating func take(_ count: Int) -> UnsafeMutableRawPointer {
        if low - base < count { grow(count) }
        low -= count
        return low
    }

    private mutating func grow(_ count: Int) {
        let used = end - low
        let capacity = 2 * (end - base + count)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        (larger + (capacity - used)).copyMemory(from: low, byteCount: used)
        if isOwner { free(base) }
        isOwner = true
        base = larger
        end = larger + capacity
        low = end - used
    }

    private mutating func varint(_ value: UInt64) {
        if value < 0x80 {
            take(1).storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
            return
        }
        let count = (70 - value.leadingZeroBitCount) / 7
        let place = take(count).assumingMemoryBound(to: UInt8.self)
        var rest = value
        for index in 0..<count - 1 {
            place[index] = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
        }
        place[count - 1] = UInt8(truncatingIfNeeded: rest)
    }

    private mutating func tag(_ field: UInt64, _ type: WireType) { varint(field << 3 | type.rawValue) }

    /// An `uint64` field.
    mutating func uint64(_ field: UInt64, _ value: Int) {
        guard value > 0 else { return }
        varint(UInt64(value))
        tag(field, .varint)
    }

    /// An `uint32` field.
    mutating func uint32(_ field: UInt64, _ value: Int) { uint64(field, Int(UInt32(clamping: value))) }

    mutating func bool(_ field: UInt64, _ value: Bool) { uint64(field, value ? 1 : 0) }

    mutating func float(_ field: UInt64, _ value: Float) {
        if value == 0 { return }
        take(4).storeBytes(of: value.bitPattern.littleEndian, as: UInt32.self)
        tag(field, .fixed32)
    }

    mutating func string(_ field: UInt64, _ value: String) {
        if !value.isEmpty { element(field, value) }
    }

    /// A `repeated string` field.
    mutating func strings(_ field: UInt64, _ values: [String]) {
        for value in values.reversed() { element(field, value) }
    }

    private mutating func element(_ field: UInt64, _ value: String) {
        var value = value
        let count = value.utf8.count
        let place = take(count)
        let isPlain = value.withUTF8 { utf8 in
            guard let start = utf8.baseAddress, count > 0 else { return true }
            place.copyMemory(from: start, byteCount: count)
            return memchr(start, 0, count) == nil
        }
        if !isPlain { isOdd = true }
        varint(UInt64(count))
        tag(field, .lengthDelimited)
    }

    /// A field that is a message; nil leaves it out.
    mutating func message(_ field: UInt64, _ value: (some PlainMessage)?) {
        guard let value else { return }
        let before = end - low
        value.writeFields(&self)
        varint(UInt64(end - low - before))
        tag(field, .lengthDelimited)
    }

    /// A `repeated` field of messages.
    mutating func messages(_ field: UInt64, _ values: [some PlainMessage]) {
        for value in values.reversed() { message(field, value) }
    }
}

enum WireType: UInt64 {
    case varint = 0
    case lengthDelimited = 2
    case fixed32 = 5
}
