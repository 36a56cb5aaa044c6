internal import Foundation

/// Runs of the tests under a sanitizer (scripts/sanitize.sh), where everything takes several times as long.
package enum Sanitizing {
    private static let variables = ["LD_PRELOAD", "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "SWIFT_BACKTRACE"]

    /// By how much a bound may be longer that is not about correctness: `STT_TIME_FACTOR`.
    package static var timeFactor: Int {
        ProcessInfo.processInfo.environment["STT_TIME_FACTOR"].flatMap(Int.init) ?? 1
    }

    /// What a child with an environment of its own needs, so that what it reports is kept and nothing is reported that is
    /// known not to be wrong.
    package static var environment: [String: String] {
        guard timeFactor > 1 else { return [:] }
        return ProcessInfo.processInfo.environment.filter { variables.contains($0.key) }
    }
}
