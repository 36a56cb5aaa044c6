// rpc-benchmark serve LOOPS
// rpc-benchmark unary|unary-any|stream|upload PORT CONNECTIONS IN_FLIGHT SECONDS

let arguments = CommandLine.arguments.dropFirst()
if arguments.first == "serve", let loops = arguments.last.flatMap({ Int($0) }) {
    try await BenchmarkServer.run(loops: loops)
} else if let work = arguments.first, arguments.count == 5,
    let port = UInt16(arguments[2]), let connections = Int(arguments[3]), let inFlight = Int(arguments[4]),
    let seconds = Double(arguments[5])
{
    var client = BenchmarkClient(port: port, connections: connections, inFlight: inFlight, seconds: seconds)
    client.prefersLoop = work != "unary-any"
    switch work {
    case "unary", "unary-any": print(try await client.unary().line)
    case "stream": print(try await client.stream().line)
    default: print(try await client.upload().line)
    }
} else {
    print("usage: rpc-benchmark serve LOOPS | unary|unary-any|stream|upload PORT CONNECTIONS IN_FLIGHT SECONDS")
}
