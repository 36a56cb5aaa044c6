import Foundation
import Logging
import STTCore
import STTEngines
import STTProcess

/// Whisper and ffmpeg.
extension Doctor {
    var programCheck: Check {
        Check("engine programs") {
            var findings: [Finding] = []
            let programs: [(Setting, String)] = [(.whisperServer, "whisper-server"), (.whisperCli, "whisper-cli")]
            for (setting, name) in programs {
                let hint =
                    "build whisper.cpp (scripts/install-whisper.sh) and set \(setting.variable), or put it on PATH"
                guard let path = ExecutableSearch.find(settings.text(setting) ?? name) else {
                    if let given = settings.text(setting) {
                        findings.append(.fail(name, "there is no program \(given)", hint: hint))
                    }
                    continue
                }
                findings.append(await Self.helpFinding(name, path: path))
            }
            if findings.isEmpty {
                findings.append(
                    .fail(
                        "whisper-server", "neither whisper-server nor whisper-cli is on PATH",
                        hint: "build whisper.cpp (scripts/install-whisper.sh) and set STT_WHISPER_SERVER"))
            } else if !findings.contains(where: { $0.name == "whisper-server" }) {
                findings.append(
                    .warn(
                        "whisper-server", "not there, so each chunk loads the model anew",
                        hint: "build it with whisper.cpp and set STT_WHISPER_SERVER"))
            }
            return findings
        }
    }

    private static func helpFinding(_ name: String, path: String) async -> Finding {
        let hint = "run \"\(path) --help\" to see; shared libraries may be missing"
        do {
            let outcome = try await ChildProcess.run(
                ProcessCommand(path, ["--help"], output: .keepHead(limit: 4096), errorOutput: .keepHead(limit: 4096)),
                timeLimit: .seconds(10))
            guard !outcome.timedOut else { return .fail(name, "\(path) --help does not end", hint: hint) }
            guard outcome.exit.isSuccess else {
                return .fail(
                    name, "\(path) --help ended with \(outcome.exit): \(outcome.errorTail(limit: 200))", hint: hint)
            }
            return .ok(name, path)
        } catch {
            return .fail(name, "\(path) cannot be started: \(error)", hint: hint)
        }
    }

    var modelCheck: Check {
        Check("model") {
            guard let path = settings.text(.model) else {
                return [
                    .fail(
                        "model", "none is named",
                        hint: "get one (scripts/install-model.sh) and set STT_WHISPER_MODEL, or give --model")
                ]
            }
            do throws(EngineError) {
                let model = try ModelFile(path: path)
                return [.ok("model", "\(model.summary)\(fasterForm(of: model))")] + otherModels(than: model)
            } catch {
                return [
                    .fail("model", error.message, hint: "get a whole model in ggml format (scripts/install-model.sh)")
                ]
            }
        }
    }

    private func fasterForm(of model: ModelFile) -> String {
        guard model.weights == .f16, ProcessorFeatures.hasBFloat16 else { return "" }
        return settings.text(.weights) == "auto" ? ", loaded as bf16" : ", slower than as bf16 (STT_WEIGHTS=file)"
    }

    /// What jobs may ask for by name; nothing where there is no other.
    private func otherModels(than model: ModelFile) -> [Finding] {
        let folder = settings.text(.modelFolder) ?? (model.path as NSString).deletingLastPathComponent
        var names = ModelCatalogue.files(in: folder.isEmpty ? "." : folder).map(\.name).filter { $0 != model.name }
        if settings.isSet(.models) {
            let missing = settings.list(.models).filter { $0 != model.name && !names.contains($0) }
            guard missing.isEmpty else {
                return [
                    .warn(
                        "models", "\(folder) has no \(missing.joined(separator: ", "))",
                        hint: "add it (stt-rpcd models add), or correct STT_MODELS")
                ]
            }
            names = names.filter(settings.list(.models).contains)
        }
        return names.isEmpty ? [] : [.ok("models", names.joined(separator: ", "))]
    }

    /// Runs the engine for real: missing libraries, instructions that the processor has not, and too little memory show
    /// here only.
    var engineCheck: Check {
        Check("engine", limit: .seconds(90)) {
            let hint =
                settings.usesRemoteEngine
                ? "mend what is said of the engine server above, or see its log"
                : "mend what is said of programs and model above, or try another model or build"
            do {
                let factory = try settings.selectedEngines(logger: Self.silent)
                let engine = try await factory.makeEngine(slot: 0)
                let started = ContinuousClock.now
                let result = await Self.answer(of: engine)
                await engine.shutdown()
                try result.get()
                let elapsed = ContinuousClock.now - started
                return [
                    .ok(
                        "engine",
                        "\(factory.engineName) answered in \(ClusterHealth.milliseconds(elapsed)), start included")
                ]
            } catch let error as StartFailure {
                return [.fail("engine", error.message, hint: hint)]
            } catch let error as EngineError {
                return [.fail("engine", error.message, hint: hint)]
            } catch {
                return [.fail("engine", "\(error)", hint: hint)]
            }
        }
    }

    private static func answer(of engine: any TranscriptionEngine) async -> Result<Void, EngineError> {
        do throws(EngineError) {
            _ = try await engine.transcribe(EngineRequest(samples: tone, language: "en", timeLimit: .seconds(80)))
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// A second of 440 Hz, at a tenth of the full scale.
    private static var tone: [Int16] {
        (0..<16_000).map { Int16(3276 * sin(2 * Double.pi * 440 * Double($0) / 16_000)) }
    }

    var ffmpegCheck: Check {
        Check("ffmpeg") {
            let missing = ["ffmpeg", "ffprobe"].filter { ExecutableSearch.find($0) == nil }
            guard missing.isEmpty else {
                return [
                    .warn(
                        "ffmpeg",
                        "no \(missing.joined(separator: " and ")) on PATH: M4A, WebM, MP4 and others are refused",
                        hint: "install ffmpeg (Debian: apt-get install ffmpeg)")
                ]
            }
            return [.ok("ffmpeg", ExecutableSearch.find("ffmpeg") ?? "")]
        }
    }

    static var silent: Logger {
        Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() }
    }
}
