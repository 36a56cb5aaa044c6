import Foundation
import STTTestKit
import Testing

/// What microphones and lines pick up where nobody speaks. The same on every run.
struct Sound: Sendable, CustomTestStringConvertible {
    var name: String
    var make: @Sendable () -> [Int16]
    var testDescription: String { name }

    private static let rate = 16_000.0
    private static let seconds = 20.0

    static let all: [Sound] = [
        Sound(name: "white noise") { noise(level: 1500, smoothing: 0) },
        Sound(name: "pink noise") { mix(noise(level: 900, smoothing: 0), noise(level: 12_000, smoothing: 0.97)) },
        Sound(name: "brown noise") { noise(level: 60_000, smoothing: 0.998) },
        Sound(name: "fireplace") { mix(noise(level: 8000, smoothing: 0.98), crackle()) },
        Sound(name: "mains hum") { tones([50: 3000, 100: 1500, 150: 900, 250: 400]) },
        Sound(name: "chords") { chords() },
        Sound(name: "drum loop") { drums() },
        Sound(name: "telephone keys") { keys() },
        Sound(name: "ringing") { ringing() },
    ]

    private static func samples(_ value: (Double) -> Double) -> [Int16] {
        (0..<Int(seconds * rate)).map { Int16(clamping: Int(value(Double($0) / rate))) }
    }

    private static func mix(_ left: [Int16], _ right: [Int16]) -> [Int16] {
        zip(left, right).map { Int16(clamping: Int($0) + Int($1)) }
    }

    private static func noise(level: Double, smoothing: Double) -> [Int16] {
        var random = SplitMix(seed: 3)
        var last = 0.0
        return samples { _ in
            last = smoothing * last + (1 - smoothing) * Double.random(in: -level...level, using: &random)
            return last
        }
    }

    /// Clicks of 1 to 20 ms at random times, six a second.
    private static func crackle() -> [Int16] {
        var random = SplitMix(seed: 5)
        var (level, decay) = (0.0, 0.0)
        return samples { _ in
            if Double.random(in: 0..<1, using: &random) < 6 / rate {
                level = Double.random(in: 500...14_000, using: &random)
                decay = exp(-1 / (rate * Double.random(in: 0.001...0.02, using: &random)))
            }
            level *= decay
            return level * Double.random(in: -1...1, using: &random)
        }
    }

    private static func tones(_ levels: [Double: Double]) -> [Int16] {
        samples { time in
            let angle: Double = 2 * Double.pi * time
            return levels.reduce(0.0) { $0 + $1.value * sin(angle * $1.key) }
        }
    }

    /// A chord a second, struck and dying away, each note with overtones.
    private static func chords() -> [Int16] {
        let progression: [[Double]] = [
            [261.6, 329.6, 392.0], [220.0, 261.6, 329.6], [174.6, 220.0, 261.6], [196.0, 246.9, 293.7],
        ]
        return samples { time in
            let place = time - time.rounded(.down)
            let notes = progression[Int(time) % progression.count]
            var sound = 0.0
            for note in notes {
                for overtone in [1.0, 2, 3, 4] {
                    let phase: Double = 2 * Double.pi * note * overtone * time
                    sound += sin(phase) / (overtone * overtone)
                }
            }
            return 2500 * sound * exp(-2 * place)
        }
    }

    /// A kick and a hat at 120 beats a minute.
    private static func drums() -> [Int16] {
        var random = SplitMix(seed: 9)
        return samples { time in
            let beat = time.truncatingRemainder(dividingBy: 0.5)
            let half = (time + 0.25).truncatingRemainder(dividingBy: 0.5)
            let kick: Double = 12_000 * sin(2 * Double.pi * 55 * beat) * exp(-18 * beat)
            let hat: Double = Double.random(in: -5000...5000, using: &random) * exp(-60 * half)
            return kick + hat
        }
    }

    /// A number that is dialled, three keys a second.
    private static func keys() -> [Int16] {
        let (rows, columns) = ([697.0, 770, 852, 941], [1209.0, 1336, 1477])
        return samples { time in
            let (key, place) = (Int(time * 3), (time * 3).truncatingRemainder(dividingBy: 1))
            guard place < 0.5 else { return 0 }
            let angle: Double = 2 * Double.pi * time
            return 5000 * (sin(angle * rows[key % 4]) + sin(angle * columns[key % 3]))
        }
    }

    /// One second in five.
    private static func ringing() -> [Int16] {
        samples { time in
            time.truncatingRemainder(dividingBy: 5) < 1 ? 8000 * sin(2 * Double.pi * 425 * time) : 0.0
        }
    }
}
