// The compiler attributes sockaddr to the module that included its header first.
import CCurl
import Glibc

/// An IP address. One of version 4 that is mapped into version 6 is one of version 4.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// 4 or 16 bytes in network order.
    package let bytes: [UInt8]

    static let unspecified = IPAddress(normalising: [0, 0, 0, 0])

    /// `nil` unless the text is an address such as `192.0.2.1` or `2001:db8::1`.
    package init?(_ text: String) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(normalising: withUnsafeBytes(of: &four) { Array($0) })
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            self.init(normalising: withUnsafeBytes(of: &six) { Array($0) })
        } else {
            return nil
        }
    }

    /// `nil` for an address of another family.
    init?(_ address: UnsafePointer<sockaddr>, length: Int) {
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
            let found = raw.loadUnaligned(as: sockaddr_in.self)
            self.init(normalising: withUnsafeBytes(of: found.sin_addr) { Array($0) })
        case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
            let found = raw.loadUnaligned(as: sockaddr_in6.self)
            self.init(normalising: withUnsafeBytes(of: found.sin6_addr) { Array($0) })
        default:
            return nil
        }
    }

    private init(normalising bytes: [UInt8]) {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        self.bytes = bytes.starts(with: mapped) ? Array(bytes[12...]) : bytes
    }

    package var description: String {
        if bytes.count == 4 { return bytes.map(String.init).joined(separator: ".") }
        return stride(from: 0, to: bytes.count, by: 2)
            .map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }.joined(separator: ":")
    }
}

extension IPAddress {
    /// Whether the address is one of the public internet, by IANA's registries of special-purpose addresses.
    package var isPublic: Bool {
        if bytes.count == 4 { return !Self.special4.contains(where: contains) }
        // 2000::/3 is all that has been given out. Within it, addresses that carry one of version 4 could lead to it.
        return bytes[0] & 0xE0 == 0x20 && !Self.special6.contains(where: contains)
    }

    private func contains(_ range: (prefix: [UInt8], bits: Int)) -> Bool {
        for (index, byte) in range.prefix.enumerated() {
            let bits = min(8, range.bits - index * 8)
            guard bits > 0 else { break }
            let mask = UInt8(truncatingIfNeeded: 0xFF << (8 - bits))
            guard bytes[index] & mask == byte & mask else { return false }
        }
        return true
    }

    private static let special4: [(prefix: [UInt8], bits: Int)] = [
        ([0], 8), ([10], 8), ([100, 64], 10), ([127], 8), ([169, 254], 16), ([172, 16], 12), ([192, 0, 0], 24),
        ([192, 0, 2], 24), ([192, 88, 99], 24), ([192, 168], 16), ([198, 18], 15), ([198, 51, 100], 24),
        ([203, 0, 113], 24),
        // Multicast, reserved and broadcast.
        ([224], 3),
    ]

    private static let special6: [(prefix: [UInt8], bits: Int)] = [
        // Teredo, ORCHID and others, documentation, 6to4.
        ([0x20, 0x01, 0x00], 23), ([0x20, 0x01, 0x0D, 0xB8], 32), ([0x20, 0x02], 16), ([0x3F, 0xFF, 0x00], 20),
    ]
}
