import Foundation
@testable import STTAudio
import STTTestKit
import Testing

/// Long Ogg recordings are decoded by ffmpeg where it is there, because it is faster.
@Suite(.enabled(if: Tool.has("ffmpeg", "ffprobe"))) struct LongOggTests {
    private let folder = TemporaryFolder()
    private let alone = AudioLimits(ffmpeg: nil, ffprobe: nil)
    /// Half a minute is long.
    private let limits = {
        var limits = AudioLimits()
        limits.longRecording = .seconds(30)
        return limits
    }()

    @Test(arguments: [("libvorbis", 44_100), ("libopus", 48_000)], [1, 2])
    func `they come out the same with ffmpeg as without it`(codec: (name: String, rate: Int), channels: Int)
        async throws
    {
        let path = try await recording(codec.name, rate: codec.rate, channels: channels, seconds: 31)
        #expect(try await PCMReader.open(path: path, limits: limits).info.decoder == .ffmpeg)
        #expect(try await PCMReader.open(path: path, limits: alone).info.decoder == .sndfile)
        let (with, without) = (try await readAll(path, limits: limits), try await readAll(path, limits: alone))
        #expect(with.count == without.count)
        let differences = zip(with, without).map { abs(Int($0) - Int($1)) }
        print("\(codec.name) \(channels): largest difference \(differences.max() ?? 0)")
        #expect(differences.max() ?? 0 <= 1)
    }

    @Test func `short ones are not worth a process`() async throws {
        let path = try await recording("libvorbis", rate: 16_000, channels: 1, seconds: 29)
        #expect(try await PCMReader.open(path: path, limits: limits).info.decoder == .sndfile)
        #expect(AudioLimits().longRecording == .seconds(300))
    }

    @Test func `channels are kept apart with ffmpeg, too`() async throws {
        let path = try await recording("libvorbis", rate: 16_000, channels: 2, seconds: 31)
        let readers = [
            try await PCMReader.open(path: path, limits: limits, channels: .separate),
            try await PCMReader.open(path: path, limits: alone, channels: .separate),
        ]
        var whole: [[[Int16]]] = []
        for reader in readers {
            var channels: [[Int16]] = [[], []]
            while let block = try await reader.next() { for index in 0..<2 { channels[index] += block[index] } }
            whole.append(channels)
        }
        #expect(readers.map(\.info.decoder) == [.ffmpeg, .sndfile])
        for index in 0..<2 {
            #expect(whole[0][index].count == 31 * 16_000)
            #expect(zip(whole[0][index], whole[1][index]).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
        }
        #expect(whole[0][0] != whole[0][1])
    }

    @Test func `one that is cut off is refused as before`() async throws {
        let whole = try [UInt8](
            Data(contentsOf: URL(filePath: try await recording("libopus", rate: 48_000, channels: 1, seconds: 40))))
        let path = try folder.write("cut.opus", whole.dropLast(whole.count / 8))
        #expect(await errorOfReading(path, limits: limits)?.code == .truncated)
    }

    private func recording(_ codec: String, rate: Int, channels: Int, seconds: Int) async throws -> String {
        let path = folder("\(codec)-\(channels)-\(seconds).ogg")
        // A different noise and tone on each channel.
        let source = (0..<channels).map { "0.2*sin(2*PI*\(300 + 500 * $0)*t)+0.05*random(\($0))" }.joined(
            separator: "|")
        try await Tool.ffmpeg(
            "-f", "lavfi", "-i", "aevalsrc=exprs=\(source):s=\(rate):d=\(seconds)", "-c:a", codec, path)
        return path
    }
}
