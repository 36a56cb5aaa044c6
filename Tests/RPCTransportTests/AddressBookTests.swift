import Testing

@testable import RPCClient

@Suite("Which server a client tries") struct AddressBookTests {
    private static let second: UInt64 = 1_000_000_000

    private func book(_ keys: String...) -> AddressBook {
        var book = AddressBook(initialBackoff: .seconds(1), maxBackoff: .seconds(8))
        book.replace(with: keys)
        return book
    }

    @Test func `all are well: they are tried in their order`() {
        #expect(book("a", "b", "c").order(now: 0) == ["a", "b", "c"])
        #expect(book("a", "b", "c").nextRound == 0)
    }

    @Test func `one that failed is tried last until its backoff has passed`() {
        var book = book("a", "b", "c")
        book.failed("a", now: 0, jitter: 1)
        #expect(book.order(now: 0) == ["b", "c", "a"])
        #expect(book.order(now: Self.second) == ["a", "b", "c"])
    }

    @Test func `a client stays with the server that works, and goes to the one after it when it fails`() {
        var book = book("a", "b", "c")
        book.failed("a", now: 0, jitter: 1)
        book.connected("b")
        #expect(book.order(now: 5 * Self.second) == ["b", "c", "a"])
        book.demote("b", now: 5 * Self.second, jitter: 1)
        #expect(book.order(now: 5 * Self.second) == ["c", "a", "b"])
    }

    @Test func `a server that failed is not the first choice again just because its time is over`() {
        var book = book("a", "b")
        book.connected("a")
        book.demote("a", now: 0, jitter: 1)
        #expect(book.order(now: 5 * Self.second) == ["b", "a"])
    }

    @Test func `each server has a backoff of its own, which doubles up to the longest and ends with a connection`() {
        var book = book("a", "b")
        var now: UInt64 = 0
        for expected: UInt64 in [1, 2, 4, 8, 8] {
            book.failed("a", now: now, jitter: 1)
            #expect(book.isAvoided("a", now: now + expected * Self.second - 1))
            #expect(!book.isAvoided("a", now: now + expected * Self.second))
            now += expected * Self.second
        }
        book.failed("b", now: now, jitter: 1)
        #expect(!book.isAvoided("b", now: now + Self.second))
        book.connected("a")
        book.failed("a", now: now, jitter: 1)
        #expect(!book.isAvoided("a", now: now + Self.second))
    }

    @Test func `jitter takes up to half of a backoff`() {
        var book = book("a")
        book.failed("a", now: 0, jitter: 0)
        #expect(book.nextRound == Self.second / 2)
    }

    @Test func `when all have failed the next round begins when the first may be tried again`() {
        var book = book("a", "b")
        book.failed("a", now: 0, jitter: 1)
        #expect(book.nextRound == 0)
        book.failed("b", now: Self.second / 2, jitter: 1)
        #expect(book.nextRound == Self.second)
        #expect(book.order(now: Self.second) == ["a", "b"])
    }

    @Test func `one that drains may be tried at once where there is no other`() {
        var book = book("a")
        book.connected("a")
        book.demote("a", now: 0, jitter: 1)
        #expect(book.order(now: 0) == ["a"])
        #expect(book.nextRound == 0)
    }

    @Test func `many calls that fail at once count as one failure`() {
        var book = book("a", "b")
        for _ in 0..<50 { book.demote("a", now: 0, jitter: 1) }
        #expect(!book.isAvoided("a", now: Self.second))
    }

    @Test
    func `a server that answers UNAVAILABLE again and again is avoided longer each time, and forgiven after a while`() {
        var book = book("a", "b")
        book.demote("a", now: 0, jitter: 1)
        book.connected("a")
        book.demote("a", now: Self.second, jitter: 1)
        #expect(book.isAvoided("a", now: 3 * Self.second - 1))
        #expect(!book.isAvoided("a", now: 3 * Self.second))
        let later = 60 * Self.second
        book.demote("a", now: later, jitter: 1)
        #expect(!book.isAvoided("a", now: later + Self.second))
    }

    @Test func `a bad server is left only for a good one`() {
        var book = book("a", "b")
        book.demote("a", now: 0, jitter: 1)
        #expect(book.shouldLeave("a", now: 0))
        book.demote("b", now: 0, jitter: 1)
        #expect(!book.shouldLeave("a", now: 0))
        #expect(!book.shouldLeave("b", now: 2 * Self.second))
    }

    @Test func `servers that a name no longer leads to are forgotten, the others keep what is known of them`() {
        var book = book("a", "b")
        book.connected("a")
        book.failed("b", now: 0, jitter: 1)
        book.replace(with: ["b", "c"])
        #expect(book.current == nil)
        #expect(book.order(now: 0) == ["c", "b"])
        book.failed("a", now: 0, jitter: 1)
        book.connected("a")
        #expect(book.order(now: 0) == ["c", "b"])
    }

    @Test func `without servers there is nothing to try`() {
        #expect(book().order(now: 0).isEmpty)
        #expect(book().nextRound == 0)
    }
}
