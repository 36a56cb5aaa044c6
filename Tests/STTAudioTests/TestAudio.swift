import Foundation
@testable import STTAudio
import STTProcess
import STTTestKit

/// A folder that is removed with this object.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("audio-\(UUID().uuidString)").path
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            fatalError("cannot make \(path): \(error)")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    @discardableResult
    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        try Data(Array(bytes)).write(to: URL(fileURLWithPath: self(name)))
        return self(name)
    }
}

/// Programs that tests make their files with.
enum Tool {
    struct Failure: Error { var message: String }

    /// Says on the test's output why tests that need a program are disabled.
    static func has(_ names: String...) -> Bool {
        names.allSatisfy { name in
            if ExecutableSearch.find(name) != nil { return true }
            print("disabled: '\(name)' is not installed")
            return false
        }
    }

    static func run(_ name: String, _ arguments: String...) async throws { try await runAll(name, arguments) }

    static func ffmpeg(_ arguments: String...) async throws {
        try await runAll("ffmpeg", ["-nostdin", "-v", "error", "-y"] + arguments)
    }

    static func runAll(_ name: String, _ arguments: [String]) async throws {
        guard let program = ExecutableSearch.find(name) else { throw Failure(message: "\(name) is not installed") }
        let outcome = try await ChildProcess.run(ProcessCommand(program, arguments), timeLimit: .seconds(600))
        guard outcome.exit.isSuccess else { throw Failure(message: "\(name) \(arguments): \(outcome.errorTail())") }
    }
}

extension Downmix {
    /// The channels of interleaved frames.
    static func lanes(
        of frames: ArraySlice<Float>, channels: Int, output: PCMReader.Channels = .mixed
    ) -> [[Float]] {
        frames.withUnsafeBufferPointer { lanes($0, channels: channels, output: output) }
    }
}

/// Samples and files made by hand.
enum Synthetic {
    static func sine(
        _ frequency: Double, seconds: Double, rate: Int = 16_000, amplitude: Double = 0.5
    ) -> [Double] {
        (0..<Int(seconds * Double(rate))).map { amplitude * sin(2 * .pi * frequency * Double($0) / Double(rate)) }
    }

    static func quantized(_ samples: [Double]) -> [Int16] {
        samples.map { Int16(clamping: Int(($0 * 32767).rounded())) }
    }

    /// A WAV file. `dataSize` is what the header says; the default is the truth.
    static func wav(
        _ data: [UInt8], rate: Int = 16_000, channels: Int = 1, bits: Int = 16, isFloat: Bool = false,
        dataSize: Int? = nil
    ) -> [UInt8] {
        let size = dataSize ?? data.count
        let block = channels * bits / 8
        var bytes = Array("RIFF".utf8) + little(size == data.count ? 36 + size : size, 4) + Array("WAVEfmt ".utf8)
        bytes += little(16, 4) + little(isFloat ? 3 : 1, 2) + little(channels, 2) + little(rate, 4)
        bytes += little(rate * block, 4) + little(block, 2) + little(bits, 2)
        return bytes + Array("data".utf8) + little(size, 4) + data
    }

    static func bytes(_ samples: [Int16]) -> [UInt8] { SyntheticAudio.littleEndianBytes(of: samples) }

    static func bytes(_ samples: [Float]) -> [UInt8] { samples.flatMap { little(Int($0.bitPattern), 4) } }

    static func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}

/// What is measured on PCM.
enum Measure {
    /// Amplitude of a sine of a frequency in the samples (Goertzel's algorithm), relative to full scale.
    static func amplitude(_ samples: some Collection<Int16>, frequency: Double, rate: Double = 16_000) -> Double {
        let coefficient = 2 * cos(2 * .pi * frequency / rate)
        var (previous, beforeThat) = (0.0, 0.0)
        for sample in samples {
            (previous, beforeThat) = (Double(sample) / 32768 + coefficient * previous - beforeThat, previous)
        }
        let power = previous * previous + beforeThat * beforeThat - coefficient * previous * beforeThat
        return 2 * max(power, 0).squareRoot() / Double(samples.count)
    }

    static func rms(_ samples: some Collection<Int16>) -> Double {
        let sum = samples.reduce(0.0) { $0 + Double($1) * Double($1) }
        return (sum / Double(max(samples.count, 1))).squareRoot() / 32768
    }

    /// The best normalised correlation of two recordings within `maximumLag` samples, and its lag.
    static func correlation(_ left: [Int16], _ right: [Int16], maximumLag: Int) -> (value: Double, lag: Int) {
        let (left, right) = (left.map { Double($0) }, right.map { Double($0) })
        return (-maximumLag...maximumLag).map { lag in
            // For a build without optimisation: see `SyntheticAudio`.
            var (product, leftPower, rightPower) = (0.0, 1e-9, 1e-9)
            left.withUnsafeBufferPointer { left in
                right.withUnsafeBufferPointer { right in
                    guard let leftSamples = left.baseAddress, let rightSamples = right.baseAddress else { return }
                    var index = max(0, -lag)
                    let end = min(left.count, right.count - lag)
                    while index < end {
                        let (a, b) = (leftSamples[index], rightSamples[index + lag])
                        product += a * b
                        leftPower += a * a
                        rightPower += b * b
                        index += 1
                    }
                }
            }
            return (product / (leftPower * rightPower).squareRoot(), lag)
        }.max { $0.value < $1.value } ?? (0, 0)
    }
}

/// Speech that is part of a test package of the system.
enum Speech {
    static let folder = "/usr/share/pocketsphinx/test/data/librivox"
    static let file = "\(folder)/sense_and_sensibility_01_austen_64kb-0870.wav"

    static var isThere: Bool {
        if FileManager.default.isReadableFile(atPath: file) { return true }
        print("disabled: \(file) is missing (package pocketsphinx-testdata)")
        return false
    }

    /// All the recordings one after another.
    static func all() async throws -> [Int16] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".wav") }.sorted()
        var samples: [Int16] = []
        for name in names { samples += try await readAll("\(folder)/\(name)") }
        return samples
    }
}

/// Decodes a whole file.
func readAll(_ path: String, limits: AudioLimits = AudioLimits()) async throws -> [Int16] {
    let reader = try await PCMReader.open(path: path, limits: limits)
    var samples: [Int16] = []
    while let block = try await reader.nextMono() { samples += block }
    return samples
}

/// The error of decoding a whole file, and `nil` where there is none.
func errorOfReading(
    _ path: String, hint: String? = nil, limits: AudioLimits = AudioLimits()
) async -> AudioError? {
    do {
        let reader = try await PCMReader.open(path: path, filenameHint: hint, limits: limits)
        while try await reader.next() != nil {}
        return nil
    } catch {
        return error
    }
}
