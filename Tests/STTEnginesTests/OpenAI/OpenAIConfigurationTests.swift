import STTCore
import Testing

@testable import STTEngines

@Suite("The set-up of a transcription server")
struct OpenAIConfigurationTests {
    private func endpoints(_ urls: String...) throws(EngineError) -> [String] {
        try OpenAIConfiguration(urls: urls, models: ["m"]).endpoints()
    }

    @Test("takes URLs with and without their usual ends")
    func urls() throws {
        #expect(
            try endpoints(
                "http://gpu:8000", "http://gpu:8000/", "https://api.example/v1/", "http://gpu/openai/v1",
                "http://gpu/v1/audio/transcriptions", "HTTP://gpu")
                == [
                    "http://gpu:8000/v1", "http://gpu:8000/v1", "https://api.example/v1", "http://gpu/openai/v1",
                    "http://gpu/v1", "http://gpu/v1",
                ])
    }

    @Test(
        "refuses what is no URL",
        arguments: [
            "gpu:8000", "ftp://gpu", "http://", "http:///v1", "http://a b", "http://gpu/v1?key=x",
            "http://u:secret@gpu",
        ])
    func wrongURL(url: String) {
        #expect {
            _ = try endpoints(url)
        } throws: {
            let error = $0 as? EngineError
            return error?.code == .unavailable && error?.message.contains("secret") == false
        }
    }

    @Test("reads the access key from a file each time, and never shows it")
    func key() throws {
        let folder = try TemporaryDirectory()
        let key = AccessKey.file(try folder.write("key", "one\n"))
        #expect(try key.read() == "one")
        _ = try folder.write("key", "  two \r\nthree")
        #expect(try key.read() == "two")
        _ = try folder.write("key", "\n")
        #expect(throws: EngineError.self) { try key.read() }
        _ = try folder.write("key", "a\u{1}b")
        #expect(throws: EngineError.self) { try key.read() }
        #expect(throws: EngineError.self) { try AccessKey.file("/no/such/file").read() }
        #expect(throws: EngineError.self) { try AccessKey.value("a\r\nx-header: b").read() }
        #expect(try AccessKey.none.read() == nil)
        for text in [
            "\(AccessKey.value("secret"))", String(reflecting: AccessKey.value("secret")),
            "\([AccessKey.value("secret")])",
        ] {
            #expect(!text.contains("secret"))
        }
        var text = ""
        dump(OpenAIConfiguration(urls: [], models: [], key: .value("secret")), to: &text)
        #expect(!text.contains("secret"))
    }
}
