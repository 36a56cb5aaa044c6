/// Reads choices off the front of a fuzzer's input. Past the end every choice is 0.
struct FuzzInput {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isEmpty: Bool { position >= bytes.count }

    mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    /// One of `0..<count`.
    mutating func choice(_ count: Int) -> Int { Int(byte()) % max(1, count) }

    mutating func flag() -> Bool { byte() & 1 == 1 }

    mutating func uint16() -> Int { Int(byte()) << 8 | Int(byte()) }

    mutating func uint32() -> UInt32 { UInt32(uint16()) << 16 | UInt32(uint16()) }

    /// The next `count` bytes, or what is left.
    mutating func take(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, position + count)
        defer { position = end }
        return Array(bytes[min(position, end)..<end])
    }

    mutating func rest() -> [UInt8] { take(bytes.count) }

    /// A number of any size, with those at which something changes more likely than others.
    mutating func interestingUInt64() -> UInt64 {
        switch choice(8) {
        case 0: UInt64(byte())
        case 1: UInt64(uint16())
        case 2: UInt64(uint32())
        case 3: .max
        case 4: .max - UInt64(byte())
        case 5: 1 << UInt64(choice(64))
        case 6: (1 << UInt64(choice(64))) &- 1
        default: UInt64(uint32()) << 32 | UInt64(uint32())
        }
    }
}
