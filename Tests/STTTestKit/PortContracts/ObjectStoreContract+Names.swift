import STTCore
import Testing

extension ObjectStoreContract {
    static var nameRules: [Rule] {
        [
            Rule("the next parts of the keys below a key are named, each once, in the order of their bytes") {
                fixture in
                // A slash comes after "-" and "." and before digits, so the order of whole keys is another one.
                for text in ["a/1/x", "a/1/y/z", "a/1-2/x", "a/1.5", "a/10/x", "a/B", "a/b/c/d", "a-1/x", "b"] {
                    try await fixture.store.write([0], to: try key(text))
                }
                let all = ["1", "1-2", "1.5", "10", "B", "b"]
                #expect(try await fixture.store.names(below: key("a"), after: nil, limit: 100) == all)
                #expect(try await fixture.store.names(below: key("a/1"), after: nil, limit: 100) == ["x", "y"])
                #expect(try await fixture.store.names(below: key("b"), after: nil, limit: 100) == [])
                #expect(try await fixture.store.names(below: key("none"), after: nil, limit: 100) == [])
                for limit in 0...all.count {
                    let first = try await fixture.store.names(below: key("a"), after: nil, limit: limit)
                    #expect(first == Array(all.prefix(limit)))
                }
                for (index, name) in all.enumerated() {
                    let rest = try await fixture.store.names(below: key("a"), after: name, limit: 2)
                    #expect(rest == Array(all.dropFirst(index + 1).prefix(2)), "after \(name)")
                }
                // The name to begin after need not be there.
                #expect(try await fixture.store.names(below: key("a"), after: "1.4", limit: 1) == ["1.5"])
                #expect(try await fixture.store.names(below: key("a"), after: "c", limit: 1) == [])
            },
            Rule("all names come page by page, whatever the size of a page") { fixture in
                let names = (0..<40).map { "\(1_000 + $0)" } + (0..<40).map { "1000-\(10 + $0)" }
                for name in names { try await fixture.store.write([0], to: try key("jobs/\(name)/audio")) }
                for limit in [1, 7, 80, 1_000] {
                    var found: [String] = []
                    while true {
                        let page = try await fixture.store.names(below: key("jobs"), after: found.last, limit: limit)
                        if page.isEmpty { break }
                        #expect(page.count <= limit)
                        found += page
                    }
                    #expect(found == names.sorted())
                }
            },
        ]
    }

    private static func key(_ text: String) throws -> ObjectKey {
        try #require(ObjectKey(text))
    }
}
