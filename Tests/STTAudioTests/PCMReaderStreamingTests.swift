import Foundation
import STTAudio
import Testing

@Suite(.serialized) struct PCMReaderStreamingTests {
    private let folder = TemporaryFolder()

    @Test func `positions of blocks follow each other`() async throws {
        let samples = Synthetic.quantized(Synthetic.sine(300, seconds: 3.3))
        let reader = try await PCMReader.open(path: try folder.write("a.wav", Synthetic.wav(Synthetic.bytes(samples))))
        var position = 0
        while let block = try await reader.nextBlock() {
            #expect(block.startSample == position)
            // Of a file this short a block is a second: more of one would make the first words later.
            #expect((16_000...17_000).contains(block.samples.count) || position + block.samples.count == samples.count)
            #expect(Array(samples[position..<position + block.samples.count]) == block.samples)
            position += block.samples.count
        }
        #expect(position == samples.count)
    }

    @Test func `the header of a file is inspected without decoding it`() async throws {
        let path = try folder.write(
            "a.wav", Synthetic.wav([UInt8](repeating: 0, count: 48_000), rate: 8000, channels: 2))
        let info = try await AudioFileProbe.inspect(path)
        #expect(info.formatName == "WAV/PCM_16")
        #expect(info.sampleRate == 8000)
        #expect(info.channels == 2)
        #expect(info.frameCount == 12_000)
        #expect(info.duration == .seconds(1.5))
    }

    @Test func `float WAV beyond full scale is clipped and NaN is silence`() async throws {
        let values: [Float] = [0, 2, -3, .nan, .infinity, 0.25]
        let path = try folder.write("a.wav", Synthetic.wav(Synthetic.bytes(values), bits: 32, isFloat: true))
        #expect(try await readAll(path) == [0, 32767, -32768, 0, 0, 8192])
    }

    @Test(arguments: [3, 6, 8]) func `several channels become their mean`(channels: Int) async throws {
        let frame = (1...channels).map { Int16($0 * 1000) }
        let data = Synthetic.bytes((0..<1000).flatMap { _ in frame })
        let path = try folder.write("a.wav", Synthetic.wav(data, channels: channels))
        let mean = Double(frame.reduce(0) { $0 + Int($1) }) / Double(channels)
        #expect(try await readAll(path).allSatisfy { abs(Double($0) - mean) <= 0.5 })
    }

    @Test(.enabled(if: Tool.has("ffmpeg", "ffprobe")), arguments: ["mp3", "m4a"])
    func `half an hour takes no more memory than its blocks`(suffix: String) async throws {
        let source = "anoisesrc=r=16000:d=1800:a=0.1:seed=1"
        try await Tool.ffmpeg("-f", "lavfi", "-i", source, folder("a.\(suffix)"))
        let reader = try await PCMReader.open(path: folder("a.\(suffix)"))
        var segmenter = AudioSegmenter(configuration: SegmenterConfiguration())
        var read = 0
        var baseline = 0
        var chunks = 0
        var firstChunkAt = 0
        while let block = try await reader.nextMono() {
            // A reader that had to wait finds a full pipe: where the first chunk is known does not depend on that.
            for start in stride(from: 0, to: block.count, by: 16_000) {
                let piece = Array(block[start..<min(start + 16_000, block.count)])
                read += piece.count
                let count = segmenter.push(piece).count
                if chunks == 0, count > 0 { firstChunkAt = read }
                chunks += count
            }
            if baseline == 0, read / 16_000 >= 120 { baseline = residentKilobytes() }
        }
        chunks += segmenter.finish().count
        let growth = residentKilobytes() - baseline
        print("\(suffix): \(chunks) chunks, resident memory grew by \(growth) KiB from minute 2 to 30")
        #expect(abs(read - 1800 * 16_000) < 8000)
        #expect(baseline > 1000)
        #expect(growth < 16_000)
        #expect(firstChunkAt < 45 * 16_000)
    }

    private func residentKilobytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return -1 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, 256, file) != nil else { return -1 }
        let fields = line.split(separator: CChar(UInt8(ascii: " ")))
        let pages = Int(String(decoding: fields[1].map { UInt8(bitPattern: $0) }, as: UTF8.self))
        return (pages ?? -1) * Int(getpagesize()) / 1024
    }
}
