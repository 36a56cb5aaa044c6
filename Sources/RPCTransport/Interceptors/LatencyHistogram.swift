/// How long things took, in buckets of a quarter of an octave from 1 µs to over an hour.
///
/// Of fixed size; a quantile is exact to within 13 %.
public struct LatencyHistogram: Sendable, Hashable {
    private static let perOctave = 4
    private static let octaves = 32

    private var buckets = [UInt32](repeating: 0, count: LatencyHistogram.perOctave * LatencyHistogram.octaves)
    /// How many durations were recorded.
    public private(set) var count = 0

    public init() {}

    public mutating func record(_ duration: Duration) {
        let bucket = Self.bucket(of: duration.nanoseconds / 1000)
        buckets[bucket] &+= 1
        count += 1
    }

    public mutating func add(_ other: LatencyHistogram) {
        for index in buckets.indices { buckets[index] &+= other.buckets[index] }
        count += other.count
    }

    /// The duration that a share of all stays below, such as 0.99. nil: nothing was recorded.
    public func quantile(_ share: Double) -> Duration? {
        guard count > 0 else { return nil }
        let rank = max(1, Int((share * Double(count)).rounded(.up)))
        var seen = 0
        for (index, bucket) in buckets.enumerated() {
            seen += Int(bucket)
            if seen >= rank { return .nanoseconds(Int64(Self.middle(of: index) * 1000)) }
        }
        return nil
    }

    /// The octave is the position of the highest bit; the two bits below it are the quarter.
    private static func bucket(of microseconds: UInt64) -> Int {
        guard microseconds > 0 else { return 0 }
        let octave = 63 - microseconds.leadingZeroBitCount
        let quarter = octave >= 2 ? (microseconds >> (octave - 2)) & 3 : (microseconds << (2 - octave)) & 3
        return min(octave * perOctave + Int(quarter), perOctave * octaves - 1)
    }

    private static func middle(of bucket: Int) -> Double {
        let octave = Double(UInt64(1) << UInt64(bucket / perOctave))
        return octave * (1 + (Double(bucket % perOctave) + 0.5) / Double(perOctave))
    }
}
