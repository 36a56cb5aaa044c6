import Foundation

/// Lends a path at which nothing exists, and removes what was put there.
func withTemporaryFolder<Result>(
    below parent: String = NSTemporaryDirectory(), _ body: (_ path: String) async throws -> Result
) async throws -> Result {
    let path = URL(fileURLWithPath: parent).appendingPathComponent("stt-test-\(UUID().uuidString)").path
    defer { removeFolder(path) }
    return try await body(path)
}

private func removeFolder(_ path: String) {
    guard FileManager.default.fileExists(atPath: path) else { return }
    do {
        try FileManager.default.removeItem(atPath: path)
    } catch {
        print("the test folder \(path) could not be removed: \(error)")
    }
}
