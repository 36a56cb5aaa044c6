import Foundation
import STTTestKit
import Testing

@testable import STTAudio

/// Decoders leave out damaged pages without a word; readers do not.
@Suite("Damaged Ogg files", .enabled(if: Tool.has("ffmpeg", "ffprobe"))) struct DamagedOggTests {
    enum Harm: CaseIterable {
        case middle, last, middleAndLast, capture, segmentTable, missingPage, middleAndEnd
    }

    private let folder = TemporaryFolder()
    private let accepting = AudioLimits(truncatedInput: .acceptWithWarning)
    /// Long ones go through ffmpeg, which says nothing either.
    private let throughChild = {
        var limits = AudioLimits()
        limits.longRecording = .seconds(5)
        return limits
    }()

    @Test("damage by which sound is lost is an error", arguments: ["libvorbis", "libopus"], Harm.allCases)
    func lost(codec: String, harm: Harm) async throws {
        let (bytes, pages) = try await recording(codec)
        try #require(pages.count > 8)
        let damaged = bytes.damaged(harm, pages: pages)
        let path = try folder.write("damaged.ogg", damaged)
        for limits in [AudioLimits(), throughChild] {
            let error = await errorOfReading(path, hint: "talk.ogg", limits: limits)
            let codes: [AudioError.Code?] = harm == .middleAndEnd ? [.truncated] : [.corrupt]
            #expect(codes.contains(error?.code), "\(error?.description ?? "no error")")
            #expect(error?.message.hasPrefix("'talk.ogg' is ") == true)
        }
        if harm == .middle {
            let middle = pages[pages.count / 2]
            #expect(
                await errorOfReading(path)?.message.contains("bytes \(middle.lowerBound) and \(middle.upperBound) of")
                    == true)
        }
    }

    @Test("where it is accepted, what is left comes out, with a warning", arguments: [Harm.last, .middleAndLast])
    func accepted(harm: Harm) async throws {
        let (bytes, pages) = try await recording("libvorbis")
        let path = try folder.write("damaged.ogg", bytes.damaged(harm, pages: pages))
        let reader = try await PCMReader.open(path: path, limits: accepting)
        var count = 0
        while let block = try await reader.nextMono() { count += block.count }
        #expect((100_000..<191_000).contains(count))
        #expect(await reader.warnings.map(\.code).contains(.corrupt))
    }

    @Test("bytes that hide no sound do no harm", arguments: ["libvorbis", "libopus"])
    func harmless(codec: String) async throws {
        let (bytes, pages) = try await recording(codec)
        let whole = try await readAll(folder("whole.ogg"))
        #expect(abs(whole.count - 12 * 16_000) < 100)
        let tag = Array("TAG".utf8) + [UInt8](repeating: 7, count: 125)
        let middle = pages[pages.count / 2].lowerBound
        for (name, odd) in [
            ("tag", bytes + tag), ("zeros", bytes + [UInt8](repeating: 0, count: 70_000)),
            ("between", bytes[..<middle] + tag + bytes[middle...]),
        ] {
            let path = try folder.write("odd.ogg", odd)
            #expect(try OggPages(InputFile(path: path, maximumBytes: 1 << 30)).damage == nil, "\(name)")
        }
        #expect(try await readAll(folder.write("tag.ogg", bytes + tag)) == whole)
    }

    @Test("a recording that no end is marked in, and one of a live stream, are whole")
    func live() async throws {
        let (bytes, pages) = try await recording("libopus")
        // Two pages of headers, then from anywhere on.
        let joined = bytes[..<pages[2].lowerBound] + bytes[pages[5].lowerBound..<pages[pages.count - 1].lowerBound]
        #expect(try damage(joined) == nil)
        // Two files in a row.
        #expect(try damage(bytes + bytes) == nil)
        #expect(try damage(bytes.damaged(.last, pages: pages) + bytes) != nil)
    }

    @Test("several recordings in a row are all heard, or the file is refused", arguments: ["libvorbis", "libopus"])
    func chained(codec: String) async throws {
        let bytes = try await recording(codec).bytes
        let whole = try await readAll(folder("whole.ogg"))
        try await Tool.ffmpeg("-i", folder("whole.ogg"), "-c:a", codec, "-serial_offset", "77", folder("next.ogg"))
        let next = [UInt8](try Data(contentsOf: URL(filePath: folder("next.ogg"))))
        let path = try folder.write("row.ogg", bytes + next)
        let all = try await readAll(path)
        #expect(abs(all.count - 2 * whole.count) < 3_200, "\(all.count), \(whole.count)")
        #expect(abs(Measure.rms(all.suffix(100_000)) / Measure.rms(whole.suffix(100_000)) - 1) < 0.1)
        let error = await errorOfReading(path, limits: AudioLimits(ffmpeg: nil, ffprobe: nil))
        #expect(error?.code == .unsupportedCodec)

        try await Tool.ffmpeg("-i", folder("whole.ogg"), "-ac", "2", "-c:a", codec, folder("other.ogg"))
        let other = [UInt8](try Data(contentsOf: URL(filePath: folder("other.ogg"))))
        let mixed = await errorOfReading(try folder.write("mixed.ogg", bytes + other))
        #expect(mixed?.code == .unsupportedCodec && mixed?.message.contains("differ") == true)
    }

    @Test("what is no Ogg of sound is not judged, and what looks like pages costs no more than they do")
    func notJudged() async throws {
        var generator = SplitMix(seed: 4)
        let noise = (0..<20_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        #expect(try damage(Array("OggS".utf8) + noise) == nil)
        let (bytes, pages) = try await recording("libvorbis")
        let header = Array("OggS".utf8) + [0, 0] + [UInt8](repeating: 1, count: 20) + [255]
        let claims = (0..<5_000).flatMap { _ in header + [UInt8](repeating: 255, count: 3) }
        #expect(try damage(bytes[..<pages[6].lowerBound] + claims)?.lowerBound == pages[6].lowerBound)
    }

    private func damage(_ bytes: some Sequence<UInt8>) throws -> Range<Int>? {
        try OggPages(InputFile(path: folder.write("judged.ogg", bytes), maximumBytes: 1 << 30)).damage
    }

    /// 12 s of tone and noise, and where its pages are.
    private func recording(_ codec: String) async throws -> (bytes: [UInt8], pages: [Range<Int>]) {
        let rate = codec == "libopus" ? 48_000 : 16_000
        let source = "aevalsrc=0.2*sin(2*PI*300*t)*sin(7*t)+0.05*random(0):s=\(rate):d=12"
        try await Tool.ffmpeg("-f", "lavfi", "-i", source, "-c:a", codec, folder("whole.ogg"))
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: folder("whole.ogg"))))
        var pages: [Range<Int>] = []
        var offset = 0
        while offset < bytes.count {
            let segments = Int(bytes[offset + 26])
            let end = bytes[offset + 27..<offset + 27 + segments].reduce(offset + 27 + segments) { $0 + Int($1) }
            pages.append(offset..<end)
            offset = end
        }
        return (bytes, pages)
    }
}

extension [UInt8] {
    fileprivate func damaged(_ harm: DamagedOggTests.Harm, pages: [Range<Int>]) -> [UInt8] {
        var bytes = self
        let (middle, last) = (pages[pages.count / 2], pages[pages.count - 1])
        switch harm {
        case .middle: bytes[middle.upperBound - 20] ^= 0x10
        case .last: bytes[last.upperBound - 5] ^= 0x10
        case .middleAndLast: bytes = damaged(.middle, pages: pages).damaged(.last, pages: pages)
        case .capture: bytes[middle.lowerBound + 1] = 0
        case .segmentTable: bytes[middle.lowerBound + 27] ^= 0x55
        case .missingPage: bytes.removeSubrange(middle)
        case .middleAndEnd: bytes = damaged(.middle, pages: pages).dropLast(3)
        }
        return bytes
    }
}
