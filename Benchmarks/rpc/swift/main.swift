// rpc-benchmark serve LOOPS
// rpc-benchmark unary|stream|upload PORT CONNECTIONS IN_FLIGHT SECONDS
// Each with --tls DIR at its end for the same over TLS.

let arguments = BenchmarkTLS.arguments
if arguments.first == "serve", let loops = arguments.last.flatMap({ Int($0) }) {
    try await BenchmarkServer.run(loops: loops)
} else if let work = arguments.first, arguments.count == 5,
    let port = UInt16(arguments[2]), let connections = Int(arguments[3]), let inFlight = Int(arguments[4]),
    let seconds = Double(arguments[5])
{
    let client = BenchmarkClient(port: port, connections: connections, inFlight: inFlight, seconds: seconds)
    switch work {
    case "unary": print(try await client.unary().line)
    case "stream": print(try await client.stream().line)
    default: print(try await client.upload().line)
    }
} else {
    print("usage: rpc-benchmark serve LOOPS | unary|stream|upload PORT CONNECTIONS IN_FLIGHT SECONDS")
}
