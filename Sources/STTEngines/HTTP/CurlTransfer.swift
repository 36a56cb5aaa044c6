import CCurl

/// The easy handle of one request, with what it points to. Used on one thread.
final class CurlTransfer {
    /// Collects the answer for libcurl's callback.
    private final class Body {
        var bytes: [UInt8] = []
        var isTooLong = false
        let limit: Int

        init(limit: Int) {
            self.limit = limit
        }
    }

    let easy: UnsafeMutableRawPointer
    private var form: OpaquePointer?
    private var headers: UnsafeMutablePointer<curl_slist>?
    private let body: Body

    /// Nil when libcurl has no memory.
    init?(_ request: HTTPRequest) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        body = Body(limit: request.maxResponseBytes)
        var isSet = stt_curl_set_string(easy, CURLOPT_URL, request.url) == CURLE_OK
        let milliseconds = max(1, Int(request.timeLimit / .milliseconds(1)))
        // The server is on this machine: no proxy from the environment, no redirect to elsewhere, no other protocol.
        isSet = isSet && stt_curl_set_string(easy, CURLOPT_PROXY, "") == CURLE_OK
        isSet = isSet && stt_curl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK
        isSet = isSet && stt_curl_set_long(easy, CURLOPT_NOSIGNAL, 1) == CURLE_OK
        isSet = isSet && stt_curl_set_long(easy, CURLOPT_TIMEOUT_MS, milliseconds) == CURLE_OK
        isSet = isSet && setForm(request.fields) && setReceiver()
        guard isSet else { return nil }
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_mime_free(form)
        curl_slist_free_all(headers)
    }

    /// The outcome of a transfer that ended with libcurl's result `code`.
    func result(code: Int32) -> Result<HTTPResponse, HTTPFailure> {
        if body.isTooLong { return .failure(.tooLong) }
        switch CURLcode(rawValue: UInt32(max(0, code))) {
        case CURLE_OK where code >= 0:
            var status = 0
            _ = stt_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
            return .success(HTTPResponse(status: status, body: body.bytes))
        case CURLE_OPERATION_TIMEDOUT: return .failure(.timedOut)
        case CURLE_COULDNT_CONNECT: return .failure(.refused)
        case let other: return .failure(.broken(String(cString: curl_easy_strerror(other))))
        }
    }

    private func setForm(_ fields: [HTTPRequest.Field]) -> Bool {
        guard !fields.isEmpty else { return true }
        guard let form = curl_mime_init(easy) else { return false }
        self.form = form
        for field in fields {
            guard let part = curl_mime_addpart(form) else { return false }
            let isSet = field.content.withUnsafeBytes { bytes in
                curl_mime_data(part, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count) == CURLE_OK
            }
            guard isSet, curl_mime_name(part, field.name) == CURLE_OK else { return false }
            if let fileName = field.fileName, curl_mime_filename(part, fileName) != CURLE_OK { return false }
        }
        // Without this libcurl waits for "100 Continue" before it sends a large form.
        headers = curl_slist_append(nil, "Expect:")
        return stt_curl_set_headers(easy, headers) == CURLE_OK && stt_curl_set_form(easy, form) == CURLE_OK
    }

    private func setReceiver() -> Bool {
        // Unretained: this object keeps the body for as long as the handle exists.
        let context = Unmanaged.passUnretained(body).toOpaque()
        let code = stt_curl_set_write(
            easy,
            { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let body = Unmanaged<Body>.fromOpaque(context).takeUnretainedValue()
                let length = size * count
                guard body.bytes.count + length <= body.limit else {
                    body.isTooLong = true
                    return 0
                }
                body.bytes += UnsafeRawBufferPointer(start: bytes, count: length)
                return length
            }, context)
        return code == CURLE_OK
    }
}
