public import Testing

/// One sentence of a port's contract, with the test of it. Every adapter of the port is run through all rules.
public struct ContractRule<Fixture: Sendable>: Sendable, CustomTestStringConvertible {
    public let testDescription: String
    private let body: @Sendable (Fixture) async throws -> Void

    init(_ sentence: String, _ body: @escaping @Sendable (Fixture) async throws -> Void) {
        testDescription = sentence
        self.body = body
    }

    /// Records an issue for everything that the adapter does otherwise.
    /// - Parameter fixture: A fresh, empty one.
    public func check(_ fixture: Fixture) async throws {
        try await body(fixture)
    }
}
