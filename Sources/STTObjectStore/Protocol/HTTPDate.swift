import Glibc

/// Times as HTTP and S3 write them, in seconds since 1970.
package enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec
    }

    /// Such as `Fri, 24 May 2013 00:00:00 GMT`.
    package static func seconds(_ text: String) -> Int? {
        let parts = text.split { " :".contains($0) }
        guard parts.count == 8, let month = months.firstIndex(of: String(parts[2])) else { return nil }
        return seconds([parts[3], "\(month + 1)", parts[1], parts[4], parts[5], parts[6]])
    }

    /// Such as `2013-05-24T00:00:00.000Z`, without the fraction.
    package static func secondsISO(_ text: String) -> Int? {
        let parts = text.split { "-T:.Z".contains($0) }
        return parts.count >= 6 ? seconds(Array(parts.prefix(6))) : nil
    }

    private static func seconds(_ parts: [Substring]) -> Int? {
        let numbers = parts.compactMap { Int32($0) }
        guard numbers.count == 6, (1970...9_999).contains(numbers[0]), (1...12).contains(numbers[1]),
            (1...31).contains(numbers[2]), (0...23).contains(numbers[3]), (0...59).contains(numbers[4]),
            (0...60).contains(numbers[5])
        else { return nil }
        var time = tm()
        time.tm_year = numbers[0] - 1900
        time.tm_mon = numbers[1] - 1
        time.tm_mday = numbers[2]
        time.tm_hour = numbers[3]
        time.tm_min = numbers[4]
        time.tm_sec = numbers[5]
        return timegm(&time)
    }
}
