import STTProto
import Testing

@Suite("Messages read and written by hand, beside protobuf-c")
struct PlainMessageTests {
    private static let word = Word(startMilliseconds: 1, endMilliseconds: 300, text: "señor", probability: 0.5)
    private static let segment = Segment(
        startMilliseconds: 0, endMilliseconds: 128, text: "a line\n", avgLogProbability: -0.25,
        noSpeechProbability: .leastNonzeroMagnitude, words: [word, Word()], channel: 2, flags: ["repetition", ""])
    private static let partial = Partial(
        chunk: 7, startMilliseconds: 203_000, endMilliseconds: .max, text: String(repeating: "and so on ", count: 300),
        segments: [segment, Segment()], gaps: [Gap(code: "c", message: "m")], engineMilliseconds: 1, attempts: 1,
        guards: [GuardNoteMessage(kind: "dropped_no_speech", endMilliseconds: 4, detail: "…")])
    private static let status = JobStatus(
        jobID: "j", state: .completed, filename: "f.flac",
        audio: AudioInfo(format: "WAV", sampleRateHz: 44_100, channels: 2, bytes: 1 << 40, sha256: "00ff"),
        chunksTotal: 25, chunksDone: -1, error: JobError(code: "x", message: "y"), createdAtMilliseconds: 1 << 50,
        options: TranscriptionOptionsMessage(language: "en", translate: true, segmentation: .speech, carryPrompt: true),
        language: "en", chunkAttempts: .max, priority: .low)

    private static func disagreement<M: ProtoMessage>(_ message: M) throws -> String? {
        PlainMessages.disagreement(about: M.self, try message.encode())
    }

    @Test func `both read and write the same, and it comes back`() throws {
        for reply in [
            StreamResultReply.partial(Self.partial), .partial(Partial()), .status(Self.status), .status(JobStatus()),
        ] {
            let bytes = try reply.encode()
            #expect(try StreamResultReply.decode(bytes).encode() == bytes)
            #expect(PlainMessages.disagreement(about: StreamResultReply.self, bytes) == nil)
        }
        #expect(
            try StreamResultReply.decode(StreamResultReply.partial(Self.partial).encode()) == .partial(Self.partial))
        #expect(try Self.disagreement(Self.status) == nil)
        #expect(try Self.disagreement(StatusRequest(jobID: "é")) == nil)
        #expect(try StreamResultReply.unrecognized.encode() == [])
    }

    @Test func `a NUL in a string is refused both ways`() {
        #expect(throws: ProtoError.embeddedNUL) { try StatusRequest(jobID: "a\0b").encode() }
        let texts: [[UInt8]] = [
            [0], [0x61, 0, 0x62], [UInt8](repeating: 0x61, count: 15) + [0], [0xC3, 0xA9, 0],
        ]
        for text in texts {
            let bytes: [UInt8] = [0x0A, UInt8(text.count)] + text
            #expect(throws: ProtoError.embeddedNUL) { try StatusRequest.decode(bytes) }
        }
        for place in 0..<16 {
            var text = [UInt8](repeating: 0x61, count: 16)
            text[place] = 0
            let withNUL: [UInt8] = [0x0A, 16] + text
            #expect(throws: ProtoError.embeddedNUL) { try StatusRequest.decode(withNUL) }
            text[place] = 0xFF
            let withoutUTF8: [UInt8] = [0x0A, 16] + text
            #expect(throws: ProtoError.invalidUTF8) { try StatusRequest.decode(withoutUTF8) }
        }
    }

    private static let oddities: [[UInt8]] = [
        // An unknown field; a field twice; a message twice, to be merged; a wrong type; a length beyond the end; numbers
        // that are cut off, too long or out of range; a tag that takes more bytes than it has to; a group.
        [0xF8, 1, 5], [0x08, 1, 0x08, 2], [0x22, 2, 0x08, 5, 0x22, 2, 0x10, 6], [0x0D, 1, 2, 3, 4], [0x0A, 5, 1],
        [0x10], [0x10, 0x80], [0x28, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
        [0x40, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], [0x8A, 0, 1, 0x61], [0x8A, 0x80, 0, 1, 0x61],
        [0x10, 99], [0x10, 0x88, 0], [0x0A, 0x81, 0, 0x61], [0x0A, 0x81, 0x80, 0x80, 0x80, 0x80, 0, 0x61],
        [0x0B, 0x0C],
        [0x00, 1], [0x22, 0], [0x0A, 0], [],
    ]

    @Test(arguments: oddities)
    func `what is not plain is what protobuf-c takes it for`(bytes: [UInt8]) {
        #expect(PlainMessages.disagreement(about: JobStatus.self, bytes) == nil)
        #expect(PlainMessages.disagreement(about: Partial.self, bytes) == nil)
        #expect(PlainMessages.disagreement(about: StreamResultReply.self, bytes) == nil)
        let nested = [0x0A, UInt8(bytes.count)] + bytes
        #expect(PlainMessages.disagreement(about: StreamResultReply.self, nested) == nil)
        #expect(PlainMessages.disagreement(about: StreamResultReply.self, nested + nested) == nil)
    }

    @Test func `elements without end are left to the budget`() {
        let many = (0..<2000).flatMap { _ -> [UInt8] in [0x2A, 0] }
        #expect(PlainMessages.disagreement(about: Partial.self, many) == nil)
    }

    @Test func `damaged messages are what protobuf-c takes them for`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var state = seed
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let reply = try StreamResultReply.partial(Self.partial).encode()
        let samples = [try Self.segment.encode(), try Self.status.encode(), Array(reply.prefix(200)), reply]
        for _ in 0..<5000 {
            var bytes = samples[random(samples.count)]
            for _ in 0...random(3) where !bytes.isEmpty {
                switch random(4) {
                case 0: bytes[random(bytes.count)] = UInt8(random(256))
                case 1: bytes.remove(at: random(bytes.count))
                case 2: bytes.insert(UInt8(random(256)), at: random(bytes.count))
                default: bytes.removeLast(random(bytes.count))
                }
            }
            for disagreement in [
                PlainMessages.disagreement(about: StreamResultReply.self, bytes),
                PlainMessages.disagreement(about: Segment.self, bytes),
                PlainMessages.disagreement(about: JobStatus.self, bytes),
            ] {
                #expect(disagreement == nil, "seed \(seed): \(bytes)")
            }
        }
    }
}
