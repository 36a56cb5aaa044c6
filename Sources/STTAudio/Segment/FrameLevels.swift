import Foundation

/// The level of every 20 ms frame of a recording, and which of them are above the silence gate.
///
/// The gate follows the noise floor: for each second (a bucket) the floor is the 10th percentile of the frame levels
/// from 10 s before it to 5 s after it, digital silence left out, and the gate is 8 dB above that, but at least -75 dBFS
/// and at most -45 dBFS.
/// The lower bound is that low because there are recordings of real speech that peaks at -55 dBFS over digital silence.
/// The upper bound keeps dense speech, music and noisy rooms wholly above the gate: losing quiet speech is worse than
/// transcribing noise. Everything is a function of the samples in that window alone, counted in integers, so that it
/// comes out the same wherever reading starts and however the samples arrive.
struct FrameLevels: Sendable {
    /// Tenths of a decibel relative to full scale.
    typealias Centibels = Int

    static let samplesPerFrame = 320
    static let framesPerSecond = PCM.sampleRate / samplesPerFrame
    static let samplesPerBucket = PCM.sampleRate
    /// Buckets before a chunk's end that the chunks after it depend on: the floor's window and the lead-in.
    static let warmUpBuckets = trailingBuckets + 2
    static let silence: Centibels = -1000

    private static let trailingBuckets = 10
    private static let lookaheadBuckets = 5
    private static let floorPercentile = 10
    /// Frames below -90 dBFS are digital silence: they say nothing about the noise between them.
    private static let quietestBin = 90
    private static let gateAboveFloor: Centibels = 80
    private static let lowestGate: Centibels = -750
    private static let highestGate: Centibels = -450

    private struct Bucket {
        var histogram = [UInt8](repeating: 0, count: 101)
        var floor: Centibels?
    }

    /// The frame after the last complete one (after `end()`: after the last one).
    private(set) var endFrame: Int
    /// Frames before this one have a gate that data yet to come cannot change.
    private(set) var confirmedEnd: Int
    /// Position after the last sample.
    private(set) var endSample: Int

    private var levels: [Int16] = []
    private var firstFrame: Int
    private var buckets: [Bucket] = []
    private var firstBucket: Int
    private var isEnded = false
    /// One for each channel.
    private var sums: [FrameSum] = []
    private var pendingCount = 0

    fileprivate struct FrameSum {
        var sum = 0
        var sumOfSquares = 0
    }

    init(startSample: Int) {
        endSample = startSample
        endFrame = startSample / Self.samplesPerFrame
        firstFrame = endFrame
        firstBucket = endFrame / Self.framesPerSecond
        confirmedEnd = endFrame
    }

    /// Frames before this one have a gate.
    var classifiedEnd: Int { isEnded ? endFrame : confirmedEnd }

    func level(_ frame: Int) -> Centibels { Int(levels[frame - firstFrame]) }

    /// The mean level of the frames within `radius` of a frame, as far as they are known.
    func smoothedLevel(_ frame: Int, radius: Int) -> Centibels {
        let first = max(frame - radius, firstFrame)
        let last = min(frame + radius, endFrame - 1)
        var total = 0
        for index in first...last { total += Int(levels[index - firstFrame]) }
        return total / (last - first + 1)
    }

    /// The noise floor around a classified frame.
    func floor(_ frame: Int) -> Centibels {
        buckets[frame / Self.framesPerSecond - firstBucket].floor ?? Self.silence
    }

    /// The silence gate at a classified frame.
    func gate(_ frame: Int) -> Centibels {
        min(max(floor(frame) + Self.gateAboveFloor, Self.lowestGate), Self.highestGate)
    }

    func isActive(_ frame: Int) -> Bool { level(frame) >= gate(frame) }

    /// Takes the next samples: one array for each channel, all of the same length.
    mutating func append(_ channels: [[Int16]]) {
        guard let count = channels.first?.count else { return }
        if sums.count != channels.count { sums = [FrameSum](repeating: FrameSum(), count: channels.count) }
        var next = 0
        while next < count {
            let room = Self.samplesPerFrame - endSample % Self.samplesPerFrame
            let taken = min(room, count - next)
            for (index, channel) in channels.enumerated() {
                channel.withUnsafeBufferPointer {
                    sums[index].add(UnsafeBufferPointer(rebasing: $0[next..<next + taken]))
                }
            }
            pendingCount += taken
            endSample += taken
            next += taken
            if taken == room { completeFrame() }
        }
        confirm()
    }

    /// Ends the recording: an incomplete frame counts as one, and every frame gets its gate.
    mutating func end() {
        if pendingCount > 0 { completeFrame() }
        isEnded = true
        for index in buckets.indices where buckets[index].floor == nil { setFloor(ofBucketAt: index) }
    }

    /// Forgets the frames before this one, and the buckets that no later frame depends on.
    mutating func drop(before frame: Int) {
        let count = min(max(frame - firstFrame, 0), levels.count)
        levels.removeFirst(count)
        firstFrame += count
        let bucket = firstFrame / Self.framesPerSecond - Self.warmUpBuckets
        if bucket > firstBucket {
            let excess = min(bucket - firstBucket, buckets.count)
            buckets.removeFirst(excess)
            firstBucket += excess
        }
    }

    /// The level is that of the loudest channel, without its mean, so that a DC offset does not hide silence.
    private mutating func completeFrame() {
        let power = sums.reduce(0) { max($0, $1.power(of: pendingCount)) }
        let centibels = power > 1e-10 ? Int((100 * log10(power)).rounded()) : Self.silence
        levels.append(Int16(clamping: max(centibels, Self.silence)))
        let bucket = endFrame / Self.framesPerSecond - firstBucket
        while buckets.count <= bucket { buckets.append(Bucket()) }
        buckets[bucket].histogram[min(max(-centibels / 10, 0), 100)] += 1
        endFrame += 1
        for index in sums.indices { sums[index] = FrameSum() }
        pendingCount = 0
    }

    private mutating func confirm() {
        while true {
            let bucket = confirmedEnd / Self.framesPerSecond
            guard (bucket + Self.lookaheadBuckets + 1) * Self.framesPerSecond <= endFrame else { return }
            setFloor(ofBucketAt: bucket - firstBucket)
            confirmedEnd = (bucket + 1) * Self.framesPerSecond
        }
    }

    private mutating func setFloor(ofBucketAt index: Int) {
        let window = max(index - Self.trailingBuckets, 0)...min(index + Self.lookaheadBuckets, buckets.count - 1)
        let counts = (0...Self.quietestBin).map { bin in window.reduce(0) { $0 + Int(buckets[$1].histogram[bin]) } }
        let total = counts.reduce(0, +)
        var remaining = total >= Self.framesPerSecond ? total * Self.floorPercentile / 100 : Int.max
        for bin in stride(from: Self.quietestBin, through: 0, by: -1) {
            remaining -= counts[bin]
            if remaining < 0 {
                buckets[index].floor = -10 * bin
                return
            }
        }
        buckets[index].floor = Self.silence
    }
}

extension FrameLevels.FrameSum {
    fileprivate mutating func add(_ samples: UnsafeBufferPointer<Int16>) {
        var partialSum: Int32 = 0
        var partialSquares = 0
        for sample in samples {
            partialSum &+= Int32(sample)
            partialSquares &+= Int(Int32(sample) &* Int32(sample))
        }
        sum += Int(partialSum)
        sumOfSquares += partialSquares
    }

    /// Relative to full scale.
    fileprivate func power(of sampleCount: Int) -> Double {
        let mean = Double(sum) / Double(sampleCount)
        return (Double(sumOfSquares) / Double(sampleCount) - mean * mean) / (32768 * 32768)
    }
}
