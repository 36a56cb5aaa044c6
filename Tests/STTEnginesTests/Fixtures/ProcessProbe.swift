import Foundation

/// What the kernel says about processes.
enum ProcessProbe {
    /// The state letter in /proc (R, S, T, Z ...), or nil where there is no such process.
    static func state(_ processID: Int32) -> Character? {
        fields(processID)?.first?.first
    }

    static func isGone(_ processID: Int32) -> Bool {
        state(processID) == nil || state(processID) == "Z"
    }

    /// Waits until `condition` holds; false when it does not within `limit`.
    static func wait(limit: Duration = .seconds(20), until condition: () async -> Bool) async -> Bool {
        let end = ContinuousClock.now + limit
        while await !condition() {
            guard ContinuousClock.now < end else { return false }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return true
    }

    /// The descriptors of this process that are pipes or pidfds, which only child processes bring.
    static func pipeDescriptors() -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.filter { name in
            let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")) ?? ""
            return target.hasPrefix("pipe:") || target.contains("pidfd")
        }.count
    }

    /// Children of this process that have ended and were not waited for.
    static func zombies() -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.filter { processID in
            guard let fields = fields(processID) else { return false }
            return fields[0] == "Z" && fields[1] == "\(getpid())"
        }
    }

    /// Hundredths of a second that a process has computed.
    static func cpuTicks(_ processID: Int32) -> Int {
        guard let fields = fields(processID), fields.count > 12 else { return 0 }
        return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
    }

    /// The fields of /proc/PID/stat from the state on.
    private static func fields(_ processID: Int32) -> [Substring]? {
        guard let stat = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8),
            let nameEnd = stat.lastIndex(of: ")")
        else { return nil }
        return stat[stat.index(after: nameEnd)...].split(separator: " ")
    }
}
