import STTHTTP
import Testing

@testable import STTObjectStore

/// The examples of "Authenticating Requests: Using the Authorization Header" in the Amazon S3 API Reference.
@Suite struct S3SignerTests {
    private static let host = "examplebucket.s3.amazonaws.com"
    private static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    /// 24 May 2013, 00:00:00 GMT.
    private static let time = 1_369_353_600

    private let signer = S3Signer(
        accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", sessionToken: nil,
        region: "us-east-1")

    private func authorization(_ message: S3Signer.Message) -> String? {
        signer.headers(signing: message, at: Self.time).first { $0.name == "authorization" }?.value
    }

    private func expected(_ names: String, _ signature: String) -> String {
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            + "SignedHeaders=\(names),Signature=\(signature)"
    }

    @Test("signs a ranged GET of an object as the documentation does") func signsGet() {
        let message = S3Signer.Message(
            method: "GET", host: Self.host, path: "/test.txt", headers: [.init("Range", "bytes=0-9")],
            payloadHash: Self.empty)
        #expect(
            authorization(message)
                == expected(
                    "host;range;x-amz-content-sha256;x-amz-date",
                    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"))
    }

    @Test("signs a PUT of an object as the documentation does") func signsPut() {
        let hash = MessageDigest.of(Array("Welcome to Amazon S3.".utf8), .sha256).hexadecimal
        #expect(hash == "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")
        let message = S3Signer.Message(
            method: "PUT", host: Self.host, path: "/" + percentEncoded("test$file.text", keepingSlashes: true),
            headers: [
                .init("Date", "Fri, 24 May 2013 00:00:00 GMT"), .init("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ], payloadHash: hash)
        #expect(
            authorization(message)
                == expected(
                    "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"))
    }

    @Test("signs a query without a value as the documentation does") func signsLifecycle() {
        let message = S3Signer.Message(
            method: "GET", host: Self.host, path: "/", query: [.init("lifecycle")], payloadHash: Self.empty)
        #expect(
            authorization(message)
                == expected(
                    "host;x-amz-content-sha256;x-amz-date",
                    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"))
    }

    @Test("signs a listing as the documentation does, whatever the order of its query") func signsList() {
        let message = S3Signer.Message(
            method: "GET", host: Self.host, path: "/", query: [.init("prefix", "J"), .init("max-keys", "2")],
            payloadHash: Self.empty)
        #expect(
            authorization(message)
                == expected(
                    "host;x-amz-content-sha256;x-amz-date",
                    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"))
    }

    @Test("the token of temporary credentials is sent and signed") func signsToken() {
        var signer = signer
        signer.sessionToken = "token/+="
        let headers = signer.headers(
            signing: .init(method: "GET", host: Self.host, path: "/", payloadHash: Self.empty), at: Self.time)
        #expect(headers.contains(.init("x-amz-security-token", "token/+=")))
        #expect(headers.last?.value.contains("x-amz-date;x-amz-security-token,") == true)
    }

    /// What botocore, Amazon's library for Python, signs for the same requests.
    @Test("signs tokens, ports, encoded keys and encoded queries as Amazon's library does") func signsAsLibrary() {
        var signer = signer
        signer.sessionToken = "tok/+="
        signer.region = "eu-west-1"
        let put = S3Signer.Message(
            method: "PUT", host: "127.0.0.1:9000",
            path: "/bucket/" + percentEncoded("a/b c+", keepingSlashes: true),
            query: [.init("uploadId", "x/y="), .init("partNumber", "2")],
            payloadHash: MessageDigest.of(Array("hello".utf8), .sha256).hexadecimal)
        let list = S3Signer.Message(
            method: "GET", host: "127.0.0.1:9000", path: "/bucket",
            query: [
                .init("list-type", "2"), .init("prefix", "a/b c"), .init("start-after", "é"), .init("delimiter", "/"),
            ], payloadHash: Self.empty)
        for (message, signature) in [
            (put, "66fcf03afa1d6a6a8b4910b386ebdeac3b559d7c7a4b5e5e71464d49f83b94e9"),
            (list, "094e31fc9dda4054a85b682f33d835867d8400154ea1195625af24577a65f7b6"),
        ] {
            let value = signer.headers(signing: message, at: Self.time).last?.value
            #expect(value?.hasSuffix("Signature=\(signature)") == true)
        }
    }

    @Test("a query is encoded as the signature wants it") func encodesQuery() {
        let items: [S3QueryItem] = [.init("b", "a b/c+~é"), .init("a", ""), .init("B", "=&")]
        #expect(S3QueryItem.encoded(items) == "B=%3D%26&a=&b=a%20b%2Fc%2B~%C3%A9")
        #expect(percentDecoded("a+b%2Fc%2B%zz%4") == "a b/c+%zz%4")
    }

    @Test(
        "base64 and hexadecimal are written as everybody does",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ])
    func encodesBytes(_ text: String, _ expected: String) {
        #expect(Array(text.utf8).base64 == expected)
        #expect([0, 0x0F, 0xA0, 0xFF].hexadecimal == "000fa0ff")
    }

    @Test("times are read as HTTP and S3 write them") func readsTimes() {
        #expect(HTTPDate.seconds("Fri, 24 May 2013 00:00:00 GMT") == Self.time)
        #expect(HTTPDate.secondsISO("2013-05-24T00:00:01.000Z") == Self.time + 1)
        for text in ["", "yesterday", "Fri, 24 Foo 2013 00:00:00 GMT", "2013-99-24T00:00:00Z"] {
            #expect(HTTPDate.seconds(text) == nil)
            #expect(HTTPDate.secondsISO(text) == nil)
        }
    }
}
