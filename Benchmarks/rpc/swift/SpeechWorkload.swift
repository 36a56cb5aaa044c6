internal import STTCore

/// The jobs of the real service's benchmark.
enum SpeechWorkload {
    /// Makes a job whose chunks are done while it is streamed. The benchmark's own method.
    static let begin = "stt.bench/Begin"
    /// Queued jobs: the first for many who ask for one, all for many who ask for many.
    static let jobs = (0..<2000).map { id(0x1000 + $0) }
    static let completed = id(0)
    static let chunks = 128
    static let liveChunks = 200
    static let audio = [UInt8](repeating: 0x55, count: 64 << 10)

    private static func id(_ number: Int) -> JobID {
        let digits = String(number, radix: 16)
        guard let id = JobID("01890a5d-ac96-774b-bcce-\(String(repeating: "0", count: 12 - digits.count))\(digits)")
        else { preconditionFailure("the digits are hexadecimal") }
        return id
    }

    /// Three segments of 70 characters.
    static func result(of span: ChunkSpan) -> ChunkResult {
        let segments = (0..<3).map { number in
            TranscriptSegment(
                startMilliseconds: span.startMilliseconds + number * 9_000,
                endMilliseconds: span.startMilliseconds + number * 9_000 + 8_500,
                text: "chunk \(span.index): and so it goes on and on and on and on and on for ever",
                avgLogProbability: -0.2, noSpeechProbability: 0.01)
        }
        return ChunkResult(segments: segments, language: "en", engine: "bench", engineMilliseconds: 850)
    }
}
