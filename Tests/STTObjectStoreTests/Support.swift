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
    var generator = SystemRandomNumberGenerator()
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { withUnsafeBytes(of: generator.next()) { bytes += $0 } }
    bytes.removeLast(bytes.count - count)
    return bytes
}
