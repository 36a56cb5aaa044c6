public import STTCore
import Testing

/// An object store under test, empty at first.
public protocol ObjectStoreFixture: Sendable {
    var store: any ObjectStore { get }

    /// Everything that takes up room, finished or not: files, unfinished uploads.
    func residue() async throws -> [String]
}

/// What every object store does. Adapters are judged by running all rules, each on an empty store.
public enum ObjectStoreContract {
    public typealias Rule = ContractRule<any ObjectStoreFixture>

    public static var rules: [Rule] { contentRules + writerRules + folderRules + nameRules + concurrencyRules }

    private static var contentRules: [Rule] {
        [
            Rule("an object of any size is read back as it was written") { fixture in
                for (size, step) in [(0, 1), (1, 1), (65_537, 1_000), (8 * 1_048_576 + 1, 1_048_573)] {
                    let bytes = pattern(size)
                    let writer = try await fixture.store.writer(for: key)
                    for start in stride(from: 0, to: size, by: step) {
                        try await writer.write(Array(bytes[start..<min(size, start + step)]))
                    }
                    let written = try await writer.finish()
                    #expect(written == size)
                    #expect(try await fixture.store.size(of: key) == size)
                    #expect(try await fixture.store.read(key) == bytes)
                }
            },
            Rule("ranges of an object are read") { fixture in
                let bytes = pattern(100_000)
                try await fixture.store.write(bytes, to: key)
                for range in [0..<1, 0..<100_000, 99_999..<100_000, 1_234..<70_001, 0..<0, 100_000..<100_000] {
                    #expect(try await fixture.store.read(key, range: range) == Array(bytes[range]))
                }
            },
            Rule("a range that exceeds the object is refused") { fixture in
                try await fixture.store.write(pattern(10), to: key)
                for range in [0..<11, 10..<11, 11..<11, 500..<600, -1..<5] {
                    await expect(.invalidArgument) { try await fixture.store.read(key, range: range) }
                }
            },
            Rule("an object that is not there is not found, and may be deleted") { fixture in
                try await fixture.store.delete(key)
                try await fixture.store.deleteAll(below: key)
                await expect(.notFound) { try await fixture.store.read(key) }
                await expect(.notFound) { try await fixture.store.read(key, range: 0..<1) }
                await expect(.notFound) { try await fixture.store.withLocalFile(key) { $0 } }
                #expect(try await fixture.store.size(of: key) == nil)
                #expect(try await fixture.store.keys(below: key) == [])
            },
            Rule("what lies above other objects is no object") { fixture in
                try await fixture.store.write([1], to: key)
                let above = ObjectKey.job(job)
                #expect(try await fixture.store.size(of: above) == nil)
                await expect(.notFound) { try await fixture.store.read(above) }
                try await fixture.store.delete(above)
                #expect(try await fixture.store.read(key) == [1])
            },
            Rule("the lent file has the object's bytes, and what its user throws comes through") { fixture in
                let bytes = pattern(100_000)
                try await fixture.store.write(bytes, to: key)
                let found = try await fixture.store.withLocalFile(key) { try FileBytes.read($0) }
                #expect(found == bytes)
                let before = try await fixture.residue()
                await #expect(throws: ContractFailure.self) {
                    try await fixture.store.withLocalFile(key) { _ in throw ContractFailure("intended") }
                }
                #expect(try await fixture.residue().count == before.count)
                #expect(try await fixture.store.read(key) == bytes)
            },
            Rule("keys of every allowed character and of the greatest length name objects") { fixture in
                let long = String(repeating: "x", count: 255)
                for text in ["-", "...", "A_z.09-", "a/b/c/d/e", "\(long)/\(long)"] {
                    let key = try #require(ObjectKey(text))
                    try await fixture.store.write(Array(text.utf8), to: key)
                    #expect(try await fixture.store.read(key) == Array(text.utf8))
                }
            },
        ]
    }

    private static var writerRules: [Rule] {
        [
            Rule("an object is not there before its writer has finished") { fixture in
                let writer = try await fixture.store.writer(for: key)
                try await writer.write(pattern(100_000))
                #expect(try await fixture.store.size(of: key) == nil)
                await expect(.notFound) { try await fixture.store.read(key) }
                #expect(try await fixture.store.keys(below: .job(job)) == [])
                _ = try await writer.finish()
                #expect(try await fixture.store.keys(below: .job(job)) == [key])
            },
            Rule("an object is replaced when its next writer finishes, and not before") { fixture in
                try await fixture.store.write(pattern(50_000), to: key)
                let writer = try await fixture.store.writer(for: key)
                try await writer.write([1, 2, 3])
                #expect(try await fixture.store.read(key) == pattern(50_000))
                _ = try await writer.finish()
                #expect(try await fixture.store.read(key) == [1, 2, 3])
                #expect(try await fixture.residue().count == 1)
            },
            Rule("an aborted writer leaves no trace") { fixture in
                let writer = try await fixture.store.writer(for: key)
                try await writer.write(pattern(6_000_000))
                await writer.abort()
                await writer.abort()
                #expect(try await fixture.store.size(of: key) == nil)
                #expect(try await fixture.residue() == [])
                await expect(.invalidArgument) { try await writer.write([1]) }
                await expect(.invalidArgument) { try await writer.finish() }
            },
            Rule("a writer that is released without finishing leaves no trace") { fixture in
                func release() async throws {
                    let writer = try await fixture.store.writer(for: key)
                    try await writer.write(pattern(6_000_000))
                }
                try await release()
                #expect(try await fixture.store.size(of: key) == nil)
                #expect(try await fixture.residue() == [])
            },
            Rule("after finishing, aborting does nothing and writing is refused") { fixture in
                let writer = try await fixture.store.writer(for: key)
                try await writer.write([7])
                _ = try await writer.finish()
                await writer.abort()
                await expect(.invalidArgument) { try await writer.write([1]) }
                await expect(.invalidArgument) { try await writer.finish() }
                #expect(try await fixture.store.read(key) == [7])
            },
        ]
    }

    private static var folderRules: [Rule] {
        [
            Rule("the keys below a key are listed, without itself and its neighbours") { fixture in
                let texts = ["a/1/x", "a/1/y/z", "a/10/x", "a/2", "b", "a-1/x"]
                for text in texts { try await fixture.store.write([0], to: try #require(ObjectKey(text))) }
                func listed(_ text: String) async throws -> Set<String> {
                    let keys = try await fixture.store.keys(below: try #require(ObjectKey(text)))
                    return Set(keys.map(\.description))
                }
                #expect(try await listed("a/1") == ["a/1/x", "a/1/y/z"])
                #expect(try await listed("a") == ["a/1/x", "a/1/y/z", "a/10/x", "a/2"])
                #expect(try await listed("b") == [])
                #expect(try await listed("none") == [])
            },
            Rule("deleting all below a key removes its object and those below, and no neighbour") { fixture in
                let (id, other) = (job, JobID(at: Timestamp(millisecondsSinceEpoch: 2)))
                for id in [id, other] {
                    try await fixture.store.write([1], to: .audio(of: id))
                    for index in 0..<12 { try await fixture.store.write([2], to: .samples(of: id, chunk: index)) }
                    try await fixture.store.write([3], to: .transcript(of: id))
                }
                try await fixture.store.deleteAll(below: .samples(of: id, chunk: 1))
                #expect(try await fixture.store.keys(below: .samples(of: id)).count == 11)
                try await fixture.store.deleteAll(below: .samples(of: id))
                #expect(
                    Set(try await fixture.store.keys(below: .job(id))) == [.audio(of: id), .transcript(of: id)])
                try await fixture.store.deleteAll(below: .job(id))
                #expect(try await fixture.store.keys(below: .job(id)) == [])
                #expect(try await fixture.store.keys(below: .job(other)).count == 14)
                #expect(try await fixture.residue().count == 14)
            },
            Rule("a deleted object is gone and leaves no trace") { fixture in
                try await fixture.store.write(pattern(1000), to: key)
                try await fixture.store.delete(key)
                #expect(try await fixture.store.size(of: key) == nil)
                #expect(try await fixture.residue() == [])
                try await fixture.store.write([1], to: key)
                #expect(try await fixture.store.read(key) == [1])
            },
        ]
    }

    private static var concurrencyRules: [Rule] {
        [
            Rule("a reader never sees a half-written object") { fixture in
                // Every version of the object is filled with its own number and has a size of its own.
                @Sendable func version(_ number: Int) -> [UInt8] {
                    [UInt8](repeating: UInt8(number), count: 200_000 + number * 1_000)
                }
                try await fixture.store.write(version(0), to: key)
                async let writing: Void = {
                    for number in 1...40 { try await fixture.store.write(version(number), to: key) }
                }()
                let seen = try await concurrently(Array(0..<3)) { _ in
                    var last = 0
                    while last < 40 {
                        let bytes = try await fixture.store.read(key)
                        let number = Int(bytes.first ?? 0)
                        guard bytes == version(number), number >= last else {
                            throw ContractFailure("version \(number) after \(last) was read with \(bytes.count) bytes")
                        }
                        last = number
                    }
                    return last
                }
                try await writing
                #expect(seen == [40, 40, 40])
            },
            Rule("many objects are written, read and deleted at once") { fixture in
                let indexes = Array(0..<100)
                _ = try await concurrently(indexes) { index in
                    let bytes = pattern(10_000 + index)
                    try await fixture.store.write(bytes, to: .samples(of: job, chunk: index))
                    let found = try await fixture.store.read(.samples(of: job, chunk: index))
                    if found != bytes { throw ContractFailure("chunk \(index) was read otherwise") }
                    // The folders empty and fill again while others write into them.
                    if index % 3 == 0 { try await fixture.store.delete(.samples(of: job, chunk: index)) }
                }
                let kept = Set(indexes.filter { $0 % 3 != 0 }.map { ObjectKey.samples(of: job, chunk: $0) })
                #expect(Set(try await fixture.store.keys(below: .job(job))) == kept)
                #expect(try await fixture.residue().count == kept.count)
            },
            Rule("an object comes to stay also while its last neighbours are being deleted") { fixture in
                _ = try await concurrently(Array(0..<6)) { index in
                    for _ in 0..<40 {
                        try await fixture.store.write([UInt8(index)], to: .samples(of: job, chunk: index))
                        let found = try await fixture.store.read(.samples(of: job, chunk: index))
                        if found != [UInt8(index)] { throw ContractFailure("chunk \(index) was read otherwise") }
                        try await fixture.store.delete(.samples(of: job, chunk: index))
                    }
                }
                #expect(try await fixture.residue() == [])
            },
            Rule("of writers of one key at once the last to finish wins as a whole") { fixture in
                let contents = (1...20).map { [UInt8](repeating: UInt8($0), count: 30_000 + $0) }
                _ = try await concurrently(contents) { try await fixture.store.write($0, to: key) }
                let found = try await fixture.store.read(key)
                #expect(contents.contains(found))
                #expect(try await fixture.residue().count == 1)
            },
        ]
    }

    private static let job = JobID(at: Timestamp(millisecondsSinceEpoch: 1))
    private static let key = ObjectKey.audio(of: job)

    /// Bytes whose order shows: a repetition would have to be a multiple of 65,521 bytes away.
    private static func pattern(_ count: Int) -> [UInt8] {
        let block = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + block.count)
        while bytes.count < count { bytes += block }
        return Array(bytes.prefix(count))
    }
}
