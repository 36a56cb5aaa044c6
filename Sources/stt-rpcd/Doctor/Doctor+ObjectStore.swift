import Logging
import STTCore
import STTObjectStore

/// The bucket, and what is done with it.
extension Doctor {
    var objectStoreCheck: Check {
        Check("object store", limit: .seconds(30)) {
            let name = "object store"
            let store: S3ObjectStore
            let place: String
            let partBytes: Int
            do {
                var configuration = try settings.s3()
                configuration.stallTimeout = .seconds(5)
                // The smallest that the protocol allows, so that the probe is small.
                configuration.partBytes = 5 << 20
                partBytes = configuration.partBytes
                place =
                    "bucket \(configuration.bucket) at \(configuration.endpoint ?? "Amazon, \(configuration.region)")"
                store = try S3ObjectStore(configuration, logger: Self.silent)
                if settings.isOn(.s3CreateBucket) { try await store.makeBucket() }
                try await store.check()
            } catch {
                return [Self.failure(name, error, hint: Self.hint(error))]
            }
            return [.ok(name, place), await Self.probe(store, partBytes: partBytes)]
        }
    }

    /// Writes in parts, reads, reads a range, deletes.
    private static func probe(_ store: S3ObjectStore, partBytes: Int) async -> Finding {
        let name = "object store permissions"
        guard let key = ObjectKey("doctor/\(OwnerToken())") else {
            return .fail(name, "no key for the probe", hint: "report this as a bug")
        }
        do throws(PortError) {
            let size = partBytes + 1000
            let writer = try await store.writer(for: key)
            do throws(PortError) {
                try await writer.write([UInt8](repeating: 0x5a, count: partBytes))
                try await writer.write((0..<1000).map { UInt8($0 % 251) })
                _ = try await writer.finish()
            } catch {
                await writer.abort()
                throw error
            }
            let found = try await store.size(of: key)
            let range = try await store.read(key, range: partBytes..<partBytes + 100)
            try await store.delete(key)
            guard found == size, range == (0..<100).map({ UInt8($0) }) else {
                return .fail(name, "it gives back other bytes than were written", hint: "use another object store")
            }
            return .ok(name, "write in parts, ranged read and delete work")
        } catch {
            let permissions =
                "see what the message says; writing in parts, reading ranges and deleting must be possible"
            let known = hint(error)
            return failure(name, error, hint: known.hasPrefix("start") ? permissions : known)
        }
    }

    private static func hint(_ error: any Error) -> String {
        let text = "\(error)"
        if error is SettingsError { return "set it; docs/CONFIGURATION.md tells more" }
        if text.contains("TooSkewed") || text.contains("clock") {
            return "set this machine's clock (NTP): requests are signed with the time"
        }
        if text.contains("NoSuchBucket") { return "make the bucket, correct S3_BUCKET, or set S3_CREATE_BUCKET=true" }
        let denials = ["AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId", " 401", " 403"]
        if denials.contains(where: text.contains) {
            return
                "correct S3_ACCESS_KEY, S3_SECRET_KEY and S3_REGION; the key must be allowed to get, put, delete and list"
                + " objects and to abort uploads"
        }
        return "start it, or correct S3_ENDPOINT"
    }
}
