internal import RPCWire
internal import STTProto

/// The payloads of CALL for calls that are nothing but a method and perhaps a deadline, each encoded once.
struct EncodedMethods {
    /// A program that makes method names up does not fill the memory with them.
    private static let mostMethods = 64

    /// Most calls are of the method of the call before.
    private var last: (method: String, payload: [UInt8])?
    private var payloads: [String: [UInt8]] = [:]

    /// nil where the method's name cannot be sent.
    mutating func payload(of method: String) -> [UInt8]? {
        if let last, last.method == method { return last.payload }
        let payload: [UInt8]
        if let known = payloads[method] {
            payload = known
        } else {
            guard method.utf8.count <= 1024, !method.utf8.contains(0),
                let encoded = try? ControlMessage.Call(method: method).encodedPayload()
            else { return nil }
            if payloads.count >= Self.mostMethods { payloads = [:] }
            payloads[method] = encoded
            payload = encoded
        }
        last = (method, payload)
        return payload
    }
}
