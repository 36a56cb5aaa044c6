internal import CSTTProto

#if canImport(Glibc)
    internal import Glibc
#endif

/// Reads the fields of an unpacked C message into Swift values.
///
/// The C message lives only as long as the `decode` call that made it, so everything is copied.
struct ProtoReader {
    let arena: DecodingArena

    /// A `string` field. Strict UTF-8, no NUL inside.
    func string(_ pointer: UnsafePointer<CChar>?) throws(ProtoError) -> String {
        guard let pointer, let size = arena.size(of: UnsafeRawPointer(pointer)) else { return "" }
        let count = size - 1
        let bytes = UnsafeRawBufferPointer(start: pointer, count: count)
        guard count == 0 || memchr(pointer, 0, count) == nil else { throw .embeddedNUL }
        guard let string = String(checking: bytes) else { throw .invalidUTF8 }
        return string
    }

    /// A `repeated string` field.
    func strings(
        _ count: Int, _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    ) throws(ProtoError) -> [String] {
        guard let pointers else { return [] }
        var result: [String] = []
        result.reserveCapacity(count)
        for index in 0..<count { result.append(try string(pointers[index])) }
        return result
    }

    /// A `bytes` field.
    func bytes(_ data: ProtobufCBinaryData) -> [UInt8] {
        [UInt8](UnsafeBufferPointer(start: data.data, count: data.len))
    }

    /// A field that is a message; nil where it is not set.
    func message<M: GeneratedMessage>(
        _ pointer: UnsafeMutablePointer<M.CMessage>?, as _: M.Type = M.self
    ) throws(ProtoError) -> M? {
        guard let pointer else { return nil }
        return try M(pointer.pointee, self)
    }

    /// A `repeated` field of messages.
    func messages<M: GeneratedMessage>(
        _ count: Int, _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<M.CMessage>?>?, as _: M.Type = M.self
    ) throws(ProtoError) -> [M] {
        guard let pointers else { return [] }
        var result: [M] = []
        result.reserveCapacity(count)
        for index in 0..<count {
            guard let pointer = pointers[index] else { throw .malformed }
            result.append(try M(pointer.pointee, self))
        }
        return result
    }

    /// A `repeated` field of numbers or enums, each turned into its Swift value.
    func scalars<T: BitwiseCopyable, R>(
        _ count: Int, _ pointer: UnsafeMutablePointer<T>?, _ transform: (T) -> R
    ) -> [R] {
        UnsafeBufferPointer(start: pointer, count: pointer == nil ? 0 : count).map(transform)
    }
}

extension String {
    /// nil where the bytes are not UTF-8.
    fileprivate init?(checking bytes: UnsafeRawBufferPointer) {
        // ASCII needs no validation. `String(validating:as:)` looks generic metadata up at run time: with the two strings of a
        // JobStatus that alone was 3 % of a call's time on the client.
        if bytes.isASCII {
            self.init(decoding: bytes, as: UTF8.self)
        } else {
            self.init(validating: bytes, as: UTF8.self)
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Looks at eight bytes at a time.
    fileprivate var isASCII: Bool {
        var union: UInt64 = 0
        var index = 0
        while index + 8 <= count {
            union |= loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < count {
            union |= UInt64(self[index])
            index += 1
        }
        return union & 0x8080_8080_8080_8080 == 0
    }
}
