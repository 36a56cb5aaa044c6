import Glibc
import STTCore
import Testing

/// The port error that a call throws. Records an issue where it throws none.
func thrown<Value>(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Value
) async -> PortError? {
    do {
        let value = try await body()
        Issue.record("\(value) was returned", sourceLocation: sourceLocation)
    } catch let error as PortError {
        return error
    } catch {
        Issue.record("\(error) is no port error", sourceLocation: sourceLocation)
    }
    return nil
}

func randomBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let file = open("/dev/urandom", O_RDONLY | O_CLOEXEC)
    defer { close(file) }
    var got = 0
    while got < count {
        got += max(0, bytes.withUnsafeMutableBytes { read(file, $0.baseAddress?.advanced(by: got), count - got) })
    }
    return bytes
}
