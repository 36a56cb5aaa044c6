import STTTestKit
import Testing

@testable import STTAudio

/// Recordings whose channels are kept apart.
@Suite struct ChannelTests {
    /// A tone of its own on each channel.
    private static func frequency(of channel: Int) -> Double { 300 + 200 * Double(channel) }

    private func readChannels(
        _ path: String, _ channels: PCMReader.Channels = .separate
    ) async throws -> [[Int16]] {
        let reader = try await PCMReader.open(path: path, filenameHint: path, channels: channels)
        var result: [[Int16]] = []
        while let block = try await reader.next() {
            if result.isEmpty { result = Array(repeating: [], count: block.count) }
            #expect(Set(block.map(\.count)).count == 1)
            for (index, samples) in block.enumerated() { result[index] += samples }
        }
        return result
    }

    private func check(_ channels: [[Int16]], slack: Double, tolerance: Double) {
        for (index, samples) in channels.enumerated() {
            #expect(abs(Double(samples.count) / 16_000 - 2) <= slack)
            let middle = samples.dropFirst(8_000).prefix(16_000)
            for other in channels.indices {
                let level = Measure.amplitude(middle, frequency: Self.frequency(of: other))
                #expect(abs(level - (other == index ? 0.5 : 0)) < tolerance, "channel \(index + 1): \(level)")
            }
        }
    }

    @Test(
        .enabled(if: Tool.has("ffmpeg", "ffprobe")),
        arguments: ["wav", "flac", "opus", "ogg", "m4a", "mkv"], [8_000, 16_000, 44_100, 48_000])
    func `two channels come out apart, in the file's order`(suffix: String, rate: Int) async throws {
        if suffix == "opus" && rate == 44_100 { return }
        let folder = TemporaryFolder()
        let path = folder("a.\(suffix)")
        let tones = [0, 1].map { "0.5*sin(2*PI*\(Self.frequency(of: $0))*t)" }.joined(separator: "|")
        let codec = suffix == "ogg" ? ["-c:a", "libvorbis", "-q:a", "8"] : suffix == "mkv" ? ["-c:a", "flac"] : []
        try await Tool.runAll(
            "ffmpeg",
            ["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "aevalsrc=exprs=\(tones):s=\(rate):d=2"] + codec
                + [path])
        let isLossless = ["wav", "flac", "mkv"].contains(suffix)
        let channels = try await readChannels(path)
        #expect(channels.count == 2)
        check(channels, slack: isLossless ? 0.001 : 0.3, tolerance: isLossless ? 0.01 : 0.06)
        #expect(try await readChannels(path, .mixed).count == 1)
    }

    @Test(arguments: [1, 2, 3, 5, 8], [16_000, 22_050])
    func `each of up to eight channels is what it would be as a file of its own`(count: Int, rate: Int) async throws {
        let folder = TemporaryFolder()
        let tones = (0..<count).map { channel in
            Synthetic.quantized(Synthetic.sine(Self.frequency(of: channel), seconds: 2, rate: rate))
        }
        let interleaved = (0..<2 * rate).flatMap { frame in tones.map { $0[frame] } }
        let path = try folder.write(
            "a.wav", Synthetic.wav(Synthetic.bytes(interleaved), rate: rate, channels: count))
        let channels = try await readChannels(path)
        #expect(channels.count == count)
        for (index, tone) in tones.enumerated() {
            let alone = try folder.write("\(index).wav", Synthetic.wav(Synthetic.bytes(tone), rate: rate))
            #expect(channels[index] == (try await readAll(alone)))
        }
    }

    @Test func `more than eight channels are mixed, but not kept apart`() async throws {
        let folder = TemporaryFolder()
        let bytes = Synthetic.bytes([Int16](repeating: 1_000, count: 9 * 1_600))
        let path = try folder.write("a.wav", Synthetic.wav(bytes, channels: 9))
        #expect(try await readChannels(path, .mixed).map(\.count) == [1_600])
        await #expect {
            try await PCMReader.open(path: path, filenameHint: "call.wav", channels: .separate)
        } throws: { error in
            guard let error = error as? AudioError else { return false }
            return error.code == .unsupportedCodec && error.message.contains("9 channels; at most 8")
        }
    }

    @Test func `channels stay in step however the input is cut up`() throws {
        var generator = SplitMix(seed: 7)
        for rate in [8_000, 44_100] {
            let frames = 30_000
            let input = (0..<3 * frames).map { _ in Float.random(in: -0.5...0.5, using: &generator) }
            func convert(_ pieces: [Int]) throws -> [[Int16]] {
                var converter = try PCMConverter(sampleRate: rate, channels: 3, output: .separate)
                var result: [[Int16]] = [[], [], []]
                var start = 0
                for piece in pieces {
                    let part = input[3 * start..<3 * (start + piece)]
                    try converter.append(lanes: Downmix.lanes(of: part, channels: 3, output: .separate))
                    start += piece
                    let taken = converter.take(1_000)
                    #expect(Set(taken.map(\.count)).count == 1)
                    for index in result.indices { result[index] += taken[index] }
                }
                try converter.finish()
                let rest = converter.take(.max)
                return result.indices.map { result[$0] + rest[$0] }
            }
            let whole = try convert([frames])
            #expect(whole.map(\.count) == Array(repeating: (frames * 16_000 + rate / 2) / rate, count: 3))
            #expect(try convert([1, 12_345, 17_654]) == whole)
        }
    }
}
