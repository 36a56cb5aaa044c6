internal import RPCWire

/// Messages that have come and that nobody has read, in order.
struct Inbox {
    private var runs: [MessageRun] = []

    var isEmpty: Bool { runs.isEmpty }

    /// - Parameter flow: What it cost.
    mutating func append(_ message: UnsafeRawBufferPointer, flow: UInt64) {
        if message.count > MessageRun.shortBytes {
            append(SharedBytes([UInt8](message)), flow: flow)
        } else if let last = runs.indices.last, runs[last].takes(flow) {
            runs[last].append(message, flow: flow)
        } else {
            runs.append(MessageRun(short: message, flow: flow))
        }
    }

    /// - Parameter message: A long one.
    mutating func append(_ message: SharedBytes, flow: UInt64) { runs.append(MessageRun(message, flow: flow)) }

    /// Takes the oldest messages: as many runs as together reach `leastFlow`, or all.
    mutating func take(leastFlow: UInt64) -> (runs: [MessageRun], flow: UInt64) {
        var flow: UInt64 = 0
        var count = 0
        while count < runs.count, flow < leastFlow {
            flow += runs[count].flow
            count += 1
        }
        // Gives the memory away where it can: most streams have nothing waiting most of the time.
        defer { if count == runs.count { runs = [] } else { runs.removeFirst(count) } }
        return (count == runs.count ? runs : Array(runs[..<count]), flow)
    }

    mutating func removeAll() { runs = [] }
}
