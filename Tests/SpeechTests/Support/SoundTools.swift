import Foundation
import STTAudio
import STTProcess
import STTRig
import STTTestKit
import Testing

/// The programs that make the tests' recordings.
enum SoundTools {
    static let isThere = ["ffmpeg", "ffprobe", "sox", "sndfile-convert"].allSatisfy { ExecutableSearch.find($0) != nil }
    static let missing: Comment = "ffmpeg, sox or sndfile-convert is not installed"

    static func run(_ name: String, _ arguments: [String]) async throws {
        guard let program = ExecutableSearch.find(name) else {
            throw RigFailure(description: "\(name) is not installed; run these tests with make test")
        }
        let outcome = try await ChildProcess.run(ProcessCommand(program, arguments), timeLimit: .seconds(60))
        guard outcome.exit.isSuccess else {
            throw RigFailure(description: "\(name) \(arguments.joined(separator: " ")): \(outcome.errorTail())")
        }
    }

    static func ffmpeg(_ arguments: [String]) async throws {
        try await run("ffmpeg", ["-nostdin", "-v", "error", "-y", "-threads", "1"] + arguments)
    }

    static func sox(_ arguments: [String]) async throws { try await run("sox", ["-V1", "-R"] + arguments) }
}

/// 16 kHz mono samples.
enum Samples {
    static func read(_ path: String, limits: AudioLimits = AudioLimits()) async throws -> [Int16] {
        let reader = try await PCMReader.open(path: path, filenameHint: path, limits: limits)
        var samples: [Int16] = []
        while let block = try await reader.nextMono() { samples += block }
        return samples
    }

    /// The first time at which something is heard, in seconds.
    static func onset(of samples: [Int16]) -> Double {
        let frame = 160
        let levels = stride(from: 0, to: samples.count - frame, by: frame).map { start in
            samples[start..<start + frame].reduce(0.0) { $0 + Double($1) * Double($1) }
        }
        // 30 dB below the loudest.
        let threshold = (levels.max() ?? 0) / 1000
        return Double(levels.firstIndex { $0 > threshold } ?? 0) / 100
    }
}

/// How far a decoded recording is from the original.
struct Likeness {
    /// 1 where only the level differs.
    var correlation = 0.0
    /// Samples by which the decoded one is late.
    var delay = 0
    /// Of the decoded one, relative to the original, in dB.
    var gain = 0.0

    /// Compares two seconds from the middle.
    init(_ decoded: [Int16], to original: [Int16], maximumDelay: Int = 1200) {
        let start = 4 * 16_000
        let count = 2 * 16_000
        guard original.count > start + count + maximumDelay, decoded.count > start + count + maximumDelay else {
            return
        }
        let window = original[start..<start + count].map(Float.init)
        let power = window.reduce(0) { $0 + $1 * $1 }
        let place = decoded[start - maximumDelay..<start + count + maximumDelay].map(Float.init)
        // Coarsely at every fourth sample's value first: speech of this rate is smooth enough for that.
        func product(_ delay: Int, step: Int) -> (product: Float, power: Float) {
            var (product, other) = (Float(0), Float(1))
            window.withUnsafeBufferPointer { window in
                place.withUnsafeBufferPointer { place in
                    for index in stride(from: 0, to: count, by: step) {
                        let value = place[index + delay + maximumDelay]
                        product += window[index] * value
                        other += value * value
                    }
                }
            }
            return (product, other)
        }
        func best(_ delays: some Sequence<Int>, step: Int) -> Int {
            delays.map { delay in (delay, product(delay, step: step)) }
                .max { $0.1.product / $0.1.power.squareRoot() < $1.1.product / $1.1.power.squareRoot() }?.0 ?? 0
        }
        let near = best(stride(from: -maximumDelay, through: maximumDelay, by: 3), step: 16)
        delay = best(max(-maximumDelay, near - 6)...min(maximumDelay, near + 6), step: 1)
        let (sum, other) = product(delay, step: 1)
        correlation = Double(sum / (power * other).squareRoot())
        gain = 10 * log10(Double(other / power))
    }
}
