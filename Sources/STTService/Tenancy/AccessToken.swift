import COpenSSL

/// A secret that names a tenant. Only its SHA-256 is ever stored.
public enum AccessToken {
    /// Tells people and secret scanners what it is.
    public static let prefix = "stt_"
    private static let randomWords = 4

    /// Makes a token of 256 random bits, from the system's own generator (`getrandom`).
    public static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        let words = (0..<randomWords).map { _ in generator.next() }
        return prefix + base64URL(words.flatMap { word in withUnsafeBytes(of: word) { [UInt8]($0) } })
    }

    /// SHA-256 in lower-case hexadecimal, as it stands in a token file. nil where OpenSSL has no memory.
    public static func hash(_ token: String) -> String? { SHA256Hasher.hash(token) }

    /// RFC 4648 §5, without padding.
    private static func base64URL(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var text = ""
        var (bits, count) = (0, 0)
        for byte in bytes {
            bits = (bits << 8 | Int(byte)) & 0xFFFF
            count += 8
            while count >= 6 {
                count -= 6
                text.append(digits[bits >> count & 63])
            }
        }
        if count > 0 { text.append(digits[bits << (6 - count) & 63]) }
        return text
    }
}

/// Hashes that are looked up without telling by the time it takes which of them come close.
struct TokenHashes: Sendable {
    static let byteCount = 32

    private var bytes: [UInt8] = []
    private(set) var count = 0

    mutating func append(_ hash: [UInt8]) {
        precondition(hash.count == Self.byteCount, "a SHA-256 has 32 bytes")
        bytes += hash
        count += 1
    }

    /// The place of a hash. Every one is compared, whole, wherever a match is.
    func index(of hash: [UInt8]) -> Int? {
        guard hash.count == Self.byteCount else { return nil }
        var found = -1
        bytes.withUnsafeBytes { all in
            hash.withUnsafeBytes { hash in
                for index in 0..<count {
                    let start = all.baseAddress?.advanced(by: index * Self.byteCount)
                    let differs = CRYPTO_memcmp(start, hash.baseAddress, Self.byteCount)
                    // Without a branch: all ones where nothing differs.
                    let mask = (Int(differs) | -Int(differs)) >> (Int.bitWidth - 1)
                    found = (found & mask) | (index & ~mask)
                }
            }
        }
        return found < 0 ? nil : found
    }
}

extension SHA256Hasher {
    /// The digest itself. nil where OpenSSL has no memory.
    static func digest(_ bytes: [UInt8]) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: TokenHashes.byteCount)
        guard EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil) == 1 else { return nil }
        return digest
    }
}
