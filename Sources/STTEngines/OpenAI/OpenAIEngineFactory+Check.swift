import FoundationEssentials
public import STTCore
import STTHTTP

/// What a server said when it was asked for its models.
public struct OpenAIServerReport: Sendable {
    /// Without a key in it.
    public var url: String
    /// What is wrong, with what to do.
    public var problem: EngineError?
    /// Names of its models; `nil` where it answers but does not tell.
    public var models: [String]?
    /// Configured models that it does not name.
    public var missing: [String]
}

extension OpenAIEngineFactory {
    private struct ModelList: Decodable {
        struct Model: Decodable {
            var id: String
        }
        var data: [Model]
    }

    /// Asks each server for its models (`GET /v1/models`).
    public func check(timeLimit: Duration = .seconds(10)) async -> [OpenAIServerReport] {
        var reports: [OpenAIServerReport] = []
        for endpoint in shared.endpoints { reports.append(await check(endpoint, timeLimit: timeLimit)) }
        return reports
    }

    private func check(_ endpoint: String, timeLimit: Duration) async -> OpenAIServerReport {
        var report = OpenAIServerReport(url: endpoint, missing: [])
        let configuration = shared.configuration
        var key: String?
        do throws(EngineError) {
            key = try configuration.key.read()
        } catch {
            report.problem = error
            return report
        }
        var request = HTTPRequest(
            "GET", endpoint + "/models",
            timeouts: HTTPTimeouts(connect: configuration.connectTimeout, stall: timeLimit, total: timeLimit))
        if let key { request.headers = [.init("authorization", "Bearer \(key)")] }
        request.authoritiesFile = configuration.authoritiesFile
        request.proxy = configuration.proxy
        do throws(HTTPFailure) {
            let response = try await shared.client.send(request, maximumBytes: configuration.maximumAnswerBytes)
            // Not all servers have this method.
            if [404, 405, 501].contains(response.status) { return report }
            guard response.status == 200 else {
                let refusal = ServerRefusal(response, key: key)
                report.problem = refusal.error(url: request.url, model: modelName)
                return report
            }
            report.models = try? JSONDecoder().decode(ModelList.self, from: Data(response.body)).data.map(\.id)
            report.missing = report.models.map { known in configuration.models.filter { !known.contains($0) } } ?? []
        } catch {
            report.problem = EngineError(.unavailable, "\(endpoint) cannot be used: \(error)", cause: error)
        }
        return report
    }
}
