import Foundation
import STTAudio

/// Decodes, resamples and cuts a file as the daemon does before any engine runs: decoding-benchmark MODE FILE, where MODE
/// is `decode` (nothing is cut), `silence`, or `speech` with the program and model of STT_WHISPER_VAD and STT_VAD_MODEL.
@main struct DecodingBenchmark {
    static func main() async throws {
        guard CommandLine.arguments.count == 3 else {
            print("usage: decoding-benchmark decode|silence|speech FILE")
            exit(64)
        }
        let (mode, path) = (CommandLine.arguments[1], CommandLine.arguments[2])
        let started = ContinuousClock.now
        let reader = try await PCMReader.open(path: path)
        var cutter = try Cutter(mode: mode)
        while let block = try await reader.nextMono() { try await cutter.push(block, since: started) }
        try await cutter.finish(since: started)
        let wall = started.duration(to: .now)
        print(
            #"{"mode": "\#(mode)", "wall": \#(wall.seconds), "audio": \#(Double(cutter.samples) / 16_000), "#
                + #""chunks": \#(cutter.chunks), "kept": \#(Double(cutter.kept) / 16_000), "#
                + #""first": \#(cutter.first?.seconds ?? 0)}"#)
    }
}

/// What is done with the samples.
private struct Cutter {
    private var segmenter: AudioSegmenter?
    private var detector: SpeechDetector?
    private var windows = SpeechWindows(shortAtFirst: true)
    private(set) var samples = 0
    private(set) var chunks = 0
    private(set) var kept = 0
    /// When the first chunk was there.
    private(set) var first: Duration?

    init(mode: String) throws {
        guard mode != "decode" else { return }
        guard let mode = SegmenterConfiguration.Mode(rawValue: mode) else { throw CocoaError(.featureUnsupported) }
        segmenter = AudioSegmenter(configuration: SegmenterConfiguration(mode: mode))
        guard mode == .speech else { return }
        let environment = ProcessInfo.processInfo.environment
        detector = try SpeechDetector(program: environment["STT_WHISPER_VAD"], model: environment["STT_VAD_MODEL"])
    }

    mutating func push(_ block: [Int16], since started: ContinuousClock.Instant) async throws {
        samples += block.count
        count(segmenter?.push(block), since: started)
        guard let detector else { return }
        for window in windows.push([block]) {
            count(segmenter?.push(try await detector.verdict(on: window)), since: started)
        }
    }

    mutating func finish(since started: ContinuousClock.Instant) async throws {
        if let detector {
            for window in windows.finish() {
                count(segmenter?.push(try await detector.verdict(on: window)), since: started)
            }
        }
        count(segmenter?.finish(), since: started)
    }

    private mutating func count(_ new: [AudioChunk]?, since started: ContinuousClock.Instant) {
        guard let new, !new.isEmpty else { return }
        first = first ?? started.duration(to: .now)
        chunks += new.count
        kept += new.reduce(0) { $0 + $1.samples.count }
    }
}

extension Duration {
    fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
