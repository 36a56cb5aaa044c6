/// For tests: what is read and written here, beside protobuf-c's word for it.
package enum PlainMessages {
    /// nil where both agree, or where protobuf-c alone reads and writes `M`.
    package static func disagreement<M: ProtoMessage>(about _: M.Type, _ bytes: [UInt8]) -> String? {
        guard let type = M.self as? any PlainMessage.Type else { return nil }
        return compare(type, bytes)
    }

    private static func compare<M: PlainMessage>(_ type: M.Type, _ bytes: [UInt8]) -> String? {
        let plain = outcome { () throws(ProtoError) in try M.decode(bytes) }
        let generated = outcome { () throws(ProtoError) in
            try bytes.withUnsafeBufferPointer { buffer throws(ProtoError) in
                try M.decodeGenerated(UnsafeRawBufferPointer(buffer))
            }
        }
        switch (plain, generated) {
        case (.failure(let one), .failure(let other)): return one == other ? nil : "\(one), protobuf-c \(other)"
        case (.success(let one), .success(let other)): return difference(one, other)
        default: return "\(plain), protobuf-c \(generated)"
        }
    }

    /// Of the encoded bytes, for a NaN in a message is not equal to itself.
    private static func difference<M: PlainMessage>(_ one: M, _ other: M) -> String? {
        let all = [
            outcome { () throws(ProtoError) in try one.encode() },
            outcome { () throws(ProtoError) in try one.encodeGenerated() },
            outcome { () throws(ProtoError) in try other.encodeGenerated() },
        ]
        return all.allSatisfy { $0 == all[0] } ? nil : "\(all) for \(one) and \(other)"
    }

    private static func outcome<R>(_ body: () throws(ProtoError) -> R) -> Result<R, ProtoError> {
        do throws(ProtoError) {
            return .success(try body())
        } catch {
            return .failure(error)
        }
    }
}
