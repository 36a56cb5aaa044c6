import Foundation
import STTAudio
import STTTestKit
import Testing

/// FLAC whose bytes come in portions of any size, some while the decoder waits for them.
@Suite("FLAC that is still being received", .enabled(if: Tool.has("ffmpeg")), .timeLimit(.minutes(5)))
struct GrowingFLACTests {
    struct Form: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var arguments: [String]
        var seconds = 20
        /// Written to a pipe: the header counts no samples.
        var isPiped = false
    }

    static let forms = [
        Form(testDescription: "16 kHz", arguments: ["-ar", "16000", "-ac", "1"]),
        Form(testDescription: "stereo", arguments: ["-ar", "44100", "-compression_level", "12"]),
        Form(testDescription: "24 bits", arguments: ["-ar", "48000", "-sample_fmt", "s32"]),
        Form(testDescription: "short blocks", arguments: ["-ar", "8000", "-frame_size", "192"]),
        Form(testDescription: "long blocks", arguments: ["-ar", "96000", "-frame_size", "16384"], seconds: 5),
        Form(testDescription: "unknown length", arguments: ["-ar", "22050"], isPiped: true),
        Form(testDescription: "shorter than a block", arguments: ["-frame_size", "65535"], seconds: 1),
    ]

    @Test("the samples are those of the whole file, however its bytes arrive", arguments: forms)
    func samples(_ form: Form) async throws {
        let folder = TemporaryFolder()
        let path = folder("a.flac")
        let source = "aevalsrc=0.4*sin(2764*t)*sin(19*t)|0.3*(random(0)-0.5)*sin(11*t):d=\(form.seconds):s=48000"
        let command = ["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", source] + form.arguments
        if form.isPiped {
            let quoted = command.map { "'\($0)'" }.joined(separator: " ")
            try await Tool.run("sh", "-c", "ffmpeg \(quoted) -c:a flac -f flac - | cat > '\(path)'")
        } else {
            try await Tool.runAll("ffmpeg", command + [path])
        }
        try await Self.compare(path, folder)
    }

    static func compare(_ path: String, _ folder: TemporaryFolder) async throws {
        let bytes = Array(try Data(contentsOf: URL(filePath: path)))
        let whole = try await PCMReader.open(path: path)
        var expected: [Int16] = []
        while let block = try await whole.nextMono() { expected += block }
        let seed = UInt64.random(in: 0 ... .max)
        print("seed", seed)
        var generator = SplitMix(seed: seed)
        for (largest, isAnnounced) in [(37, true), (4_096, true), (70_000, true), (5_000, false)] {
            // Many small portions at the start, where the header is read, then a thousand at most.
            var ends = (0..<200).map { _ in Int.random(in: 0...min(bytes.count, 20_000), using: &generator) }
            let step = max(largest, bytes.count / 1_000)
            var last = 0
            while last < bytes.count {
                last = min(bytes.count, last + Int.random(in: 1...step, using: &generator))
                ends.append(last)
            }
            let file =
                isAnnounced
                ? try GrowingFile(size: bytes.count, folder: folder.path)
                : try GrowingFile(upTo: 1 << 32, folder: folder.path)
            let reading = Task {
                let reader = try await PCMReader.open(growing: file)
                #expect(reader.info == whole.info)
                var samples: [Int16] = []
                while let block = try await reader.nextMono() { samples += block }
                #expect(await reader.warnings.isEmpty)
                return samples
            }
            var sent = 0
            for end in ends.sorted() where end > sent {
                try await file.write(Array(bytes[sent..<end]))
                sent = end
                if Int.random(in: 0..<8, using: &generator) == 0 { await Task.yield() }
            }
            file.complete()
            #expect(try await reading.value == expected)
        }
    }
}
