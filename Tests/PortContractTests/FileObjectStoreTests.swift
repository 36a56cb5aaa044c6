import Foundation
import Glibc
import STTCore
import STTEmbedded
import STTTestKit
import Testing

@Suite struct FileObjectStoreTests {
    private struct Fixture: ObjectStoreFixture {
        let store: any ObjectStore
        let folder: DataFolder

        init(path: String) throws {
            folder = try DataFolder(path: path)
            store = try FileObjectStore(folder: folder)
        }

        func residue() async throws -> [String] {
            try [folder.objectsPath, folder.temporaryPath].flatMap(files)
        }
    }

    @Test("keeps the contract of object stores", .timeLimit(.minutes(5)), arguments: ObjectStoreContract.rules)
    func keepsContract(_ rule: ObjectStoreContract.Rule) async throws {
        try await withTemporaryFolder { try await rule.check(Fixture(path: $0)) }
    }

    @Test("folders that have become empty are removed") func removesEmptyFolders() async throws {
        try await withTemporaryFolder { path in
            let fixture = try Fixture(path: path)
            let id = JobID(at: Timestamp(millisecondsSinceEpoch: 1))
            try await fixture.store.write([1], to: .samples(of: id, chunk: 0))
            try await fixture.store.write([1], to: .audio(of: id))
            try await fixture.store.delete(.samples(of: id, chunk: 0))
            #expect(!FileManager.default.fileExists(atPath: "\(path)/objects/jobs/\(id)/pcm"))
            #expect(FileManager.default.fileExists(atPath: "\(path)/objects/jobs/\(id)/audio"))
            try await fixture.store.deleteAll(below: .job(id))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/objects").isEmpty)
        }
    }

    @Test("links are never followed") func followsNoLinks() async throws {
        try await withTemporaryFolder { path in
            let fixture = try Fixture(path: path)
            let secret = path + "/secret"
            try FileManager.default.createDirectory(atPath: secret, withIntermediateDirectories: true)
            try Data([42]).write(to: URL(fileURLWithPath: secret + "/file"))
            try FileManager.default.createSymbolicLink(atPath: path + "/objects/folder", withDestinationPath: secret)
            try FileManager.default.createSymbolicLink(
                atPath: path + "/objects/link", withDestinationPath: secret + "/file")
            let (through, link) = (try #require(ObjectKey("folder/file")), try #require(ObjectKey("link")))
            let folder = try #require(ObjectKey("folder"))

            await #expect(throws: PortError.self) { try await fixture.store.read(through) }
            await #expect(throws: PortError.self) { try await fixture.store.read(link) }
            await #expect(throws: PortError.self) { try await fixture.store.write([1], to: through) }
            #expect(try await fixture.store.keys(below: folder) == [])
            // A link in the way is replaced by the object itself, and removed as a link.
            try await fixture.store.write([1], to: link)
            #expect(try await fixture.store.read(link) == [1])
            try await fixture.store.delete(through)
            try await fixture.store.deleteAll(below: folder)
            #expect(try Data(contentsOf: URL(fileURLWithPath: secret + "/file")) == Data([42]))
        }
    }

    @Test("a key below another object's key is refused, and nothing is left of it") func refusesKeyBelowObject()
        async throws
    {
        try await withTemporaryFolder { path in
            let fixture = try Fixture(path: path)
            try await fixture.store.write([1], to: try #require(ObjectKey("a")))
            let below = try #require(ObjectKey("a/b"))
            await #expect(throws: PortError.self) { try await fixture.store.write([2], to: below) }
            #expect(try await fixture.residue() == ["a"])
            try await fixture.store.write([1], to: try #require(ObjectKey("c/d")))
            let above = try #require(ObjectKey("c"))
            await #expect(throws: PortError.self) { try await fixture.store.write([2], to: above) }
            #expect(Set(try await fixture.residue()) == ["a", "d"])
        }
    }

    @Test("a named pipe among the objects blocks nobody") func ignoresPipes() async throws {
        try await withTemporaryFolder { path in
            let fixture = try Fixture(path: path)
            #expect(mkfifo(path + "/objects/pipe", 0o600) == 0)
            let key = try #require(ObjectKey("pipe"))
            #expect(try await fixture.store.size(of: key) == nil)
        }
    }

    @Test(
        "a full disk fails the write, keeps nothing of it, and is usable again once there is room",
        .enabled(if: SmallDisk.isAvailable, "no small disk can be mounted: that takes the rights of root"))
    func survivesFullDisk() async throws {
        try await SmallDisk.with(bytes: 4 << 20) { path in
            let fixture = try Fixture(path: path + "/data")
            let (kept, large) = (try #require(ObjectKey("kept")), try #require(ObjectKey("x/large")))
            try await fixture.store.write([UInt8](repeating: 1, count: 1 << 20), to: kept)
            let writer = try await fixture.store.writer(for: large)
            let failure = await portError {
                for _ in 0..<10 { try await writer.write([UInt8](repeating: 2, count: 1 << 20)) }
            }
            #expect(failure?.code == .storageFull)
            #expect(failure?.message.contains(path) == true)
            #expect(try await fixture.residue() == ["kept"])
            let late = await portError { try await writer.finish() }
            #expect(late?.code == .storageFull)
            // What the failed write took is free again.
            try await fixture.store.write([UInt8](repeating: 3, count: 2 << 20), to: large)
            #expect(try await fixture.store.size(of: large) == 2 << 20)
        }
    }
}

private func files(below path: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: path).filter { name in
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder) && !isFolder.boolValue
    }.map { URL(fileURLWithPath: $0).lastPathComponent }
}
