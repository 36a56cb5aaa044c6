import Foundation
import Testing

/// With model files that are whole and hold next to nothing.
@Suite struct ModelsCommandTests {
    private let folder = TestFolder()
    private var models: String { folder.file("models") }

    init() throws {
        try FileManager.default.createDirectory(atPath: models, withIntermediateDirectories: false)
    }

    private func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> DaemonRun {
        try await DaemonRun(
            ["models"] + arguments, environment: environment.merging(["STT_MODEL_FOLDER": models]) { $1 })
    }

    @Test func `A model that was added is listed by its name, with what it is`() async throws {
        let source = try write(model(), to: "ggml-small.bin")
        let added = try await run(["add", source])
        #expect(added.status == 0, "\(added.errors)")
        #expect(added.output == "small, multilingual, f16, 0 MiB, \(models)/ggml-small.bin\n")
        let bf16 = try await run(["add", source, "--type", "bf16", "--name", "fast"])
        #expect(bf16.output.hasPrefix("fast, multilingual, bf16"), "\(bf16.errors)")
        let list = try await run(["list", "--model", "\(models)/ggml-small.bin"])
        #expect(
            list.output.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
                == [
                    "* small f16 multilingual 0 MiB \(models)/ggml-small.bin",
                    "fast bf16 multilingual 0 MiB \(models)/ggml-fast.bin",
                ])
        let json = try await run(["list", "--json"])
        let parsed = try JSONDecoder().decode(Listing.self, from: Data(json.output.utf8))
        #expect(parsed.models.map(\.name) == ["fast", "small"])
        #expect(parsed.models.last?.bytes == model().count)
        #expect(parsed.models.last?.sha256.count == 64)
        #expect(parsed.models.allSatisfy { !$0.default })
    }

    @Test(arguments: ["truncated", "wrong magic", "rubbish", "empty", "wrong hash", "missing"])
    func `What is damaged is not added, and says why`(damage: String) async throws {
        var data = model()
        var message = ""
        var arguments: [String] = []
        switch damage {
        case "truncated": (data, message) = (data.dropLast(5), "is incomplete")
        case "wrong magic": (data[0], message) = (0, "is not a Whisper model in ggml format")
        case "rubbish":
            data.replaceSubrange(data.count - 28..<data.count - 24, with: [255, 255, 255, 255])
            message = "is damaged at byte"
        case "empty": (data, message) = (Data(), "is not a Whisper model in ggml format")
        case "wrong hash": (arguments, message) = (["--sha256", String(repeating: "0", count: 64)], "has the SHA-256")
        default: message = "No such file or directory"
        }
        let source = try damage == "missing" ? folder.file("none") : write(data, to: "ggml-small.bin")
        let run = try await run(["add", source] + arguments)
        #expect(run.status == 1)
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(run.output.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: models).isEmpty)
    }

    @Test func `Verifying names the sound and the damaged`() async throws {
        let whole = try await run(["add", write(model(), to: "ggml-a.bin")])
        #expect(whole.status == 0)
        let sound = try await run(["verify", "--no-load"])
        #expect(sound.status == 0)
        #expect(sound.output.hasPrefix("ok    a  "))
        let hash = String(sound.output.split(whereSeparator: \.isWhitespace).last ?? "")
        #expect(try await run(["verify", "a", "--no-load", "--sha256", hash.uppercased()]).status == 0)
        #expect(try await run(["verify", "a", "--no-load", "--sha256", "00"]).output.hasPrefix("FAIL  a  its SHA-256"))
        _ = try write(model().dropLast(1), to: "models/ggml-b.bin")
        let damaged = try await run(["verify", "--no-load"])
        #expect(damaged.status == 1)
        #expect(damaged.output.contains("ok    a  ") && damaged.output.contains("FAIL  b  "))
        let unknown = try await run(["verify", "c"])
        #expect(unknown.status == 1)
        #expect(unknown.errors.contains("there is no model \"c\" in \(models); there are: a, b"))
    }

    @Test(arguments: [
        (["add", "x", "--type", "q9"], "--type is \"q9\"; it must be one of"),
        (["add"], "source"), (["verify", "--sha256", "00"], "--sha256 needs one name"),
    ])
    func `Wrong options end it with 2`(arguments: [String], message: String) async throws {
        let run = try await run(arguments)
        #expect(run.status == 2)
        #expect(run.errors.contains(message), "\(run.errors)")
    }

    @Test func `Without a folder it says how to name one`() async throws {
        let run = try await DaemonRun(["models", "list", "--env-file", "/dev/null"])
        #expect(run.status == 2)
        #expect(run.errors.contains("set STT_MODEL_FOLDER or give --model-folder"), "\(run.errors)")
    }

    private struct Listing: Decodable {
        struct Model: Decodable {
            var name: String
            var `default`: Bool
            var bytes: Int
            var sha256: String
        }
        var models: [Model]
    }

    private func write(_ data: Data, to name: String) throws -> String {
        try data.write(to: URL(fileURLWithPath: folder.file(name)))
        return folder.file(name)
    }

    /// A multilingual model with as many tensors as one layer each has, and two numbers a token.
    private func model() -> Data {
        var data = Data()
        func add(_ numbers: [Int32]) {
            for number in numbers { withUnsafeBytes(of: number.littleEndian) { data.append(contentsOf: $0) } }
        }
        add([0x6767_6d6c, 51_865, 1500, 2, 1, 1, 448, 2, 1, 1, 80, 1, 80, 1])
        data.append(Data(count: 4 * 80))
        add([1, 1])
        data.append(contentsOf: "a".utf8)
        add([2, 1, 1, 2, 51_865])
        data.append(contentsOf: "e".utf8)
        data.append(Data(count: 4 * 51_865))
        for _ in 0..<49 {
            add([1, 4, 0, 2])
            data.append(contentsOf: "bias".utf8)
            data.append(Data(count: 8))
        }
        return data
    }
}
