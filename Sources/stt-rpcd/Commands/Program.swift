import ArgumentParser
import Glibc
import STTMongo

@main
enum Program {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        MongoSharedCounters.unlink()
        let status = await run(Array(CommandLine.arguments.dropFirst()))
        fflush(nil)
        exit(status)
    }

    private static func run(_ arguments: [String]) async -> Int32 {
        do {
            var command = try Daemon.parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return 0
        } catch let error as SettingsError {
            StandardError.print("stt-rpcd: error: \(error)")
            return 2
        } catch let error as StartFailure {
            StandardError.print("stt-rpcd: error: \(error.message)")
            return 3
        } catch let error as CommandFailure {
            StandardError.print("stt-rpcd: error: \(error)")
            return 1
        } catch {
            let status = Daemon.exitCode(for: error)
            let text = Daemon.fullMessage(for: error)
            switch status {
            case .success: print(text)
            case .validationFailure:
                StandardError.print(text)
                return 2
            default:
                if !text.isEmpty { StandardError.print(text) }
            }
            return status.rawValue
        }
    }
}
