import RPCTransport
import Testing

@Suite("Addresses")
struct ServerAddressTests {
    @Test(arguments: [
        ("127.0.0.1:7700", ServerAddress.tcp(host: "127.0.0.1", port: 7700), "stt://127.0.0.1:7700"),
        ("[::1]:7700", .tcp(host: "::1", port: 7700), "stt://[::1]:7700"),
        ("localhost:0", .tcp(host: "localhost", port: 0), "stt://localhost:0"),
        ("stt://host:65535", .tcp(host: "host", port: 65535), "stt://host:65535"),
        ("stt://host:1/", .tcp(host: "host", port: 1), "stt://host:1"),
        ("stts://host:7701", .tls(host: "host", port: 7701), "stts://host:7701"),
        ("stts://[::1]:7701/", .tls(host: "::1", port: 7701), "stts://[::1]:7701"),
        ("unix:/run/a.sock", .unix(path: "/run/a.sock"), "unix:/run/a.sock"),
        ("stt+unix:/run/a.sock", .unix(path: "/run/a.sock"), "unix:/run/a.sock"),
        ("unix:///run/a.sock", .unix(path: "/run/a.sock"), "unix:/run/a.sock"),
    ])
    func `each form is read and printed`(_ text: String, _ address: ServerAddress, _ printed: String) throws {
        #expect(try ServerAddress(parsing: text) == address)
        #expect(address.description == printed)
        #expect(try ServerAddress(parsing: printed) == address)
    }

    @Test(arguments: [
        "", "host", "host:", "host:x", "host:65536", "host:-1", ":7700", "::1:7700", "unix:", "http://host:80",
        "stts://host", "stts:host:1",
        "unix:/" + String(repeating: "a", count: 108),
    ])
    func `what is no address is refused`(_ text: String) {
        #expect(throws: InvalidAddress.self) { try ServerAddress(parsing: text) }
    }
}
