import COpenSSL

/// SHA-256 of bytes as they come (FIPS 180-4), by OpenSSL.
///
/// Concurrency: not Sendable; belongs to what holds it.
package struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer

    /// `nil` where OpenSSL has no memory, or was built without the hash.
    package init?() {
        guard let context = EVP_MD_CTX_new() else { return nil }
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            EVP_MD_CTX_free(context)
            return nil
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    package mutating func update(_ bytes: [UInt8]) {
        let added = bytes.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        precondition(added == 1, "a digest that was begun takes any bytes")
    }

    /// Lower-case hexadecimal. Nothing may be added afterwards.
    package mutating func finish() -> String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        let ended = EVP_DigestFinal_ex(context, &digest, &count)
        precondition(ended == 1, "a digest that was begun can be ended")
        let digits = Array("0123456789abcdef")
        return String(digest[..<Int(count)].flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    /// Of a text's UTF-8 bytes, in lower-case hexadecimal. `nil` as for `init`.
    package static func hash(_ text: String) -> String? {
        guard var hasher = SHA256Hasher() else { return nil }
        hasher.update(Array(text.utf8))
        return hasher.finish()
    }
}
