import Glibc

/// What the processors of this machine can do.
public enum ProcessorFeatures {
    /// Whether they multiply bfloat16 numbers.
    public static let hasBFloat16 = hasBFloat16(cpuinfo: read("/proc/cpuinfo"))

    /// Cores that this process may run on: processors that share one count once, since a second thread on a core adds
    /// little to arithmetic.
    public static var usableCores: Int { cores(cpuinfo: read("/proc/cpuinfo"), usable: usableProcessors) }

    /// Numbers of the processors that this process may run on, as `taskset` and containers limit them.
    private static var usableProcessors: Set<Int> {
        let usable = allowedProcessors(status: read("/proc/self/status"))
        return usable.isEmpty ? Set(0..<max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1)) : usable
    }

    /// Of the line "Cpus_allowed_list: 0-3,8".
    static func allowedProcessors(status: String) -> Set<Int> {
        let name = "Cpus_allowed_list:"
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return [] }
        return Set(
            line.dropFirst(name.count).split(separator: ",").flatMap { part -> [Int] in
                let ends = part.split(separator: "-").compactMap { Int($0.trimmed) }
                guard let first = ends.first, let last = ends.last, (0...65_535).contains(first), last <= 65_535,
                    first <= last
                else { return [] }
                return Array(first...last)
            })
    }

    /// Where the kernel says nothing of cores, as on Arm, each processor is one.
    static func cores(cpuinfo: String, usable: Set<Int>) -> Int {
        var cores: Set<String> = []
        for block in cpuinfo.split(separator: "\n\n") {
            var fields: [Substring: Substring] = [:]
            for line in block.split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2, let name = parts.first, let value = parts.last else { continue }
                fields[name.trimmed] = value.trimmed
            }
            guard let number = fields["processor"].flatMap({ Int($0) }), usable.contains(number) else { continue }
            let core = fields["core id"].map { "\(fields["physical id"] ?? "0")/\($0)" }
            cores.insert(core ?? "processor \(number)")
        }
        return max(cores.isEmpty ? usable.count : cores.count, 1)
    }

    /// Flags: `avx512_bf16` and `amx_bf16` on x86, `bf16` on Arm.
    static func hasBFloat16(cpuinfo: String) -> Bool {
        let line = cpuinfo.split(separator: "\n").first { $0.hasPrefix("flags") || $0.hasPrefix("Features") }
        let flags = Set((line ?? "").split(whereSeparator: \.isWhitespace))
        return !flags.isDisjoint(with: ["avx512_bf16", "amx_bf16", "bf16"])
    }

    /// A file that the kernel makes up; empty where it cannot be read.
    private static func read(_ path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var text: [UInt8] = []
        while text.count < 16 << 20 {
            let count = Glibc.read(file, &bytes, bytes.count)
            guard count > 0 else { break }
            text += bytes[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var rest = self
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
