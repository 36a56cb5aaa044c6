/// Lets the options that every subcommand understands stand before the subcommand too.
///
/// The parser knows them as options of the subcommands, so what stands before is moved behind the subcommand's name.
enum ArgumentOrder {
    private static let flags: Set = ["--json", "--verbose", "-v"]
    private static let options: Set = ["--server", "--timeout", "--retry-for"]

    static func normalized(_ arguments: [String]) -> [String] {
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
        // Nothing but options, or something that is no subcommand: for the parser to judge.
        guard index < arguments.count, !arguments[index].hasPrefix("-"), arguments[index] != "help" else {
            return arguments
        }
        return [arguments[index]] + moved + arguments[(index + 1)...]
    }

    private static func isAssignment(_ argument: String) -> Bool {
        guard let equals = argument.firstIndex(of: "=") else { return false }
        return options.contains(String(argument[..<equals]))
    }
}
