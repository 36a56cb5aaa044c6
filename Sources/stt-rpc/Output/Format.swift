import STTClient

/// Numbers as people read them.
enum Format {
    /// `nil` for a job of normal priority.
    static func priority(_ priority: ProtoJobPriority) -> String? {
        switch priority {
        case .high: "high"
        case .low: "low"
        case .normal, .unspecified, .unrecognized: nil
        }
    }

    /// `0:07`, `12:34`, `1:02:03`.
    static func position(milliseconds: Int) -> String {
        let seconds = max(0, milliseconds) / 1000
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
        return hours > 0 ? "\(hours):\(twoDigits(minutes)):\(twoDigits(rest))" : "\(minutes):\(twoDigits(rest))"
    }

    /// `0.42 s`, `12.3 s`, `4:05 min`.
    static func span(_ duration: Duration) -> String {
        let seconds = max(0, duration.inSeconds)
        if seconds < 10 { return "\(decimal(seconds, 2)) s" }
        if seconds < 120 { return "\(decimal(seconds, 1)) s" }
        return "\(position(milliseconds: Int(seconds * 1000))) min"
    }

    /// `512 B`, `12.3 kB`, `4.0 GB`, in powers of a thousand.
    static func bytes(_ count: Int) -> String {
        var value = Double(max(0, count))
        if value < 1000 { return "\(count) B" }
        for unit in ["kB", "MB", "GB"] {
            value /= 1000
            if value < 999.95 { return "\(decimal(value, 1)) \(unit)" }
        }
        return "\(decimal(value / 1000, 1)) TB"
    }

    /// Real-time factor the way people say it: `61.2×`.
    static func speed(_ factor: Double) -> String {
        factor < 100 ? "\(decimal(factor, 1))×" : "\(Int(min(factor, 999_999).rounded()))×"
    }

    static func decimal(_ value: Double, _ places: Int) -> String {
        var scale = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = Int((min(max(value, 0), 1e12) * Double(scale)).rounded())
        if places == 0 { return "\(scaled)" }
        let fraction = String(scaled % scale)
        return "\(scaled / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
    }

    /// RFC 3339 with milliseconds, in UTC.
    static func utc(_ milliseconds: Int) -> String {
        let (days, inDay) = floorDivided(milliseconds, 86_400_000)
        let date = civil(days: days)
        let seconds = inDay / 1000
        let fraction = String(inDay % 1000)
        return "\(date.year)-\(twoDigits(date.month))-\(twoDigits(date.day))T"
            + "\(twoDigits(seconds / 3600)):\(twoDigits(seconds / 60 % 60)):\(twoDigits(seconds % 60))."
            + String(repeating: "0", count: 3 - fraction.count) + fraction + "Z"
    }

    /// The proleptic Gregorian date of a day counted from 1970-01-01.
    ///
    /// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = floorDivided(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func floorDivided(_ value: Int, _ divisor: Int) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}

extension Duration {
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }

    /// Rounded to the nearest; for `--json`.
    var inMilliseconds: Int { Int((inSeconds * 1000).rounded()) }
}
