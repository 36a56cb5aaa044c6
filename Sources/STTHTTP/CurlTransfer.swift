import CCurl
import Glibc

/// The easy handle of one request, with what it points to. Used on the reactor's thread.
final class CurlTransfer {
    private static let maximumHeaderBytes = 64 << 10

    let easy: UnsafeMutableRawPointer
    let exchange: HTTPExchange
    let addressRule: HTTPClient.AddressRule?
    var refusedAddress: IPAddress?
    /// Freed with the handle, as libcurl copies neither.
    var headers: UnsafeMutablePointer<curl_slist>?
    var form: OpaquePointer?
    private var sent = 0
    private var isPaused = false
    private var lastProgress = ContinuousClock.now
    private var movedBytes: curl_off_t = 0
    private var answerHeaders: [HTTPRequest.Header] = []
    private var answerHeaderBytes = 0
    private var hasStatus = false
    private var hasHead = false
    private var bodyStart: ContinuousClock.Instant?

    /// Nil when libcurl has no memory.
    init?(_ exchange: HTTPExchange, addressRule: HTTPClient.AddressRule?) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        self.exchange = exchange
        self.addressRule = addressRule
        guard setUp(exchange.request) == CURLE_OK else { return nil }
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_mime_free(form)
        curl_slist_free_all(headers)
    }

    /// How long the connection may still stand still.
    func timeLeft(at now: ContinuousClock.Instant) -> Duration {
        if isPaused { return .seconds(3_600) }
        let timeouts = exchange.request.timeouts
        let left = timeouts.stall - (now - lastProgress)
        guard let bodyStart, let limit = timeouts.body else { return left }
        return min(left, limit - (now - bodyStart))
    }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        lastProgress = .now
        curl_easy_pause(easy, CURLPAUSE_CONT)
    }

    func finish(_ result: Result<Void, HTTPFailure>) {
        if case .success = result { publishHead() }
        exchange.finish(result)
    }

    /// The one place where libcurl's results become failures.
    func result(of code: CURLcode) -> Result<Void, HTTPFailure> {
        if let refusedAddress { return .failure(.addressRefused("\(refusedAddress)")) }
        let reason = String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_OK: return .success(())
        case CURLE_OPERATION_TIMEDOUT where !isConnected: return .failure(.unreachable)
        case CURLE_OPERATION_TIMEDOUT: return .failure(.timedOut)
        case CURLE_COULDNT_CONNECT: return .failure(.refused)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: return .failure(.unresolved)
        case CURLE_TOO_MANY_REDIRECTS: return .failure(.tooManyRedirects)
        case CURLE_URL_MALFORMAT: return .failure(.invalidURL("the URL is malformed"))
        // Of an answer that is not HTTP, or of a redirect to another scheme.
        case CURLE_UNSUPPORTED_PROTOCOL where !hasStatus: return .failure(.broken("what came is not HTTP"))
        case CURLE_UNSUPPORTED_PROTOCOL: return .failure(.invalidURL("only http and https are supported"))
        case CURLE_LOGIN_DENIED: return .failure(.invalidURL("a URL with a user name or password is refused"))
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ISSUER_ERROR:
            return .failure(.tls(reason))
        case CURLE_OUT_OF_MEMORY: return .failure(.noResources)
        default: return .failure(.broken(reason))
        }
    }

    // Called by libcurl, through the functions of CurlTransfer+Setup.

    func received(_ bytes: UnsafeRawBufferPointer) -> Bool {
        publishHead()
        lastProgress = .now
        isPaused = !exchange.put(bytes)
        return !isPaused
    }

    func receivedHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lastProgress = .now
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // The answer before was a redirect or "100 Continue".
            hasStatus = true
            answerHeaders = []
            answerHeaderBytes = 0
            return true
        }
        answerHeaderBytes += bytes.count
        guard answerHeaderBytes <= Self.maximumHeaderBytes else { return false }
        if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...]
            answerHeaders.append(.init(line[..<colon].lowercased(), Self.trimmed(value)))
        }
        return true
    }

    func send(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        lastProgress = .now
        guard case .bytes(let body) = exchange.request.body, sent < body.count else { return 0 }
        let count = min(buffer.count, body.count - sent)
        body.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[sent..<sent + count])) }
        sent += count
        return count
    }

    func rewind(to offset: Int) -> Bool {
        guard case .bytes(let body) = exchange.request.body, (0...body.count).contains(offset) else { return false }
        sent = offset
        return true
    }

    /// Of a form libcurl sends the bytes itself.
    func moved(_ bytes: curl_off_t) {
        guard bytes != movedBytes else { return }
        movedBytes = bytes
        lastProgress = .now
    }

    private func publishHead() {
        guard !hasHead else { return }
        hasHead = true
        bodyStart = .now
        var status = 0
        _ = stt_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        var url: UnsafePointer<CChar>?
        _ = stt_curl_get_string(easy, CURLINFO_EFFECTIVE_URL, &url)
        exchange.setHead(
            HTTPHead(status: status, headers: answerHeaders, url: url.map { String(cString: $0) } ?? ""))
    }

    /// Whether a connection stood, new or kept.
    private var isConnected: Bool {
        var microseconds: curl_off_t = 0
        _ = stt_curl_get_offset(easy, CURLINFO_PRETRANSFER_TIME_T, &microseconds)
        return microseconds > 0
    }

    private static func trimmed(_ text: Substring) -> String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
        return String(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
