import Foundation
import STTAudio
import STTClient
import STTProto
import STTRig
import Synchronization

/// A recording that is sent at a steady pace and transcribed meanwhile, and when what came.
struct PacedUpload {
    let text: String
    let first: Partial
    /// From the moment at which the first byte was given to be sent.
    let firstPartial: Duration
    let lastByte: Duration
    private let pace: Pace

    static let options = SubmissionOptions(transcription: .init(language: "en"), transcribesWhileUploading: true)

    /// - Parameters:
    ///   - speed: How many times as fast as it is spoken it is sent.
    ///   - pacedSeconds: What follows behind so much of the recording is sent as fast as the server takes it.
    init(
        _ recording: [UInt8], seconds: Double, speed: Double, pacedSeconds: Double = .infinity, to client: SpeechClient
    ) async throws {
        let bytesPerSecond = Double(recording.count) / seconds
        pace = Pace(
            bytes: recording, bytesPerSecond: bytesPerSecond * speed,
            pacedBytes: Int(min(pacedSeconds * bytesPerSecond, Double(recording.count))))
        let upload = client.upload(stream: pace.pieces(), byteCount: recording.count, options: Self.options)
        var text = ""
        var first: (partial: Partial, at: ContinuousClock.Instant)?
        for try await event in upload.events() {
            guard case .result(.partial(let partial)) = event else { continue }
            if first == nil { first = (partial, .now) }
            text += partial.text
        }
        guard let first else { throw RigFailure(description: "there was no partial") }
        let begun = pace.begun
        self.first = first.partial
        self.text = text
        firstPartial = first.at - begun
        lastByte = try await upload.submission.lastByteSent - begun
    }

    /// What counts of it, in seconds from the upload's begin.
    struct Figures: CustomStringConvertible {
        var chunk: FirstChunk
        /// When the bytes were given to be sent that the first chunk is made of, and those that tell where it ends.
        var audio, known: Double
        var firstPartial, inference, lastByte: Double

        var ratio: Double { (firstPartial - known) / inference }

        var description: String {
            String(
                format: """
                    first chunk ends at %.2f s of audio, sent at %.3f s; known at %.2f s of audio, sent at %.3f s; first \
                    partial at %.3f s; inference %.3f s; ratio %.2f (%.2f from the chunk's own last byte); last byte at %.1f s
                    """, Double(chunk.endSample) / 16_000, audio, Double(chunk.knownSample) / 16_000, known,
                firstPartial,
                inference, ratio, (firstPartial - audio) / inference, lastByte)
        }
    }

    func figures(_ chunk: FirstChunk) async throws -> Figures {
        Figures(
            chunk: chunk, audio: try await arrival(of: chunk.endSample),
            known: try await arrival(of: chunk.knownSample),
            firstPartial: firstPartial.inSeconds, inference: Double(first.engineMilliseconds) / 1_000,
            lastByte: lastByte.inSeconds)
    }

    /// When the byte was given to be sent with which so many samples can be decoded.
    private func arrival(of wanted: Int) async throws -> Double {
        var (low, high) = (0, pace.bytes.count)
        let folder = try TemporaryFolder()
        while high - low > 16 {
            let middle = (low + high) / 2
            let path = try folder.write(Array(pace.bytes[..<middle]), to: "prefix")
            if await Self.holds(wanted, path) { high = middle } else { low = middle }
        }
        return pace.time(ofByte: high - 1).inSeconds
    }

    private static func holds(_ samples: Int, _ path: String) async -> Bool {
        let limits = AudioLimits(truncatedInput: .acceptWithWarning, ffmpeg: nil, ffprobe: nil)
        var count = 0
        guard let reader = try? await PCMReader.open(path: path, limits: limits) else { return false }
        while count < samples, let block = try? await reader.nextMono() { count += block.count }
        await reader.close()
        return count >= samples
    }
}

/// Where the first chunk of a recording ends, found as the service does, a hundredth of a second at a time.
struct FirstChunk {
    private(set) var endSample = 0
    /// So many samples tell that it ends there.
    private(set) var knownSample = 0
    let recordingSeconds: Double

    init(of file: String) async throws {
        let environment = ProcessInfo.processInfo.environment
        let detector = try SpeechDetector(
            program: environment["STT_WHISPER_VAD"], model: environment["STT_VAD_MODEL"])
        let samples = try await Samples.read(file)
        recordingSeconds = Double(samples.count) / 16_000
        var segmenter = AudioSegmenter(configuration: SegmenterConfiguration(mode: .speech, targetSeconds: 25))
        var windows = SpeechWindows(shortAtFirst: true)
        for start in stride(from: 0, to: samples.count, by: 160) {
            let block = Array(samples[start..<min(start + 160, samples.count)])
            var chunks = segmenter.push(block)
            for window in windows.push([block]) { chunks += segmenter.push(try await detector.verdict(on: window)) }
            guard let chunk = chunks.first else { continue }
            (endSample, knownSample) = (chunk.endSample, start + block.count)
            return
        }
        throw RigFailure(description: "\(file) has no first chunk before its end")
    }
}

/// Gives bytes at a rate, and remembers when.
private final class Pace: Sendable {
    let bytes: [UInt8]
    let begun = ContinuousClock.now
    private let bytesPerSecond: Double
    private let pacedBytes: Int
    private let times = Mutex<[(end: Int, at: Duration)]>([])

    init(bytes: [UInt8], bytesPerSecond: Double, pacedBytes: Int) {
        self.bytes = bytes
        self.bytesPerSecond = bytesPerSecond
        self.pacedBytes = pacedBytes
    }

    /// When a byte was handed over to be sent.
    func time(ofByte index: Int) -> Duration {
        times.withLock { $0.first { $0.end > index }?.at ?? .zero }
    }

    /// Fifty a second.
    func pieces() -> AsyncStream<[UInt8]> {
        let sent = Mutex(0)
        let size = max(Int(bytesPerSecond / 50), 1)
        return AsyncStream {
            let start = sent.withLock { $0 }
            guard start < self.bytes.count else { return nil }
            let end = min(start + size, self.bytes.count)
            let due = self.begun + .seconds(Double(end) / self.bytesPerSecond)
            if start < self.pacedBytes { do { try await Task.sleep(until: due) } catch { return nil } }
            sent.withLock { $0 = end }
            self.times.withLock { $0.append((end, ContinuousClock.now - self.begun)) }
            return Array(self.bytes[start..<end])
        }
    }
}
