internal import RPCWire

/// What is fuzzed. The raw values name the folders of the corpus.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case frameParser = "frame-parser"
    case serverMachine = "server-machine"
    case clientMachine = "client-machine"
    case machinePair = "machine-pair"
    case messages
    case documents

    /// Runs one input.
    package func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        switch self {
        case .frameParser: try FrameParserFuzz.run(bytes)
        case .serverMachine: try MachineFuzz.run(bytes, role: .server)
        case .clientMachine: try MachineFuzz.run(bytes, role: .client)
        case .machinePair: try MachinePairFuzz.run(bytes)
        case .messages: try MessagesFuzz.run(bytes)
        case .documents: try DocumentsFuzz.run(bytes)
        }
    }

    /// For a fuzzer: what is found ends the process.
    package func runOrCrash(_ start: UnsafePointer<UInt8>?, _ count: Int) {
        do throws(FuzzFailure) {
            try run(Array(UnsafeBufferPointer(start: start, count: count)))
        } catch {
            fatalError("\(rawValue): \(error)")
        }
    }
}
