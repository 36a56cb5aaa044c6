import Foundation
import STTAudio
import STTProcess
import STTTestKit
import Testing

@Suite struct PCMReaderErrorTests {
    private let folder = TemporaryFolder()
    private let speech = Synthetic.bytes(Synthetic.quantized(Synthetic.sine(440, seconds: 4)))
    private let noFFmpeg = AudioLimits(ffmpeg: nil, ffprobe: nil)
    private let accepting = AudioLimits(truncatedInput: .acceptWithWarning)

    @Test func `a file of 0 bytes is empty`() async throws {
        #expect(await errorOfReading(try folder.write("a.wav", []))?.code == .empty)
    }

    @Test func `a header without samples has no samples`() async throws {
        #expect(await errorOfReading(try folder.write("a.wav", Synthetic.wav([])))?.code == .noSamples)
        let withList = Synthetic.wav([]) + Array("LIST".utf8) + Synthetic.little(4, 4) + Array("INFO".utf8)
        #expect(await errorOfReading(try folder.write("b.wav", withList))?.code == .noSamples)
    }

    @Test func `a missing file, a folder and a pipe are unreadable, and none of them blocks`() async throws {
        #expect(await errorOfReading(folder("nothing.wav"))?.code == .unreadable)
        #expect(await errorOfReading(folder.path)?.code == .unreadable)
        mkfifo(folder("pipe"), 0o600)
        #expect(await errorOfReading(folder("pipe"))?.code == .unreadable)
    }

    @Test(arguments: [
        ("plain text", "This is not audio, whatever it is called.\n"), ("an HTML page", "<!DOCTYPE html><html></html>"),
        ("JSON text", "{\"error\": \"not found\"}"), ("XML text", "<?xml version=\"1.0\"?><a/>"),
        ("a playlist", "#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n"),
        ("a playlist", "ffconcat version 1.0\nfile '/etc/passwd'\n"),
        ("a PDF document", "%PDF-1.4 "), ("a ZIP archive", "PK\u{3}\u{4}"),
        ("a streaming manifest", "<?xml?><MPD xmlns='x'>"),
    ])
    func `what is not audio is named`(kind: String, content: String) async throws {
        let error = await errorOfReading(try folder.write("talk.wav", content.utf8), hint: "talk.wav")
        #expect(error?.code == .notAudio)
        #expect(error?.message.contains(kind) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("'talk.wav'") == true)
    }

    @Test func `images and random bytes are not audio, with and without ffmpeg`() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed", seed)
        var generator = SplitMix(seed: seed)
        for round in 0..<5 {
            let bytes = (0..<50_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let path = try folder.write("\(round).wav", bytes)
            #expect(await errorOfReading(path, limits: noFFmpeg)?.code == .notAudio)
            #expect(await errorOfReading(path)?.code == .notAudio)
        }
        let png: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]
        #expect(await errorOfReading(try folder.write("a.mp3", png))?.message.contains("PNG") == true)
    }

    @Test func `a WAV cut in half is rejected at once, or read with a warning`() async throws {
        let whole = Synthetic.wav(speech)
        let path = try folder.write("a.wav", whole.prefix(whole.count / 2))
        await #expect { try await PCMReader.open(path: path) } throws: { ($0 as? AudioError)?.code == .truncated }

        let reader = try await PCMReader.open(path: path, limits: accepting)
        var count = 0
        while let block = try await reader.nextMono() { count += block.count }
        #expect(count == (whole.count / 2 - 44) / 2)
        #expect(await reader.warnings.map(\.code) == [.truncated])
    }

    @Test(
        .enabled(if: Tool.has("ffmpeg", "ffprobe")),
        arguments: ["flac", "ogg", "opus", "mp3", "aiff", "au", "m4a", "mkv"])
    func `a file cut in half is truncated in every format`(suffix: String) async throws {
        let whole = try folder.write("whole.wav", Synthetic.wav(try await noisySpeech()))
        let codec = suffix == "ogg" ? ["-c:a", "libvorbis"] : []
        try await Tool.runAll(
            "ffmpeg", ["-v", "error", "-i", whole] + codec + ["-movflags", "+faststart", folder("a.\(suffix)")])
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder("a.\(suffix)")))
        let path = try folder.write("half.\(suffix)", bytes.prefix(bytes.count / 2))
        let error = await errorOfReading(path)
        #expect(error?.code == .truncated, "\(suffix): \(error?.description ?? "no error")")

        let reader = try await PCMReader.open(path: path, limits: accepting)
        var count = 0
        while let block = try await reader.nextMono() { count += block.count }
        #expect(count > 16_000, "\(suffix): \(count)")
        #expect(await reader.warnings.map(\.code) == [.truncated])
    }

    @Test(.enabled(if: Tool.has("ffmpeg", "ffprobe")))
    func `an MP4 whose index was cut off is truncated`() async throws {
        let whole = try folder.write("whole.wav", Synthetic.wav(speech))
        try await Tool.ffmpeg("-i", whole, folder("a.m4a"))
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder("a.m4a")))
        let path = try folder.write("half.m4a", bytes.prefix(bytes.count / 2))
        #expect(await errorOfReading(path)?.code == .truncated)
        #expect(await errorOfReading(path, limits: accepting)?.code == .truncated)
    }

    @Test func `the length that a stream's header could not know does not matter`() async throws {
        for size in [0, 0xffff_ffff, 0x7fff_ffff, 0x7fff_f000, 0x8000_0000] {
            let path = try folder.write("\(size).wav", Synthetic.wav(speech, dataSize: size))
            #expect(try await readAll(path).count == speech.count / 2, "\(size)")
        }
    }

    @Test(.enabled(if: Tool.has("ffmpeg"))) func `a FLAC of unknown length is read to its end`() async throws {
        let whole = try folder.write("whole.wav", Synthetic.wav(speech))
        try await Tool.run("sh", "-c", "ffmpeg -v error -i \(whole) -c:a flac -f flac - | cat > \(folder("a.flac"))")
        let reader = try await PCMReader.open(path: folder("a.flac"))
        #expect(reader.info.frameCount == nil)
        #expect(try await readAll(folder("a.flac")).count == speech.count / 2)
    }

    @Test(.enabled(if: Tool.has("ffmpeg")))
    func `an MP3 is read to its end however its length is misjudged`() async throws {
        let whole = try folder.write("whole.wav", Synthetic.wav(speech))
        let pad = ["-af", "apad=pad_dur=20", "-q:a", "2"]
        try await Tool.runAll("ffmpeg", ["-v", "error", "-i", whole] + pad + ["-write_xing", "0", folder("bare.mp3")])
        try await Tool.runAll("ffmpeg", ["-v", "error", "-i", whole] + pad + [folder("xing.mp3")])
        let bare = Array(try Data(contentsOf: URL(fileURLWithPath: folder("bare.mp3"))))
        let xing = Array(try Data(contentsOf: URL(fileURLWithPath: folder("xing.mp3"))))
        let seconds = 24 * 16_000
        #expect(abs(try await readAll(folder("bare.mp3")).count - seconds) < 4000)
        #expect(try await readAll(folder("xing.mp3")).count == seconds)
        #expect(abs(try await readAll(try folder.write("two.mp3", xing + xing)).count - 2 * seconds) < 8000)

        let tag = Array("TAG".utf8) + [UInt8](repeating: 0x20, count: 125)
        let apeTag = Array("APETAGEX".utf8) + [UInt8](repeating: 0x41, count: 6000)
        #expect(abs(try await readAll(try folder.write("tag.mp3", bare + tag)).count - seconds) < 4000)
        #expect(abs(try await readAll(try folder.write("ape.mp3", bare + apeTag)).count - seconds) < 4000)
        #expect(
            abs(
                try await readAll(try folder.write("junk.mp3", [UInt8](repeating: 0, count: 3000) + bare)).count
                    - seconds) < 4000)
        let id3 = Array("ID3".utf8) + [3, 0, 0, 0, 4, 0, 0] + [UInt8](repeating: 0xff, count: 65_536)
        #expect(abs(try await readAll(try folder.write("cover.mp3", id3 + bare)).count - seconds) < 4000)
    }

    @Test(.enabled(if: Tool.has("ffmpeg"))) func `damage in the middle of a FLAC is an error that says where`()
        async throws
    {
        let whole = try folder.write("whole.wav", Synthetic.wav(try await noisySpeech()))
        try await Tool.ffmpeg("-i", whole, folder("a.flac"))
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: folder("a.flac"))))
        for index in bytes.count / 2..<bytes.count / 2 + 3000 { bytes[index] = 0 }
        let error = await errorOfReading(try folder.write("b.flac", bytes))
        #expect(error?.code == .corrupt, "\(error?.description ?? "no error")")
    }

    @Test func `too large, too long, too many channels and odd rates are refused`() async throws {
        let path = try folder.write("a.wav", Synthetic.wav(speech))
        #expect(await errorOfReading(path, limits: AudioLimits(maximumBytes: 1000))?.code == .tooLarge)
        #expect(await errorOfReading(path, limits: AudioLimits(maximumDuration: .seconds(3)))?.code == .tooLong)
        #expect(await errorOfReading(path, limits: AudioLimits(maximumDuration: .seconds(4))) == nil)
        let many = try folder.write("b.wav", Synthetic.wav(speech, channels: 40))
        #expect(await errorOfReading(many)?.code == .unsupportedCodec)
        let slow = try folder.write("c.wav", Synthetic.wav(speech, rate: 500))
        #expect(await errorOfReading(slow)?.code == .unsupportedCodec)
    }

    @Test(.enabled(if: Tool.has("ffmpeg", "ffprobe")))
    func `a limit of length holds for a file that does not state its length`() async throws {
        let whole = try folder.write("whole.wav", Synthetic.wav(speech))
        try await Tool.ffmpeg("-i", whole, folder("a.aac"))
        #expect(
            await errorOfReading(folder("a.aac"), limits: AudioLimits(maximumDuration: .seconds(3)))?.code == .tooLong)
    }

    @Test(.enabled(if: Tool.has("ffmpeg", "ffprobe")))
    func `a video without sound has no audio track`() async throws {
        try await Tool.ffmpeg("-f", "lavfi", "-i", "testsrc=d=1", "-pix_fmt", "yuv420p", folder("a.mp4"))
        let error = await errorOfReading(folder("a.mp4"))
        #expect(error?.code == .noAudioTrack)
        #expect(error?.message.contains("video") == true)
    }

    @Test(.enabled(if: Tool.has("ffmpeg"))) func `without ffmpeg the format and the remedy are named`() async throws {
        let whole = try folder.write("whole.wav", Synthetic.wav(speech))
        try await Tool.ffmpeg("-i", whole, folder("a.m4a"))
        let absent = AudioLimits(ffmpeg: "/nonexistent/ffmpeg", ffprobe: "/nonexistent/ffprobe")
        for limits in [noFFmpeg, absent] {
            let error = await errorOfReading(folder("a.m4a"), hint: "a.m4a", limits: limits)
            #expect(error?.code == .unsupportedCodec)
            #expect(error?.message.contains("MP4") == true)
            #expect(error?.message.contains("Install ffmpeg") == true)
        }
        #expect(try await readAll(whole, limits: noFFmpeg).count == speech.count / 2)
    }

    @Test(.enabled(if: Tool.has("ffmpeg", "ffprobe")))
    func `an error is final`() async throws {
        let path = try folder.write("a.wav", Synthetic.wav(speech))
        let reader = try await PCMReader.open(path: path)
        let cancelled = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try await reader.next()
        }
        await #expect(throws: AudioError.self) { try await cancelled.value }
        await #expect { _ = try await reader.next() } throws: { ($0 as? AudioError)?.code == .cancelled }
    }

    @Test(.enabled(if: Tool.has("ffmpeg", "ffprobe")))
    func `a cancelled task ends its ffmpeg at once`() async throws {
        // A decoder that never writes anything stands in for one that is stuck.
        let script = "#!/bin/sh\nexec sleep 1000\n"
        let fake = try folder.write("ffmpeg", script.utf8)
        chmod(fake, 0o755)
        let whole = try folder.write("whole.wav", Synthetic.wav(speech))
        try await Tool.ffmpeg("-i", whole, folder("a.m4a"))
        let reader = try await PCMReader.open(path: folder("a.m4a"), limits: AudioLimits(ffmpeg: fake))
        let task = Task { _ = try await reader.next() }
        task.cancel()
        await #expect { try await task.value } throws: { ($0 as? AudioError)?.code == .cancelled }
    }

    @Test(.enabled(if: Tool.has("ffmpeg", "ffprobe")), arguments: [0, 32_000])
    func `an ffmpeg that gives nothing more is ended, and the error says so`(bytes: Int) async throws {
        let fake = try folder.write(
            "ffmpeg", "#!/bin/sh\necho $$ > \(folder("pid"))\nhead -c \(bytes) /dev/zero\nexec sleep 1000\n".utf8)
        chmod(fake, 0o755)
        let whole = try folder.write("whole.wav", Synthetic.wav(speech))
        try await Tool.ffmpeg("-i", whole, folder("a.m4a"))
        let limits = AudioLimits(ffmpeg: fake, stallLimit: .milliseconds(300))
        let reader = try await PCMReader.open(path: folder("a.m4a"), filenameHint: "a.m4a", limits: limits)
        await #expect {
            while try await reader.next() != nil {}
        } throws: { error in
            guard let error = error as? AudioError else { return false }
            return error.code == .unreadable
                && error.message.contains("'a.m4a' could not be decoded: ffmpeg gave nothing")
        }
        let pid = try #require(
            Int32(String(decoding: try Data(contentsOf: URL(filePath: folder("pid"))), as: UTF8.self).dropLast()))
        // Reaped or about to be; a zombie is no program any more.
        while kill(pid, 0) == 0 { await Task.yield() }
    }

    private func noisySpeech() async throws -> [UInt8] {
        var generator = SplitMix(seed: 7)
        return Synthetic.bytes((0..<10 * 16_000).map { _ in Int16.random(in: -8000...8000, using: &generator) })
    }
}
