import ArgumentParser

/// A length of time on the command line: `90`, `1.5`, `500ms`, `90s`, `5m`, `2h`, `7d`. Without a unit: seconds.
struct TimeSpan: ExpressibleByArgument, Hashable {
    let duration: Duration

    private static let units: [(suffix: String, seconds: Double)] = [
        ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400),
    ]
    private static let longestSeconds = 1e9

    init?(argument: String) {
        let unit = Self.units.first { argument.hasSuffix($0.suffix) }
        let digits = argument.dropLast(unit?.suffix.count ?? 0)
        guard digits.utf8.first.map({ $0 != UInt8(ascii: ".") }) ?? false,
            digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let number = Double(digits)
        else { return nil }
        let seconds = number * (unit?.seconds ?? 1)
        guard seconds <= Self.longestSeconds else { return nil }
        duration = .milliseconds(Int((seconds * 1000).rounded()))
    }

    var defaultValueDescription: String { "\(duration)" }
}
