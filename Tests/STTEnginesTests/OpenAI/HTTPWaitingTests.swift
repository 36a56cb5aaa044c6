import Testing

@testable import STTHTTP

@Suite("The time that an answer asks to wait")
struct HTTPWaitingTests {
    private func head(_ headers: [String: String]) -> HTTPHead {
        HTTPHead(status: 429, headers: headers.map { .init($0.key, $0.value) }, url: "")
    }

    @Test(
        "is read from Retry-After",
        arguments: [
            ("7", 7.0), ("0.25", 0.25), ("-3", 0), ("Tue, 01 Feb 2022 00:00:30 GMT", 30),
            ("Tuesday, 01-Feb-22 00:00:30 GMT", 30), ("Mon, 31 Jan 2022 00:00:00 GMT", 0), ("99999999999", 86_400),
        ])
    func retryAfter(value: String, seconds: Double) {
        let head = head(["retry-after": value, "date": "Tue, 01 Feb 2022 00:00:00 GMT"])
        #expect(head.retryAfter == .seconds(seconds))
    }

    @Test("is unknown where Retry-After is missing or senseless")
    func noRetryAfter() {
        #expect(head([:]).retryAfter == nil)
        #expect(head(["retry-after": "soon"]).retryAfter == nil)
    }

    @Test(
        "is read from the rate limit's headers, where no request is left",
        arguments: [
            ("1s", 1.0), ("6m0s", 360), ("12ms", 0.012), ("1h2m3.5s", 3723.5), ("30", 30), ("1643673610", 10),
        ])
    func reset(value: String, seconds: Double) throws {
        let date = "Tue, 01 Feb 2022 00:00:00 GMT"
        for kind in ["x-ratelimit-*-requests", "x-ratelimit-*", "ratelimit-*", "x-ratelimit-*-tokens"] {
            let head = head([
                kind.replacing("*", with: "remaining"): "0", kind.replacing("*", with: "reset"): value, "date": date,
            ])
            let reset = try #require(head.rateLimitReset)
            #expect(abs(reset / .seconds(1) - seconds) < 1e-6)
        }
        #expect(
            head(["x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": value]).rateLimitReset == nil)
        #expect(
            head(["x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "\(value)!"]).rateLimitReset
                == nil)
    }
}
