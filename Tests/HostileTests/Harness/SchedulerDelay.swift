import Foundation

/// How long threads were ready to run and had no processor, as the kernel counts it.
///
/// It is taken out of the honest client's times: on two processors that a machine's other work and the attackers share
/// with the server, it says nothing about the server.
///
/// Concurrency: immutable; reading a descriptor at an offset is safe from any thread.
final class SchedulerDelay: Sendable {
    private let descriptors: [Int32]

    private init(_ paths: [String]) {
        descriptors = paths.map { open($0, O_RDONLY | O_CLOEXEC) }.filter { $0 >= 0 }
    }

    /// Of the thread that calls this.
    static func ofThisThread() -> SchedulerDelay { SchedulerDelay(["/proc/thread-self/schedstat"]) }

    /// Of the event loops of a server.
    static func ofLoops(pid: Int32) -> SchedulerDelay {
        let tasks = "/proc/\(pid)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
        let loops = threads.filter {
            let name = try? String(contentsOfFile: "\(tasks)/\($0)/comm", encoding: .utf8)
            return name?.hasPrefix("rpc-server") ?? false
        }
        return SchedulerDelay(loops.map { "\(tasks)/\($0)/schedstat" })
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    /// Of each thread so far, in nanoseconds.
    var nanoseconds: [UInt64] {
        descriptors.map { descriptor in
            withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { buffer in
                // "TIME-RUN TIME-WAITED SLICES"
                let count = pread(descriptor, buffer.baseAddress, buffer.count, 0)
                var (field, value) = (0, UInt64(0))
                for byte in buffer.prefix(max(count, 0)) {
                    if byte == UInt8(ascii: " ") {
                        field += 1
                    } else if field == 1, byte >= 48, byte < 58 {
                        value = value * 10 + UInt64(byte - 48)
                    }
                }
                return value
            }
        }
    }

    /// The most that one of the threads waited since then, in milliseconds.
    func milliseconds(since start: [UInt64]) -> Double {
        zip(nanoseconds, start).map { Double($0 &- $1) / 1e6 }.max() ?? 0
    }
}
