@testable import RPCWire
import STTProto
import Testing

@Suite("Control messages")
struct ControlMessageTests {
    @Test func `each message survives a round trip`() throws {
        let hello = ControlMessage.Hello(
            limits: .init(maxMessageBytes: 1, maxStreams: 2, initialWindowBytes: 3, maxFrameBytes: 4),
            keepaliveFloorMilliseconds: 5, token: [0, 1, 255], instanceID: "é", agent: "a")
        #expect(try ControlMessage.Hello.decode(hello.encode()) == hello)
        let call = ControlMessage.Call(
            method: "a/B", deadlineMilliseconds: .max,
            metadata: [.init(key: "k", value: [1]), .init(key: "", value: [])], idempotencyKey: "i", traceparent: "t")
        #expect(try ControlMessage.Call.decode(call.encode()) == call)
        let end = ControlMessage.End(
            code: 8, message: "m", details: [9], retryAfterMilliseconds: 10, metadata: [.init(key: "k", value: [2])])
        #expect(try ControlMessage.End.decode(end.encode()) == end)
        let cancel = ControlMessage.Cancel(code: 1, message: "x")
        #expect(try ControlMessage.Cancel.decode(cancel.encode()) == cancel)
        let window = ControlMessage.Window(limit: .max)
        #expect(try ControlMessage.Window.decode(window.encode()) == window)
        let goAway = ControlMessage.GoAway(lastStream: 7, reason: 9, message: "y", graceMilliseconds: 11)
        #expect(try ControlMessage.GoAway.decode(goAway.encode()) == goAway)
    }

    @Test func `the default message is no bytes, and no bytes are the default message`() throws {
        #expect(try ControlMessage.End(code: 0).encode() == [])
        #expect(try ControlMessage.End.decode([]) == ControlMessage.End(code: 0))
    }

    @Test func `a string that is not UTF-8 is refused`() {
        #expect(throws: ProtoError.invalidUTF8) { try ControlMessage.Cancel.decode([0x12, 2, 0xC3, 0x28]) }
    }

    @Test func `a NUL within a string is refused both ways`() {
        #expect(throws: ProtoError.embeddedNUL) { try ControlMessage.Cancel.decode([0x12, 3, 0x61, 0, 0x62]) }
        #expect(throws: ProtoError.embeddedNUL) { try ControlMessage.Cancel.decode([0x12, 1, 0]) }
        #expect(throws: ProtoError.embeddedNUL) { try ControlMessage.Cancel(code: 1, message: "a\0b").encode() }
    }

    @Test func `truncated and garbage bytes are malformed`() {
        #expect(throws: ProtoError.malformed) { try ControlMessage.Cancel.decode([0x12, 5, 0x61]) }
        #expect(throws: ProtoError.malformed) { try ControlMessage.Hello.decode([0xFF, 0xFF, 0xFF]) }
    }

    @Test func `a message that unpacks to far more than its size is refused`() {
        // A CALL with half a million empty metadata entries: two bytes each on the wire.
        let bytes = [UInt8]((0..<500_000).flatMap { _ in [0x1A, 0] as [UInt8] })
        #expect(throws: ProtoError.overBudget) { try ControlMessage.Call.decode(bytes) }
    }

    @Test func `what is read and written without protobuf-c is what protobuf-c reads and writes`() throws {
        for limit in [0, 1, 127, 128, 16_383, 16_384, 1 << 35, 1 << 63, UInt64.max - 1, .max] {
            let window = ControlMessage.Window(limit: limit)
            var frame: [UInt8] = []
            window.appendFrame(to: &frame, stream: 5)
            var expected: [UInt8] = []
            try expected.appendFrame(.window, stream: 5, payload: window.encode())
            #expect(frame == expected)
            #expect(try frame[12...].withUnsafeBytes { try ControlMessage.Window.read($0) } == window)
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let call = ControlMessage.Call(
                method: Bool.random() ? "stt.v1.SpeechToText/Status" : "é/\(UInt8.random(in: .min ... .max))",
                deadlineMilliseconds: generator.next() >> UInt64.random(in: 0...64),
                metadata: Int.random(in: 0..<4) == 0 ? [.init(key: "k", value: [1])] : [],
                idempotencyKey: Bool.random() ? "key" : "", traceparent: Bool.random() ? "00-1" : "")
            var bytes = try call.encode()
            #expect(try call.encodedPayload() == bytes)
            #expect(try bytes.withUnsafeBytes { try ControlMessage.Call.read($0) } == call)
            // Whatever is wrong with it, both say the same.
            for _ in 0..<Int.random(in: 1...3) { bytes[Int.random(in: 0..<bytes.count)] = .random(in: .min ... .max) }
            let plain = bytes.withUnsafeBytes { ControlMessage.Call.readPlain($0) }
            if let plain { #expect(try plain == ControlMessage.Call.decode(bytes), "\(bytes)") }
            for count in 0..<bytes.count {
                let cut = Array(bytes[..<count])
                guard let plain = cut.withUnsafeBytes({ ControlMessage.Call.readPlain($0) }) else { continue }
                #expect(try plain == ControlMessage.Call.decode(cut), "\(cut)")
            }
        }
    }

    @Test func `a request of audio is its tag, its length and the bytes`() throws {
        for (count, length) in [
            (1, [1]), (127, [0x7F]), (128, [0x80, 0x01]), (300, [0xAC, 0x02]), (262_144, [0x80, 0x80, 0x10]),
        ] as [(Int, [UInt8])] {
            let audio = [UInt8](repeating: 7, count: count)
            let bytes = [0x12] + length + audio
            #expect(try SubmitRequest.audio(audio).encode() == bytes)
            #expect(try SubmitRequest.decode(bytes) == .audio(audio))
            #expect(try SubmitRequest.decode(owned: bytes) == .audio(audio))
            #expect(throws: ProtoError.self) { try SubmitRequest.decode(Array(bytes.dropLast())) }
            // With a second field after it: protobuf-c reads that, and the last one counts.
            #expect(try SubmitRequest.decode(bytes + [0x12, 1, 9]) == .audio([9]))
        }
        #expect(try SubmitRequest.decode([0x12, 0]) == .audio([]))
        #expect(try SubmitRequest.decode(SubmitRequest.audio([]).encode()) == .audio([]))
    }
}
