import STTService

/// Looks at everything that the commands need, and says how to mend what is wrong.
struct Doctor: Sendable {
    let settings: Settings
    let modes: Set<CommandName>

    init(_ settings: Settings, modes: Set<CommandName>) {
        self.settings = settings
        self.modes = modes
    }

    /// The modes that the settings speak of, where none is asked for.
    static func modes(of settings: Settings) -> Set<CommandName> {
        let cluster = Setting.mongodb + Setting.redis + Setting.s3
        return cluster.contains(where: settings.isSet) ? [.serve, .work] : [.standalone]
    }

    /// In a fixed order; the checks run at the same time.
    func findings() async -> [Finding] {
        let checks = checks
        return await withTaskGroup(of: (Int, [Finding]).self) { group in
            for (index, check) in checks.enumerated() {
                group.addTask { (index, await check.findings()) }
            }
            var results = [[Finding]](repeating: [], count: checks.count)
            for await (index, findings) in group { results[index] = findings }
            return results.flatMap { $0 }
        }
    }

    private var checks: [Check] {
        var checks = [configurationCheck]
        let isCluster = !modes.isDisjoint(with: [.serve, .work])
        if isCluster { checks += [mongoCheck, redisCheck, objectStoreCheck, temporaryFolderCheck] }
        if modes.contains(.standalone) { checks.append(dataFolderCheck) }
        if !modes.isDisjoint(with: [.standalone, .work]) {
            checks += settings.usesRemoteEngine ? [engineServerCheck] : [programCheck, modelCheck]
            checks += [engineCheck, speechCheck, ffmpegCheck]
        }
        if usesTLS, !modes.isDisjoint(with: [.standalone, .serve]) { checks.append(tlsCheck) }
        return checks
    }

    private var configurationCheck: Check {
        Check("configuration") {
            var findings = settings.warnings.map {
                Finding.warn("configuration", $0, hint: "remove it, or correct its name")
            }
            if let tokens = try? settings.tokenDirectory() {
                findings += tokens.warnings.map {
                    Finding.warn("token file", $0, hint: "docs/OPERATIONS.md tells how tokens are kept")
                }
            }
            for problem in problems {
                findings.append(.fail("configuration", "\(problem)", hint: "docs/CONFIGURATION.md lists all settings"))
            }
            if findings.isEmpty {
                let count = settings.entries.count
                findings.append(.ok("configuration", "\(count) set, all others have their defaults"))
            }
            return findings
        }
    }

    /// Of what no other check looks at.
    private var problems: [SettingsError] {
        var problems: [SettingsError] = []
        func attempt(_ use: () throws(SettingsError) -> Void) {
            do throws(SettingsError) { try use() } catch { problems.append(error) }
        }
        if !modes.isDisjoint(with: [.standalone, .serve]) {
            attempt { () throws(SettingsError) in _ = try settings.addresses() }
            attempt { () throws(SettingsError) in _ = try settings.importPrefix() }
            attempt { () throws(SettingsError) in _ = try settings.accessControl(try settings.tokenDirectory()) }
        }
        if !modes.isDisjoint(with: [.standalone, .work]) {
            attempt { () throws(SettingsError) in _ = try settings.workerConfiguration() }
        }
        return problems
    }
}
