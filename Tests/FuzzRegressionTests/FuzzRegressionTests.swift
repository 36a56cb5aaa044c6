import Foundation
import FuzzBodies
import Testing

/// The inputs that fuzzing came upon, as tests: those that reach code of their own, and those that once found something.
@Suite struct FuzzRegressionTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fuzz")

    static func inputs(_ kind: String, _ target: FuzzTarget) throws -> [URL] {
        let folder = folder.appending(path: kind).appending(path: target.rawValue)
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.path < $1.path }
    }

    @Test(arguments: FuzzTarget.allCases)
    func `every input of the corpus keeps the rules`(_ target: FuzzTarget) throws {
        let inputs = try Self.inputs("corpus", target)
        #expect(!inputs.isEmpty, "there is no corpus for \(target.rawValue): scripts/fuzz.sh makes one")
        for input in inputs { try Self.check(input, target) }
    }

    @Test(arguments: FuzzTarget.allCases)
    func `what was found once is not found again`(_ target: FuzzTarget) throws {
        for input in try Self.inputs("findings", target) { try Self.check(input, target) }
    }

    @Test(arguments: FuzzTarget.allCases)
    func `no input at all is an input`(_ target: FuzzTarget) throws {
        try target.run([])
    }

    private static func check(_ input: URL, _ target: FuzzTarget) throws {
        let bytes = [UInt8](try Data(contentsOf: input))
        do {
            try target.run(bytes)
        } catch {
            Issue.record("\(input.lastPathComponent): \(error)")
        }
    }
}
