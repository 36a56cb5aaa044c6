/// What one check found.
struct Finding: Sendable, Encodable, Equatable {
    enum Status: String, Sendable, Encodable {
        case ok, warn, fail
    }

    var name: String
    var status: Status
    /// What was found.
    var found: String
    /// How to mend what is wrong.
    var hint: String?

    static func ok(_ name: String, _ found: String) -> Finding { Finding(name: name, status: .ok, found: found) }

    static func warn(_ name: String, _ found: String, hint: String) -> Finding {
        Finding(name: name, status: .warn, found: found, hint: hint)
    }

    static func fail(_ name: String, _ found: String, hint: String) -> Finding {
        Finding(name: name, status: .fail, found: found, hint: hint)
    }

    /// One line, and a second one with the hint.
    func text(nameWidth: Int) -> String {
        let word = status == .fail ? "FAIL" : status.rawValue
        let line = "\(word.padded(to: 4))  \(name.padded(to: nameWidth))  \(found)"
        return hint.map { "\(line)\n      \("".padded(to: nameWidth))  -> \($0)" } ?? line
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

/// Something that is looked at, in bounded time.
struct Check: Sendable {
    var name: String
    var limit: Duration
    var run: @Sendable () async -> [Finding]

    init(_ name: String, limit: Duration = .seconds(15), _ run: @escaping @Sendable () async -> [Finding]) {
        self.name = name
        self.limit = limit
        self.run = run
    }

    /// What was found, or that nothing was in time.
    func findings() async -> [Finding] {
        await TimeLimit.run(limit, run) ?? [
            .fail(name, "no answer within \(limit)", hint: "see whether it hangs, or is far overloaded")
        ]
    }
}
