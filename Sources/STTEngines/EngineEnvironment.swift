import FoundationEssentials

/// The environment of whisper.cpp's programs.
enum EngineEnvironment {
    private static let variable = "GLIBC_TUNABLES"
    private static let hugePages = "glibc.malloc.hugetlb"

    /// This process's, with large pages for what is allocated, where the kernel gives them to those who ask. The decoder reads
    /// all weights for each token, and finding small pages takes a sixth of its time. Source: glibc's manual, "Memory
    /// Allocation Tunables"; other C libraries ignore it.
    static var variables: [String: String] { adding(to: ProcessInfo.processInfo.environment) }

    static func adding(to environment: [String: String]) -> [String: String] {
        var environment = environment
        let tunables = environment[variable] ?? ""
        guard !tunables.contains(hugePages) else { return environment }
        environment[variable] = (tunables.isEmpty ? "" : tunables + ":") + "\(hugePages)=1"
        return environment
    }
}
