import Logging
import STTCore
import STTHTTP

extension OpenAIEngine {
    /// What one try came to.
    private enum Attempt {
        case answered(EngineResult)
        /// Will not get better by itself.
        case failed(EngineError)
        /// May. `wait`: how long the server asks for. `isBusy`: it serves others meanwhile.
        case mayPass(EngineError, wait: Duration? = nil, isBusy: Bool = false)
        /// Ask again for less.
        case again
    }

    /// Tries until there is an answer, an error that stays, or no time left.
    func exchange(_ request: EngineRequest, model: String) async throws(EngineError) -> EngineResult {
        let (limiter, configuration) = (shared.limiter, shared.configuration)
        let wave = WaveFile.encode(request.samples)
        var endpoint = try await limiter.pass(patience: request.timeLimit)
        let begin = limiter.time.now
        let deadline = begin + request.timeLimit
        var number = 1
        while true {
            let attempt = await attempt(request, wave: wave, model: model, endpoint: endpoint, deadline: deadline)
            if Task.isCancelled { throw .cancelled }
            switch attempt {
            case .answered(let result):
                limiter.succeeded(endpoint)
                return result
            case .failed(let error):
                if error.code == .timedOut {
                    limiter.failed(endpoint, base: configuration.backoffBase, cap: configuration.backoffCap)
                }
                throw error
            case .again: break
            case .mayPass(let error, let wait, let isBusy):
                limiter.failed(
                    endpoint, base: configuration.backoffBase, cap: configuration.backoffCap,
                    pauses: isBusy && wait == nil)
                let pause = backoff(after: number)
                let isTooLong = limiter.time.now + max(pause, wait ?? .zero) > deadline
                // A busy server's turns are as many as there is time for.
                guard isBusy || number < configuration.maximumAttempts, !isTooLong else {
                    throw givenUp(error, after: number, since: begin)
                }
                log.debug(
                    "transcription server to be asked again",
                    metadata: ["attempt": "\(number)", "reason": "\(error.message)"])
                // What the server asks for holds for all slots and is waited for in the limiter.
                do { try await limiter.time.sleep(until: limiter.time.now + pause) } catch { throw .cancelled }
                number += 1
            }
            endpoint = try await limiter.pass(deadline: deadline, patience: request.timeLimit)
        }
    }

    /// The server's trouble, unless it serves other requests meanwhile and fails with this one each time: that would never
    /// end.
    private func givenUp(_ error: EngineError, after tries: Int, since begin: Duration) -> EngineError {
        let isChunksFault = error.code == .crashed && tries > 1 && shared.limiter.hasAnswered(since: begin)
        return EngineError(
            isChunksFault ? .crashed : .unavailable, error.message + (tries > 1 ? " (\(tries) tries)" : ""),
            cause: error.cause)
    }

    /// Full jitter, so that slots which failed together do not come back together.
    private func backoff(after number: Int) -> Duration {
        let configuration = shared.configuration
        let ceiling = min(configuration.backoffBase * (1 << min(number - 1, 16)), configuration.backoffCap)
        return ceiling * Double.random(in: 0...1)
    }

    private func attempt(
        _ request: EngineRequest, wave: [UInt8], model: String, endpoint: Int, deadline: Duration
    ) async -> Attempt {
        let (limiter, configuration) = (shared.limiter, shared.configuration)
        let method = request.translate ? "translations" : "transcriptions"
        let url = "\(shared.endpoints[endpoint])/audio/\(method)"
        let form = shared.forms[model]
        let begin = limiter.time.now
        let key: String?
        let reply: Result<HTTPResponse, HTTPFailure>
        do throws(EngineError) { key = try configuration.key.read() } catch { return .failed(error) }
        do throws(HTTPFailure) {
            let message = self.message(
                url, fields: fields(request, wave: wave, model: model, form: form), key: key, limit: deadline - begin)
            reply = .success(
                try await shared.client.send(message, maximumBytes: configuration.maximumAnswerBytes))
        } catch {
            reply = .failure(error)
        }
        switch reply {
        case .success(let response):
            honourLimits(of: response, endpoint)
            guard response.status == 200 else {
                let refusal = ServerRefusal(response, key: key)
                if shared.forms.learn(from: refusal, model: model, asked: form) {
                    log.notice(
                        "transcription server cannot give all details", metadata: ["reason": "\(refusal.detail)"])
                    return .again
                }
                return judge(refusal, response.head, url: url, model: model)
            }
            do throws(EngineError) {
                return .answered(try result(response.body, request, elapsed: limiter.time.now - begin))
            } catch {
                return .failed(error)
            }
        case .failure(let failure):
            // What earlier tries left can be too little for an honest answer.
            let isWhole = deadline - begin > request.timeLimit * 0.9
            return judge(failure, url: url, limit: deadline - begin, isWhole: isWhole)
        }
    }

    private func judge(_ refusal: ServerRefusal, _ head: HTTPHead, url: String, model: String) -> Attempt {
        var error = refusal.error(url: url, model: model)
        guard refusal.isRetryable else { return .failed(error) }
        // 502 and the like come from a proxy, when the server behind it is gone.
        if refusal.status == 500 { error.code = .crashed }
        return .mayPass(error, wait: head.retryAfter, isBusy: refusal.status == 429)
    }

    private func judge(_ failure: HTTPFailure, url: String, limit: Duration, isWhole: Bool) -> Attempt {
        let message = "\(url) cannot be used: \(failure)"
        switch failure {
        case .timedOut:
            let message = "\(url) gave no answer within \(RequestLimiter.wholeSeconds(limit)) s"
            return .failed(EngineError(isWhole ? .timedOut : .unavailable, message, cause: failure))
        case .tooLong: return .failed(EngineError(.invalidOutput, "the answer of \(url) has no end", cause: failure))
        case .cancelled: return .failed(.cancelled)
        case .invalidURL, .addressRefused, .tooManyRedirects:
            return .failed(EngineError(.unavailable, message, cause: failure))
        case .stalled, .broken:
            return .mayPass(EngineError(.crashed, "\(url) broke off: \(failure)", cause: failure))
        case .unreachable, .refused, .unresolved, .tls, .noResources:
            return .mayPass(EngineError(.unavailable, message, cause: failure))
        }
    }

    /// Lets all slots wait where the server says so.
    private func honourLimits(of response: HTTPResponse, _ endpoint: Int) {
        let isBusy = response.status == 429 || response.status == 503
        let asked = [isBusy ? response.head.retryAfter : nil, response.head.rateLimitReset].compactMap { $0 }.max()
        guard let pause = asked, shared.limiter.pause(endpoint, for: pause) else { return }
        log.info(
            "transcription server asks for a pause",
            metadata: ["seconds": "\(pause / .seconds(1))", "status": "\(response.status)"])
    }
}

extension OpenAIEngine {
    private func fields(
        _ request: EngineRequest, wave: [UInt8], model: String, form: AnswerForms.Form
    ) -> [HTTPRequest.Field] {
        var fields = [
            HTTPRequest.Field("file", file: wave, fileName: "chunk.wav", contentType: "audio/wav"),
            HTTPRequest.Field("model", model),
            HTTPRequest.Field("response_format", form.isVerbose ? "verbose_json" : "json"),
            HTTPRequest.Field("temperature", "\(request.temperature)"),
        ]
        if let prompt = request.prompt, !prompt.isEmpty { fields.append(HTTPRequest.Field("prompt", prompt)) }
        // Translations take neither of the following.
        guard !request.translate else { return fields }
        if let language = request.language, language != "auto" {
            fields.append(HTTPRequest.Field("language", language))
        }
        if form.isVerbose, form.hasWords {
            fields.append(HTTPRequest.Field("timestamp_granularities[]", "segment"))
            if request.wordTimestamps { fields.append(HTTPRequest.Field("timestamp_granularities[]", "word")) }
        }
        return fields
    }

    private func message(_ url: String, fields: [HTTPRequest.Field], key: String?, limit: Duration) -> HTTPRequest {
        let configuration = shared.configuration
        var request = HTTPRequest(
            "POST", url, body: .form(fields),
            // A server thinks in silence for as long as it may.
            timeouts: HTTPTimeouts(
                connect: configuration.connectTimeout, stall: limit + .seconds(10), total: limit,
                body: configuration.bodyTimeout))
        request.headers = [.init("accept", "application/json")]
        if let key { request.headers.append(.init("authorization", "Bearer \(key)")) }
        request.authoritiesFile = configuration.authoritiesFile
        request.proxy = configuration.proxy
        return request
    }

    private func result(
        _ body: [UInt8], _ request: EngineRequest, elapsed: Duration
    ) throws(EngineError) -> EngineResult {
        let transcript = try OpenAITranscript.parse(body)
        let segments = try transcript.engineSegments(for: request)
        // Of a translation, servers name the language that it is in.
        let language = request.translate ? request.language : transcript.languageCode ?? request.language
        return EngineResult(
            segments: EngineSegment.transcript(
                segments, request: request, language: request.translate ? "en" : language),
            language: language, elapsed: elapsed)
    }
}
