/// Lets the options that every subcommand understands stand before the subcommand too.
///
/// The parser knows them as options of the subcommands, so what stands before is moved behind the subcommand's name.
enum ArgumentOrder {
    private static let flags: Set = ["--json", "--verbose", "-v"]
    private static let options: Set = [
        "--server", "--timeout", "--retry-for", "--token-file", "--tls-ca", "--tls-cert", "--tls-key",
        "--tls-server-name",
    ]

    /// What the words on the command line are about.
    enum Reading: Equatable {
        /// A subcommand, by its name, with everything behind it.
        case subcommand(String, [String])
        /// For the parser as it is: `--help`, `--version`, `help`, nothing, or an option that is not known.
        case other([String])
        /// Options, and no subcommand after them.
        case missingSubcommand
    }

    static func reading(_ arguments: [String]) -> Reading {
        var moved: [String] = []
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            if flags.contains(argument) || isAssignment(argument) {
                moved.append(argument)
                index += 1
            } else if options.contains(argument), index + 1 < arguments.count {
                moved += arguments[index...index + 1]
                index += 2
            } else {
                break
            }
        }
        guard index < arguments.count else { return moved.isEmpty ? .other([]) : .missingSubcommand }
        let name = arguments[index]
        guard !name.hasPrefix("-"), name != "help" else { return .other(Array(arguments[index...])) }
        return .subcommand(name, moved + arguments[(index + 1)...])
    }

    private static func isAssignment(_ argument: String) -> Bool {
        guard let equals = argument.firstIndex(of: "=") else { return false }
        return options.contains(String(argument[..<equals]))
    }
}
