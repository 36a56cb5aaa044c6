import ArgumentParser
import Foundation
import STTService

/// Makes what stands in a token file.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make tokens and entries for the token file.",
        discussion: """
            A token file has one entry a line, with the SHA-256 of a token, never the token itself. docs/FORMATS.md \
            describes it, docs/OPERATIONS.md how tokens are handed out, replaced and withdrawn.
            """,
        subcommands: [New.self, Hash.self])

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token of 256 random bits.",
            discussion: """
                Prints the token, which is not stored anywhere, and the entry for the token file; with --append the entry \
                goes into the file instead. A server reads the file at its start and on SIGHUP.

                Examples:
                  stt-rpcd token new --tenant acme --file tokens.jsonl --append
                  stt-rpcd token new --tenant acme --open-calls 64 --requests-per-second 50 --expires 2027-01-31T00:00:00Z
                """)

        @Option(help: "Whom the token names: letters, digits, \".\", \"_\" and \"-\".")
        var tenant: String
        @Option(help: "Calls that the tenant may have open.")
        var openCalls: Int?
        @Option(help: "Requests in a second.")
        var requestsPerSecond: Double?
        @Option(help: "Requests that may come at once after a pause.")
        var burst: Int?
        @Option(help: "Bytes of uploads under way.")
        var uploadBytes: Int?
        @Option(help: "Audio of jobs that have not ended, in seconds.")
        var queuedAudioSeconds: Int?
        @Option(help: ArgumentHelp("From when on it is refused, such as 2027-01-31T00:00:00Z.", valueName: "moment"))
        var expires: String?
        @Option(help: "What it is for.")
        var comment: String?
        @Option(help: "The token file.")
        var file: String?
        @Flag(help: "Add the entry to the file, which is made where it does not exist.")
        var append = false

        func run() throws {
            guard !append || file != nil else { throw SettingsError("--append needs --file") }
            let token = AccessToken.make()
            guard let hash = AccessToken.hash(token) else { throw StartFailure(message: "out of memory") }
            let entry: TokenEntry
            do {
                entry = try TokenEntry(
                    hash: hash, tenant: tenant,
                    limits: TenantLimits(
                        openCalls: openCalls, requestsPerSecond: requestsPerSecond, burst: burst,
                        uploadBytes: uploadBytes, queuedAudioSeconds: queuedAudioSeconds),
                    expires: expires, comment: comment)
            } catch {
                throw SettingsError("\(error)")
            }
            guard append, let file else {
                print(token)
                print(entry.line)
                return
            }
            try Self.append(entry, to: file)
            print(token)
            StandardError.print("added to \(file); kill -HUP the server to let it in")
        }

        /// - Throws: `SettingsError` where the file could not be used with the entry in it.
        private static func append(_ entry: TokenEntry, to path: String) throws {
            do throws(TokenFileError) {
                try TokenFile.append(entry, to: path)
            } catch {
                throw SettingsError("\(error)")
            }
        }
    }

    struct Hash: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read a token on standard input, print its hash for the token file.",
            discussion: """
                The token is the first line. It is not taken from the command line, where others on the machine could read it.

                Example:
                  stt-rpcd token hash < token.txt
                """)

        func run() throws {
            guard let line = readLine(), !line.isEmpty else {
                throw SettingsError("no token on standard input")
            }
            guard let hash = AccessToken.hash(line) else { throw StartFailure(message: "out of memory") }
            print(hash)
        }
    }
}
