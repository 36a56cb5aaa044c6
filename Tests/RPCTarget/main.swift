import Foundation
import Logging
import RPCServer

// A server in a process of its own, so that tests can watch its memory, its descriptors and its life. Prints its port.

let options = TargetOptions(CommandLine.arguments.dropFirst())
var registry = MethodRegistry()
registry.registerTargetMethods()
var logger = Logger(label: "target", factory: { StreamLogHandler.standardError(label: $0) })
logger.logLevel = .warning
let server = RPCServer(methods: registry, configuration: options.configuration, logger: logger)
let addresses = try await server.start(listeningOn: [.tcp(host: "127.0.0.1", port: 0)])
if case .tcp(_, let port)? = addresses.first { print(port) }
fflush(nil)
// Ended by a signal: of the tests, or of their end.
while true { try await Task.sleep(for: .seconds(3600)) }
