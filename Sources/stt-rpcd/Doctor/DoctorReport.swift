import Foundation

/// All that was found.
struct DoctorReport: Sendable {
    struct Source: Sendable, Encodable {
        var key: String
        /// Masked where it is secret.
        var value: String
        var name: String
        var source: String
    }

    var modes: [String] = []
    var settings: [Source]?
    var findings: [Finding] = []

    var isHealthy: Bool { !findings.contains { $0.status == .fail } }

    static func settings(_ settings: Settings) -> [Source] {
        Setting.all.compactMap { setting in
            settings.entries[setting].map { entry in
                Source(
                    key: setting.key, value: setting.shown(entry.value), name: entry.name, source: "\(entry.source)")
            }
        }
    }

    var text: String {
        var lines: [String] = []
        for setting in settings ?? [] {
            lines.append("set   \(setting.key) = \(setting.value)  (\(setting.name), \(setting.source))")
        }
        let width = findings.map(\.name.count).max() ?? 0
        lines += findings.map { $0.text(nameWidth: width) }
        let counts = [Finding.Status.fail, .warn].map { status in findings.count { $0.status == status } }
        let mode = modes.isEmpty ? "" : "\(modes.joined(separator: " and ")): "
        lines.append("\(mode)\(findings.count) checks, \(counts[0]) failed, \(counts[1]) with a warning")
        return lines.joined(separator: "\n")
    }

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(Output(self)), as: UTF8.self)
        }
    }

    private struct Output: Encodable {
        var ok: Bool
        var modes: [String]
        var checks: [Finding]
        var settings: [Source]?

        init(_ report: DoctorReport) {
            ok = report.isHealthy
            modes = report.modes
            checks = report.findings
            settings = report.settings
        }
    }
}
