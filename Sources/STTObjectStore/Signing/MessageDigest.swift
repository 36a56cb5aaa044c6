import COpenSSL

/// A hash of bytes that come in pieces. Used by one task at a time.
final class MessageDigest {
    enum Algorithm {
        case md5
        case sha256
    }

    private let context: OpaquePointer?

    init(_ algorithm: Algorithm) {
        let type = algorithm == .md5 ? EVP_md5() : EVP_sha256()
        guard let context = EVP_MD_CTX_new() else {
            self.context = nil
            return
        }
        guard EVP_DigestInit_ex(context, type, nil) == 1 else {
            EVP_MD_CTX_free(context)
            self.context = nil
            return
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    func update(_ bytes: some Collection<UInt8>) {
        guard let context else { return }
        // Contiguous for all that is hashed here.
        let isDone: Void? = bytes.withContiguousStorageIfAvailable {
            _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count)
        }
        if isDone == nil { update(Array(bytes)) }
    }

    /// Empty where OpenSSL has no such algorithm, as with MD5 in a FIPS build.
    func finish() -> [UInt8] {
        guard let context else { return [] }
        var result = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard EVP_DigestFinal_ex(context, &result, &count) == 1 else { return [] }
        return Array(result.prefix(Int(count)))
    }

    static func of(_ bytes: some Collection<UInt8>, _ algorithm: Algorithm) -> [UInt8] {
        let digest = MessageDigest(algorithm)
        digest.update(bytes)
        return digest.finish()
    }
}

/// HMAC-SHA256.
func authenticationCode(of text: String, key: [UInt8]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: 32)
    var count = 0
    var text = text
    text.withUTF8 { bytes in
        _ = EVP_Q_mac(
            nil, "HMAC", nil, "SHA256", nil, key, key.count, bytes.baseAddress, bytes.count, &result, result.count,
            &count)
    }
    return result
}

extension Collection<UInt8> {
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(count * 2)
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    var base64: String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let bytes = Array(self)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<Swift.min(start + 3, bytes.count)]
            var bits = group.reduce(0) { $0 << 8 | UInt32($1) }
            bits <<= 8 * UInt32(3 - group.count)
            for index in 0..<4 {
                text.append(index <= group.count ? digits[Int(bits >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
