import ArgumentParser
import Foundation

/// Checks everything that the daemon depends on.
struct DoctorCommand: DaemonCommand {
    enum Mode: String, CaseIterable, ExpressibleByArgument {
        case standalone, serve, work
    }

    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check everything that the daemon depends on, and say how to mend what is wrong.",
        discussion: """
            Prints a line a check: ok, warn or FAIL, what it is about, and what was found. Takes the flags of the other \
            commands, so that what they would be started with can be checked. Makes MongoDB's indexes where they are \
            missing, and removes what else it writes.

            Examples:
              stt-rpcd doctor
              stt-rpcd doctor --mode work --env-file /etc/stt-rpc.env --verbose

            Exit codes: 0 nothing failed, 1 something did, 2 wrong options.
            """)

    @Option(
        help: "standalone, serve or work. Default: serve and work where MongoDB, Redis or S3 are set, else standalone.")
    var mode: Mode?

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(name: .shortAndLong, help: "Also show what is set, and where.")
    var verbose = false

    @Option(.data) var data: String?
    @OptionGroup(title: "Process") var process: ProcessOptions
    @OptionGroup(title: "Process") var listen: ListenOptions
    @OptionGroup(title: "TLS") var tls: TLSOptions
    @OptionGroup(title: "Access") var access: AccessOptions
    @OptionGroup(title: "Engines") var engine: EngineOptions
    @OptionGroup(title: "Engines") var remoteEngine: RemoteEngineOptions
    @OptionGroup(title: "Jobs") var jobs: SharedJobOptions
    @OptionGroup(title: "Jobs") var intake: IntakeOptions
    @OptionGroup(title: "Jobs") var work: WorkOptions
    @OptionGroup(title: "Jobs") var upkeep: UpkeepOptions
    @OptionGroup(title: "Services") var cluster: ClusterOptions
    @OptionGroup(title: "Sources") var sources: SourceOptions

    var settingsOf: Set<CommandName> {
        mode.flatMap { CommandName(rawValue: $0.rawValue) }.map { [$0] } ?? [.standalone, .serve, .work]
    }

    var given: GivenSettings {
        [process, listen, tls, access, engine, remoteEngine, jobs, intake, work, upkeep, cluster, sources].given
            .merging([.data: data]
            )
    }

    func run() async throws {
        var report = DoctorReport()
        do throws(SettingsError) {
            let settings = try settings()
            let modes = mode == nil ? Doctor.modes(of: settings) : settingsOf
            report.modes = modes.map(\.rawValue).sorted()
            if verbose { report.settings = DoctorReport.settings(settings) }
            report.findings = await Doctor(settings, modes: modes).findings()
        } catch {
            let hint = "correct it; nothing else was checked, because it would be checked with other settings"
            report.findings = [.fail("configuration", "\(error)", hint: hint)]
        }
        print(json ? try report.json : report.text)
        if !report.isHealthy { throw ExitCode(1) }
    }
}
