import STTAudio
import STTTestKit
import Testing

/// WAV files of programs that died, or did not know, before they wrote how much sound there is.
@Suite("WAV files with a wrong size") struct WaveSizeTests {
    private static let seconds = 4
    private let folder = TemporaryFolder()
    private let sound = Synthetic.bytes(Synthetic.quantized(Synthetic.sine(440, seconds: Double(seconds))))
    private let list = chunk("LIST", Array("INFO".utf8) + [UInt8](repeating: 0x41, count: 9_000))
    private let picture = chunk("id3 ", [UInt8](repeating: 0xd8, count: 70_001))

    @Test(
        "what follows the samples that the header counts is read as sound, however they arrive",
        arguments: [0, 2, 1_000, 64_000, 0x7fff_ffff, 0xffff_ffff])
    func stale(size: Int) async throws {
        let file = Synthetic.wav(sound, dataSize: size)
        #expect(try await samples(of: file) == sound.count / 2)
    }

    @Test("chunks behind the samples are not read as sound", arguments: [0, 1])
    func chunks(padding: Int) async throws {
        let odd = Array(sound.dropLast(padding))
        for rest in [
            list, list + picture, picture + list, list + Array("TAG".utf8) + [UInt8](repeating: 0, count: 125),
        ] {
            let padded = Synthetic.wav(odd) + [UInt8](repeating: 0, count: padding) + rest
            #expect(try await samples(of: padded) == odd.count / 2)
            #expect(try await samples(of: Synthetic.wav(odd) + rest) == odd.count / 2)
        }
    }

    @Test("a second file behind the first is heard, too")
    func second() async throws {
        let both = Synthetic.wav(sound) + Synthetic.wav(sound)
        #expect(try await samples(of: both) == sound.count + 22)
    }

    @Test("less than a tenth of a second of anything is left out")
    func little() async throws {
        let file = Synthetic.wav(sound) + [UInt8](repeating: 0xee, count: 3_000)
        #expect(try await samples(of: file) == sound.count / 2)
    }

    @Test("of a file with 64-bit sizes, too", arguments: [0, 1_000, 64_000])
    func long(size: Int) async throws {
        var file = Array("RF64".utf8) + [255, 255, 255, 255] + Array("WAVE".utf8)
        file += Self.chunk("ds64", Synthetic.little(size + 72, 8) + Synthetic.little(size, 8) + Synthetic.little(0, 12))
        let wav = Synthetic.wav(sound, dataSize: 0xffff_ffff)
        #expect(try await samples(of: file + wav.dropFirst(12)) == sound.count / 2)
    }

    /// How many samples come out, which are the same from a file that is whole and from one that is being received.
    private func samples(of bytes: [UInt8]) async throws -> Int {
        let path = try folder.write("a.wav", bytes)
        let whole = try await PCMReader.open(path: path)
        var expected: [Int16] = []
        while let block = try await whole.nextMono() { expected += block }

        let file = try GrowingFile(size: bytes.count, folder: folder.path)
        let reading = Task {
            let reader = try await PCMReader.open(growing: file)
            #expect(reader.info == whole.info)
            var samples: [Int16] = []
            while let block = try await reader.nextMono() { samples += block }
            return samples
        }
        for start in stride(from: 0, to: bytes.count, by: 5_003) {
            try await file.write(Array(bytes[start..<min(start + 5_003, bytes.count)]))
        }
        #expect(try await reading.value == expected)
        return expected.count
    }

    private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
        Array(name.utf8) + Synthetic.little(content.count, 4) + content
            + [UInt8](repeating: 0, count: content.count % 2)
    }
}
