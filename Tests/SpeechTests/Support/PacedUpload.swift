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

    /// - Parameter speed: How many times as fast as it is spoken it is sent.
    init(_ recording: [UInt8], seconds: Double, speed: Double, to client: SpeechClient) async throws {
        pace = Pace(bytes: recording, bytesPerSecond: Double(recording.count) / seconds * speed)
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

    func figures() async throws -> String {
        let end = Double(first.endMilliseconds) / 1_000
        let complete = try await arrival(ofSecond: end)
        return String(
            format: """
                first chunk %.2f s of audio, complete at %.3f s, first partial at %.3f s, %.3f s later; \
                inference %.3f s, ratio %.2f; last byte at %.1f s
                """, end, complete.inSeconds, firstPartial.inSeconds, (firstPartial - complete).inSeconds,
            inference.inSeconds, (firstPartial - complete) / inference, lastByte.inSeconds)
    }

    var inference: Duration { .milliseconds(first.engineMilliseconds) }

    /// When the byte was given to be sent with which so much of the recording can be decoded.
    func arrival(ofSecond second: Double) async throws -> Duration {
        let wanted = Int(second * 16_000)
        var (low, high) = (0, pace.bytes.count)
        let folder = try TemporaryFolder()
        while high - low > 16 {
            let middle = (low + high) / 2
            let path = try folder.write(Array(pace.bytes[..<middle]), to: "prefix")
            if await Self.holds(wanted, path) { high = middle } else { low = middle }
        }
        return pace.time(ofByte: high - 1)
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

/// Gives bytes at a rate, and remembers when.
private final class Pace: Sendable {
    let bytes: [UInt8]
    let begun = ContinuousClock.now
    private let bytesPerSecond: Double
    private let times = Mutex<[(end: Int, at: Duration)]>([])

    init(bytes: [UInt8], bytesPerSecond: Double) {
        self.bytes = bytes
        self.bytesPerSecond = bytesPerSecond
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
            do { try await Task.sleep(until: due) } catch { return nil }
            sent.withLock { $0 = end }
            self.times.withLock { $0.append((end, ContinuousClock.now - self.begun)) }
            return Array(self.bytes[start..<end])
        }
    }
}
