import Foundation
import Glibc
import STTCore
import STTEmbedded
import Testing

@Suite struct DataFolderTests {
    @Test("a folder and its parents are made for the daemon's user alone") func makesFolders() async throws {
        try await withTemporaryFolder { path in
            let folder = try DataFolder(path: path + "/a/b/")
            #expect(folder.path == path + "/a/b")
            for path in [folder.path, folder.objectsPath, folder.temporaryPath] {
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect(attributes[.posixPermissions] as? Int == 0o700)
            }
            #expect(try folder.freeBytes() > 0)
        }
    }

    @Test("a folder that is in use is refused with the pid of who has it, and free after that") func locks()
        async throws
    {
        try await withTemporaryFolder { path in
            do {
                let folder = try DataFolder(path: path)
                #expect(folder.path == path)
                let error = await portError { try DataFolder(path: path) }
                #expect(error?.code == .unavailable)
                #expect(
                    error?.message.contains("the data folder \(path) is in use by stt-rpcd with pid \(getpid())")
                        == true)
                withExtendedLifetime(folder) {}
            }
            _ = try DataFolder(path: path)
        }
    }

    @Test("the stores keep the folder locked") func storesKeepLock() async throws {
        try await withTemporaryFolder { path in
            let objects = try FileObjectStore(folder: DataFolder(path: path))
            #expect(throws: PortError.self) { _ = try DataFolder(path: path) }
            withExtendedLifetime(objects) {}
        }
    }

    @Test("what an earlier process left unfinished is removed, and nothing else") func cleansTemporaryFiles()
        async throws
    {
        try await withTemporaryFolder { path in
            let key = try #require(ObjectKey("a/b"))
            do {
                let folder = try DataFolder(path: path)
                try await FileObjectStore(folder: folder).write([1], to: key)
                let left = folder.temporaryPath + "/left/deep"
                try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: true)
                try Data([1]).write(to: URL(fileURLWithPath: left + "/file"))
                try FileManager.default.createSymbolicLink(
                    atPath: folder.temporaryPath + "/link", withDestinationPath: folder.objectsPath)
            }
            let folder = try DataFolder(path: path)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.temporaryPath) == [])
            #expect(try await FileObjectStore(folder: folder).read(key) == [1])
        }
    }

    @Test("a path that is no folder, or cannot be made one, is refused") func refusesUnusablePaths() async throws {
        try await withTemporaryFolder { path in
            try Data().write(to: URL(fileURLWithPath: path))
            for path in [path, path + "/below", "", "/proc/nothing"] {
                let error = await portError { try DataFolder(path: path) }
                #expect(error?.message.contains(path.isEmpty ? "empty" : path) == true)
            }
        }
    }
}
