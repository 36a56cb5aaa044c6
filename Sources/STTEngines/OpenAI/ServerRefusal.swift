import FoundationEssentials
import STTCore
import STTHTTP

/// What a server says when it does not answer with 200.
struct ServerRefusal: Sendable {
    let status: Int
    /// One line of the server's own, which may be empty. Without the access key, should the server repeat it.
    let detail: String

    init(_ response: HTTPResponse, key: String?) {
        status = response.status
        var text = Self.message(response.body).split { $0.isNewline || $0.isWhitespace }.joined(separator: " ")
        if let key, !key.isEmpty { text = text.replacing(key, with: "***") }
        let location = response.head["location"].map { " to \($0)" } ?? ""
        detail = text.isEmpty && (300..<400).contains(status) ? "a redirect\(location)" : String(text.prefix(300))
    }

    var isRetryable: Bool { status == 408 || status == 429 || status >= 500 }

    /// Whether the server refuses a parameter that can be left out.
    func concerns(_ words: String...) -> Bool {
        [400, 422].contains(status) && words.contains { detail.lowercased().contains($0) }
    }

    /// The error that it is, once it is not tried again.
    func error(url: String, model: String) -> EngineError {
        let said = detail.isEmpty ? "" : ": \(detail)"
        let answer = "\(url) answered \(status)\(said)"
        return switch status {
        case 400, 413, 415, 422: EngineError(.rejected, answer)
        case 401: EngineError(.unavailable, "\(answer); correct the access key")
        case 403: EngineError(.unavailable, "\(answer); the access key does not allow it: use another key or model")
        case 404:
            EngineError(
                .unavailable, "\(answer); correct the URL, which usually ends with /v1, or the model \"\(model)\"")
        case 300..<400: EngineError(.unavailable, "\(answer); give the URL that it leads to")
        case 408, 429, 500...: EngineError(.unavailable, answer)
        default: EngineError(.unavailable, "\(answer), which is no answer of a transcription server; correct the URL")
        }
    }

    /// OpenAI's, vLLM's and FastAPI's forms of an error, else the body's text.
    private static func message(_ body: [UInt8]) -> String {
        let body = body.prefix(16_384)
        if let form = try? JSONDecoder().decode(Form.self, from: Data(body)), let message = form.text { return message }
        return String(decoding: body.prefix(300), as: UTF8.self)
    }

    private struct Form: Decodable {
        struct Inner: Decodable {
            var message: String?
        }
        var error: Inner?
        var message: String?
        var detail: String?

        enum CodingKeys: String, CodingKey { case error, message, detail }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            // Each may be of another type than expected, or absent.
            error = try? container.decode(Inner.self, forKey: .error)
            message =
                (try? container.decode(String.self, forKey: .message))
                ?? (try? container.decode(String.self, forKey: .error))
            detail = try? container.decode(String.self, forKey: .detail)
        }

        var text: String? { error?.message ?? message ?? detail }
    }
}
