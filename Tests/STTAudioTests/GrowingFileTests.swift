import Foundation
import STTAudio
import Testing

@Suite("Decoding what is still being received", .timeLimit(.minutes(5)))
struct GrowingFileTests {
    struct Form: Sendable, CustomTestStringConvertible {
        var file: String
        var arguments: [String]
        /// A part of the file that is enough for a fifth of its samples.
        var share = 0.4
        var testDescription: String { file }
    }

    static let hasTools = Tool.has("ffmpeg")

    static let forms = [
        Form(file: "plain.wav", arguments: ["-ar", "16000", "-ac", "1"]),
        Form(file: "stereo.wav", arguments: ["-ar", "44100"]),
        Form(file: "float.wav", arguments: ["-c:a", "pcm_f32le", "-ar", "48000"]),
        Form(file: "tagged.wav", arguments: ["-ar", "16000", "-metadata", "title=Ask not", "-metadata", "artist=X"]),
        Form(file: "piped.wav", arguments: ["-f", "wav", "-seekable", "0", "-ar", "22050"]),
        Form(file: "rf64.wav", arguments: ["-rf64", "always"]),
        Form(file: "ima.wav", arguments: ["-c:a", "adpcm_ima_wav", "-ar", "16000"]),
        Form(file: "plain.aiff", arguments: ["-ar", "32000"]),
        Form(file: "plain.au", arguments: ["-ar", "16000"]),
        Form(file: "plain.flac", arguments: []),
        Form(file: "constant.mp3", arguments: ["-b:a", "128k", "-ar", "44100"], share: 0.5),
        Form(file: "variable.mp3", arguments: ["-q:a", "2", "-ar", "44100"], share: 0.5),
        Form(file: "mono.mp3", arguments: ["-b:a", "96k", "-ar", "16000", "-ac", "1"], share: 0.5),
        Form(
            file: "bare.mp3", arguments: ["-write_xing", "0", "-id3v2_version", "0", "-b:a", "128k"], share: 0.5),
        Form(
            file: "old-tag.mp3", arguments: ["-write_id3v1", "1", "-metadata", "title=Ask not", "-b:a", "128k"],
            share: 0.5),
        Form(file: "mp3.wav", arguments: ["-c:a", "libmp3lame", "-b:a", "128k"], share: 0.5),
    ]

    private func make(_ form: Form, in folder: TemporaryFolder) async throws -> [UInt8] {
        let source = "aevalsrc=0.4*sin(2764*t)*sin(19*t)|0.6*(random(0)-0.5):d=60:s=48000"
        try await Tool.runAll(
            "ffmpeg",
            ["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", source] + form.arguments + [folder(form.file)])
        return Array(try Data(contentsOf: URL(fileURLWithPath: folder(form.file))))
    }

    @Test(
        "the samples are those of the whole file, and come while the rest is missing", .enabled(if: hasTools),
        arguments: forms, [true, false])
    func samples(_ form: Form, isAnnounced: Bool) async throws {
        let folder = TemporaryFolder()
        let bytes = try await make(form, in: folder)
        #expect(PCMReader.canReadGrowing(Array(bytes.prefix(65_536))))
        let whole = try await PCMReader.open(path: folder(form.file), channels: .separate)
        var expected: [[Int16]] = []
        while let block = try await whole.next() { expected.join(block) }

        let file =
            isAnnounced
            ? try GrowingFile(size: bytes.count, folder: folder.path)
            : try GrowingFile(upTo: 1 << 32, folder: folder.path)
        let part = Int(Double(bytes.count) * form.share)
        var sent = 0
        func send(upTo end: Int) async throws {
            while sent < end {
                let next = min(end, sent + 7_001)
                try await file.write(Array(bytes[sent..<next]))
                sent = next
            }
        }
        try await send(upTo: part)
        let reader = try await PCMReader.open(growing: file, channels: .separate)
        // How long it is going to be does not follow from a start that was written to a pipe.
        if isAnnounced || reader.info.frameCount != nil { #expect(reader.info == whole.info) }
        var samples: [[Int16]] = []
        while (samples.first?.count ?? 0) < (expected.first?.count ?? 0) / 5, let block = try await reader.next() {
            samples.join(block)
        }
        let rest = Task { try await reader.rest() }
        try await send(upTo: bytes.count)
        file.complete()
        for block in try await rest.value { samples.join(block) }
        #expect(samples.map(\.count) == expected.map(\.count))
        #expect(samples == expected)
        await reader.close()
    }

    struct Ending: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// How many samples come out. `nil`: only the whole file can tell.
        var count: Int?
        var bytes: [UInt8]
    }

    /// Five seconds of sound, and what may follow it.
    static let endings: [Ending] = {
        let sound = Synthetic.bytes(Synthetic.quantized(Synthetic.sine(300, seconds: 5)))
        let wav = Synthetic.wav(sound)
        let list = Array("LIST".utf8) + Synthetic.little(90_000, 4) + [UInt8](repeating: 65, count: 90_000)
        return [
            Ending(testDescription: "as announced", count: 80_000, bytes: wav),
            Ending(testDescription: "tags behind it", count: 80_000, bytes: wav + list),
            Ending(testDescription: "a little junk", count: 80_000, bytes: wav + [UInt8](repeating: 238, count: 3_000)),
            Ending(testDescription: "a little too short", count: 79_500, bytes: wav.dropLast(1_000)),
            Ending(testDescription: "cut short", count: nil, bytes: wav.dropLast(9_000)),
            Ending(testDescription: "a second file", count: nil, bytes: wav + wav),
            Ending(testDescription: "size 0", count: 80_000, bytes: Synthetic.wav(sound, dataSize: 0)),
            Ending(testDescription: "size -1", count: 80_000, bytes: Synthetic.wav(sound, dataSize: 0xffff_ffff)),
            Ending(testDescription: "size 2^31 - 1", count: 80_000, bytes: Synthetic.wav(sound, dataSize: 0x7fff_ffff)),
            Ending(testDescription: "size of a tenth", count: nil, bytes: Synthetic.wav(sound, dataSize: 16_000)),
            Ending(testDescription: "no samples and tags", count: nil, bytes: Synthetic.wav([], dataSize: 0) + list),
        ]
    }()

    @Test("a file of unknown size ends where it ends, or is left to who has the whole", arguments: endings)
    func openEnd(_ ending: Ending) async throws {
        let folder = TemporaryFolder()
        let file = try GrowingFile(upTo: 1 << 32, folder: folder.path)
        // What a reader looks at before it begins.
        let first = 70_000
        try await file.write(Array(ending.bytes.prefix(first)))
        let reader = try await PCMReader.open(growing: file)
        let reading = Task { try await reader.rest().reduce(0) { $0 + ($1.first?.count ?? 0) } }
        for start in stride(from: first, to: ending.bytes.count, by: 1_003) {
            try await file.write(Array(ending.bytes[start..<min(start + 1_003, ending.bytes.count)]))
        }
        // Long enough for a reader that does not wait for the end to be found out.
        try await Task.sleep(for: .milliseconds(50))
        file.complete()
        if let count = ending.count {
            #expect(try await reading.value == count)
            let whole = try await PCMReader.open(path: folder.write("a.wav", ending.bytes))
            #expect(try await whole.rest().reduce(0) { $0 + ($1.first?.count ?? 0) } == count)
        } else {
            let error = await #expect(throws: AudioError.self) { try await reading.value }
            #expect(error?.code == .unreadable)
        }
    }

    @Test("a file of unknown size that could not be written whole is not taken for whole")
    func notWritten() async throws {
        let folder = TemporaryFolder()
        let sound = Synthetic.bytes(Synthetic.quantized(Synthetic.sine(300, seconds: 1)))
        let bytes = Synthetic.wav(sound, dataSize: 0)
        let file = try GrowingFile(upTo: 20_000, folder: folder.path)
        let reading = Task { try await PCMReader.open(growing: file).rest() }
        try await file.write(Array(bytes[..<20_000]))
        await #expect(throws: AudioError.self) { try await file.write(Array(bytes[20_000...])) }
        file.complete()
        let error = await #expect(throws: AudioError.self) { try await reading.value }
        #expect(error?.code == .unreadable)
    }

    @Test("a reader that waits for bytes ends when the upload is given up")
    func abandoned() async throws {
        let folder = TemporaryFolder()
        let header = Synthetic.wav([], dataSize: 3_200_000)
        let file = try GrowingFile(size: header.count + 3_200_000, folder: folder.path)
        try await file.write(header + [UInt8](repeating: 1, count: 100_000))
        let reader = try await PCMReader.open(growing: file)
        _ = try await reader.next()
        let reading = Task { try await reader.rest() }
        file.abandon()
        let error = await #expect(throws: AudioError.self) { try await reading.value }
        #expect(error?.code == .cancelled)
    }

    @Test("seventy files wait for bytes at once without holding each other up")
    func many() async throws {
        let folder = TemporaryFolder()
        let data = Synthetic.bytes(Synthetic.quantized(Synthetic.sine(300, seconds: 4)))
        let bytes = Synthetic.wav(data)
        var files: [GrowingFile] = []
        for _ in 0..<PCMReader.maximumGrowing {
            let file = try GrowingFile(size: bytes.count, folder: folder.path)
            try await file.write(Array(bytes.prefix(bytes.count / 2)))
            files.append(file)
        }
        let readings = files.map { file in
            Task { try await PCMReader.open(growing: file).rest().reduce(0) { $0 + ($1.first?.count ?? 0) } }
        }
        // The last one first: none waits for another.
        for (file, reading) in zip(files, readings).reversed() {
            try await file.write(Array(bytes.suffix(bytes.count - bytes.count / 2)))
            #expect(try await reading.value == data.count / 2)
        }
        // Ordinary decoding has gone on all the time.
        #expect(try await readAll(folder.write("a.wav", bytes)).count == data.count / 2)
    }

    @Test("what only the whole file can tell is not begun with")
    func notEarly() async throws {
        for start in [
            Array("OggS".utf8), [0, 0, 0, 24] + Array("ftypM4A ".utf8), Array("%PDF".utf8), Array("hello".utf8),
        ] {
            #expect(!PCMReader.canReadGrowing(start))
        }
        let folder = TemporaryFolder()
        // A codec that libsndfile does not know.
        var bytes = Synthetic.wav([UInt8](repeating: 7, count: 4000))
        bytes[20] = 0x61
        let file = try GrowingFile(size: bytes.count, folder: folder.path)
        try await file.write(bytes)
        let error = await #expect(throws: AudioError.self) { try await PCMReader.open(growing: file) }
        #expect(error?.code == .unreadable)
    }

    @Test("more bytes than announced are refused, and the reader hears of it")
    func tooMany() async throws {
        let folder = TemporaryFolder()
        let file = try GrowingFile(size: 100, folder: folder.path)
        try await file.write([UInt8](repeating: 1, count: 60))
        await #expect(throws: AudioError.self) { try await file.write([UInt8](repeating: 1, count: 60)) }
        let error = await #expect(throws: AudioError.self) { try await PCMReader.open(growing: file) }
        #expect(error?.code == .unreadable)
    }
}

extension PCMReader {
    fileprivate func rest() async throws -> [[[Int16]]] {
        var blocks: [[[Int16]]] = []
        while let block = try await next() { blocks.append(block) }
        return blocks
    }
}

extension [[Int16]] {
    fileprivate mutating func join(_ block: [[Int16]]) {
        if isEmpty {
            self = block
        } else {
            for (channel, samples) in block.enumerated() { self[channel] += samples }
        }
    }
}
