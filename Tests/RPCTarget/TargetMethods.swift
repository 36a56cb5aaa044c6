import Dispatch
import RPCServer
import STTProto
import Synchronization

typealias Item = ControlMessage.MetadataEntry

extension Item {
    init(_ key: String, _ value: [UInt8] = []) { self.init(key: key, value: value) }
}

/// Handlers of ``registerTargetMethods()`` that have not returned.
private let running = Atomic(0)

extension MethodRegistry {
    mutating func registerTargetMethods() {
        unary("target/Echo") { (request: Item, _) in request }
        unary("target/Running") { (_: Item, _) in Item("\(running.load(ordering: .relaxed))") }
        // Takes a message with repeated messages in it.
        unary("target/Nested") { (request: ControlMessage.Call, _) in Item("\(request.metadata.count)") }
        unary("target/Large") { (request: Item, _) in
            Item("", [UInt8](repeating: 7, count: Int(request.key) ?? 0))
        }
        unary("target/Slow") { (request: Item, _) in
            running.add(1, ordering: .relaxed)
            defer { running.subtract(1, ordering: .relaxed) }
            try await Task.sleep(for: .milliseconds(Int(request.key) ?? 0))
            return Item("slept")
        }
        // Does not notice that it is cancelled.
        unary("target/Stubborn") { (request: Item, _) in
            running.add(1, ordering: .relaxed)
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(request.key) ?? 0)) {
                    continuation.resume()
                }
            }
            running.subtract(1, ordering: .relaxed)
            return Item("done")
        }
        clientStreaming("target/Sink") { (messages: InboundMessages<Item>, _) in
            var (count, bytes) = (0, 0)
            for try await message in messages {
                count += 1
                bytes += message.value.count
            }
            return Item("\(count) \(bytes)")
        }
        // Reads nothing.
        clientStreaming("target/Stuck") { (_: InboundMessages<Item>, _) in
            try await Task.sleep(for: .seconds(3600))
            return Item("")
        }
        // "COUNT SIZE": numbered messages, each with so many bytes of value.
        serverStreaming("target/Stream") { (request: Item, messages: OutboundMessages<Item>, _) in
            running.add(1, ordering: .relaxed)
            defer { running.subtract(1, ordering: .relaxed) }
            let words = request.key.split(separator: " ").compactMap { Int($0) }
            guard words.count == 2 else { throw RPCError(.invalidArgument, "COUNT SIZE") }
            let value = [UInt8](repeating: 42, count: words[1])
            for index in 0..<words[0] { try await messages.send(Item("\(index)", value)) }
        }
    }
}
