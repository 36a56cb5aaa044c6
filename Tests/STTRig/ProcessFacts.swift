import Foundation
package import STTProcess

/// What /proc tells of a process.
package struct ProcessFacts {
    package var parent: Int32
    package var state: Character

    package init?(pid: Int32) {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 1, let parent = Int32(fields[1]), let state = fields[0].first else { return nil }
        self.parent = parent
        self.state = state
    }

    package static func peakResidentKiB(pid: Int32) -> Int {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) } ?? 0
    }

    package static var all: [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }
    }

    /// Running processes with this text among their arguments.
    package static func processes(withArgument text: String) -> [Int32] {
        all.filter { pid in
            guard let arguments = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return false }
            return String(decoding: arguments, as: UTF8.self).split(separator: "\0").contains { $0 == text }
        }
    }
}

extension ProcessExit {
    /// As a shell gives it: above 128 for a signal.
    package var code: Int32 {
        switch self {
        case .status(let status): status
        case .signal(let signal): 128 + signal
        }
    }
}
