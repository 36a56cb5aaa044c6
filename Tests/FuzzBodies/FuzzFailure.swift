/// What a fuzz body found: a statement that ought to hold and does not.
package struct FuzzFailure: Error, CustomStringConvertible {
    package let description: String
}

func require(_ condition: Bool, _ statement: @autoclosure () -> String) throws(FuzzFailure) {
    if !condition { throw FuzzFailure(description: statement()) }
}

func requireEqual<T: Equatable>(
    _ actual: T, _ expected: T, _ what: @autoclosure () -> String
) throws(FuzzFailure) {
    if actual != expected { throw FuzzFailure(description: "\(what()): \(actual), expected \(expected)") }
}
