import CCurl
import Glibc

extension HTTPHead {
    /// How long the server asks to wait: `Retry-After`, as seconds or as a date, which is measured by the server's own
    /// clock where the answer tells it. Never negative.
    package var retryAfter: Duration? {
        guard let text = self["retry-after"] else { return nil }
        if let seconds = Double(text) { return Self.bounded(seconds) }
        return Self.seconds(of: text).map { Self.bounded($0 - now) }
    }

    /// How long until requests are allowed again, where the answer says that none is left: the `x-ratelimit-` headers
    /// as OpenAI writes them, and their usual variants.
    package var rateLimitReset: Duration? {
        let kinds = ["x-ratelimit-*-requests", "x-ratelimit-*-tokens", "x-ratelimit-*", "ratelimit-*"]
        return kinds.compactMap { kind -> Duration? in
            guard let left = self[kind.replacing("*", with: "remaining")].flatMap(Double.init), left <= 0 else {
                return nil
            }
            return self[kind.replacing("*", with: "reset")].flatMap(waiting)
        }.max()
    }

    /// "6m0s", "1.5s" or "12ms"; plain seconds; or, where the number cannot mean that, seconds since 1970.
    private func waiting(_ text: String) -> Duration? {
        if let number = Double(text) { return Self.bounded(number > 1e9 ? number - now : number) }
        var (seconds, digits, unit) = (0.0, "", "")
        func take() -> Bool {
            let scale = ["ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400][unit]
            guard let scale, let number = Double(digits) else { return false }
            seconds += number * scale
            (digits, unit) = ("", "")
            return true
        }
        for character in text {
            if character.isASCII, character.isNumber || character == "." {
                guard unit.isEmpty || take() else { return nil }
                digits.append(character)
            } else {
                unit.append(character)
            }
        }
        return take() ? Self.bounded(seconds) : nil
    }

    private var now: Double {
        if let date = self["date"].flatMap(Self.seconds) { return date }
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func seconds(of date: String) -> Double? {
        let time = curl_getdate(date, nil)
        return time < 0 ? nil : Double(time)
    }

    /// A day at most.
    private static func bounded(_ seconds: Double) -> Duration {
        .seconds(seconds.isNaN ? 0 : min(max(seconds, 0), 86_400))
    }
}
