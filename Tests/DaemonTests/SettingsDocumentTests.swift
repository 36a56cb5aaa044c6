import ArgumentParser
import Foundation
import STTWorker
import Testing

@testable import stt_rpcd

@Suite struct SettingsDocumentTests {
    private static let root = URL(fileURLWithPath: #filePath).appending(path: "../../..").standardized

    private func text(_ name: String) throws -> String {
        try String(contentsOf: Self.root.appending(path: name), encoding: .utf8)
    }

    @Test func `The .env example is the one that the settings make`() throws {
        #expect(
            try text(".env.example") == SettingsDocument.envExample,
            "make it anew: stt-rpcd settings --format env > .env.example")
    }

    @Test func `The document has the tables that the settings make`() throws {
        #expect(
            try text("docs/CONFIGURATION.md").contains(SettingsDocument.tables),
            "replace them: stt-rpcd settings --format markdown")
    }

    @Test(arguments: Setting.all)
    func `Every setting is documented and has names of its own`(setting: Setting) throws {
        #expect(setting.help.hasSuffix("."))
        #expect(setting.defaultText != nil)
        #expect(!setting.commands.isEmpty)
        #expect(Setting.all.count { $0.key == setting.key } == 1)
        #expect(Setting.all.count { $0.variable == setting.variable } == 1)
        #expect(Setting.all.count { $0.flag != nil && $0.flag == setting.flag } <= 1)
        #expect(setting.defaultValue.map(setting.accepts) != false, "its own default is out of range")
        #expect(try text("docs/CONFIGURATION.md").contains("`\(setting.variable)`"))
        if setting != .envFile { #expect(try text(".env.example").contains("\n#\(setting.variable)=")) }
    }

    @Test func `The .env example can be read, and sets nothing`() throws {
        let file = try EnvFile(SettingsDocument.envExample, path: ".env.example")
        #expect(file.variables.isEmpty)
        let all = SettingsDocument.envExample.split(separator: "\n").compactMap { line in
            line.hasPrefix("#") && !line.hasPrefix("# ") ? String(line.dropFirst()) : nil
        }
        let uncommented = try EnvFile(all.joined(separator: "\n"), path: ".env.example")
        #expect(uncommented.unknownSettings.isEmpty)
        #expect(uncommented.variables.count == Setting.all.count - 1)
    }

    @Test(arguments: [
        ("standalone", CommandName.standalone), ("serve", .serve), ("work", .work), ("doctor", .doctor),
    ])
    func `A command takes the flags of the settings that it reads, and explains them`(
        name: String, command: CommandName
    ) throws {
        let read = Setting.all.filter { command == .doctor || $0.commands.contains(command) }
        let type = try #require(Daemon.configuration.subcommands.first { $0.configuration.commandName == name })
        let help = Daemon.helpMessage(for: type, columns: 10_000)
        var arguments = [name]
        for setting in Setting.all {
            guard let flag = setting.flag else { continue }
            #expect(help.contains("--\(flag) ") == read.contains(setting) || setting.kind == .flag, "\(name) --\(flag)")
            #expect(help.contains("[\(setting.variable)]") == read.contains(setting), "\(name) --\(flag)")
            guard read.contains(setting) else { continue }
            let example = try #require(Self.example(setting))
            arguments += setting.kind == .flag ? ["--no-\(flag)"] : ["--\(flag)", example]
        }
        let parsed = try #require(try Daemon.parseAsRoot(arguments) as? any DaemonCommand)
        for setting in read where setting.flag != nil {
            #expect(parsed.given.byVariable[setting.variable] == Self.example(setting), "\(name) \(setting.key)")
        }
    }

    private static func example(_ setting: Setting) -> String? {
        switch setting.kind {
        case .text, .list: "x"
        case .integer(let range): "\(range.lowerBound)"
        case .number(let range): "\(range.upperBound)"
        case .flag: "false"
        case .choice(let names): names.first
        }
    }

    @Test func `The defaults are those of the modules`() throws {
        let settings = try Settings(arguments: [.envFile: "/dev/null"], environment: [:], for: [.work])
        let configuration = try settings.workerConfiguration()
        let usual = WorkerConfiguration()
        #expect(configuration.leaseDuration == usual.leaseDuration)
        #expect(configuration.renewalInterval == usual.renewalInterval)
        #expect(configuration.reconcileInterval == usual.reconcileInterval)
        #expect(configuration.maximumChunkAttempts == usual.maximumChunkAttempts)
        #expect(configuration.orphanAge == usual.orphanAge)
        #expect(configuration.orphanSweepInterval == usual.orphanSweepInterval)
        #expect(configuration.retention == usual.retention)
    }
}
