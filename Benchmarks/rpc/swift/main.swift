// rpc-benchmark serve|serve-speech LOOPS
// rpc-benchmark unary|unary-any|stream|upload|status|status-many|submit|result|live PORT CONNECTIONS IN_FLIGHT SECONDS
// Each with --tls DIR at its end for the same over TLS.

let arguments = BenchmarkTLS.arguments
if arguments.first == "serve", let loops = arguments.last.flatMap({ Int($0) }) {
    try await BenchmarkServer.run(loops: loops)
} else if arguments.first == "serve-speech", let loops = arguments.last.flatMap({ Int($0) }) {
    try await SpeechBenchmarkServer.run(loops: loops)
} else if let work = arguments.first, arguments.count == 5,
    let port = UInt16(arguments[2]), let connections = Int(arguments[3]), let inFlight = Int(arguments[4]),
    let seconds = Double(arguments[5])
{
    var client = BenchmarkClient(port: port, connections: connections, inFlight: inFlight, seconds: seconds)
    client.prefersLoop = work != "unary-any"
    switch work {
    case "unary", "unary-any": print(try await client.unary().line)
    case "stream": print(try await client.stream().line)
    case "status": print(try await client.status(jobs: 1).timedLine)
    case "status-many": print(try await client.status(jobs: SpeechWorkload.jobs.count).timedLine)
    case "submit": print(try await client.submit().timedLine)
    case "result": print(try await client.result().timedLine)
    case "live": print(try await client.live().timedLine)
    default: print(try await client.upload().line)
    }
} else {
    print(
        "usage: rpc-benchmark serve|serve-speech LOOPS | unary|unary-any|stream|upload|status|status-many|submit|result|live PORT CONNECTIONS IN_FLIGHT SECONDS"
    )
}
