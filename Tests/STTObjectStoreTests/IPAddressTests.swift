import STTHTTP
import Testing

@Suite struct IPAddressTests {
    @Test(
        "addresses that are not of the public internet are told",
        arguments: [
            "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255",
            "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1",
            "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
            "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::a00:1",
            "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1", "2002:7f00:1::", "2001::1",
            "3fff::1", "4000::1", "100::1",
        ])
    func refuses(_ text: String) throws {
        #expect(try #require(IPAddress(text)).isPublic == false)
    }

    @Test(
        "addresses of the public internet are told",
        arguments: [
            "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "198.17.255.255",
            "198.20.0.0", "192.167.255.255", "223.255.255.255", "::ffff:8.8.8.8", "2606:4700:4700::1111",
            "2001:4860:4860::8888", "2a00:1450:4001:82a::200e",
        ])
    func allows(_ text: String) throws {
        #expect(try #require(IPAddress(text)).isPublic)
    }

    @Test("an address is written as it is read") func describes() {
        #expect(IPAddress("192.0.2.7")?.description == "192.0.2.7")
        #expect(IPAddress("::ffff:192.0.2.7")?.description == "192.0.2.7")
        #expect(IPAddress("2001:db8::1")?.description == "2001:db8:0:0:0:0:0:1")
        #expect(IPAddress("localhost") == nil)
    }
}
