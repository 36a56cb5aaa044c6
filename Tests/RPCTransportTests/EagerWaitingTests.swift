import Testing

@testable import RPCTransport

@Suite("Looking again before sleeping")
struct EagerWaitingTests {
    @Test func `a loop that exchanges short messages at short intervals looks again`() {
        var eagerness = EagerWaiting()
        var looks = [eagerness.isEager(afterReading: 100)]
        eagerness.waited(60_000, hasPaid: nil)
        looks.append(eagerness.isEager(afterReading: 100))
        eagerness.waited(8_000, hasPaid: true)
        looks.append(eagerness.isEager(afterReading: 100))
        #expect(looks == [false, true, true])
    }

    @Test func `a loop with long pauses, with much to read, or woken by something else does not`() {
        var eagerness = EagerWaiting()
        eagerness.waited(1_000_000, hasPaid: nil)
        var looks = [eagerness.isEager(afterReading: 100)]
        eagerness.waited(60_000, hasPaid: nil)
        looks.append(eagerness.isEager(afterReading: 4096))
        looks.append(eagerness.isEager(afterReading: 0))
        #expect(looks == [false, false, false])
    }

    @Test func `looking in vain becomes ever rarer`() {
        var eagerness = EagerWaiting()
        var looks = 0
        for _ in 0..<10_000 {
            let looked = eagerness.isEager(afterReading: 100)
            if looked { looks += 1 }
            eagerness.waited(100_000, hasPaid: looked ? false : nil)
        }
        #expect(looks > 5)
        #expect(looks < 25)
    }
}
