import CCurl
import Glibc

extension CurlTransfer {
    private static let bufferBytes = 256 << 10

    func setUp(_ request: HTTPRequest) -> CURLcode {
        for (option, text) in [
            (CURLOPT_URL, request.url),
            (CURLOPT_PROXY, request.proxy ?? ""),
            (CURLOPT_PROTOCOLS_STR, "http,https"),
            (CURLOPT_REDIR_PROTOCOLS_STR, "http,https"),
            (CURLOPT_USERAGENT, "stt-rpc"),
        ] {
            let code = stt_curl_set_string(easy, option, text)
            guard code == CURLE_OK else { return code }
        }
        if let file = request.authoritiesFile {
            let code = stt_curl_set_string(easy, CURLOPT_CAINFO, file)
            guard code == CURLE_OK else { return code }
        }
        for (option, value) in [
            (CURLOPT_NOSIGNAL, 1),
            // Pausing one of several streams of an HTTP/2 connection holds up the others.
            (CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)),
            (CURLOPT_DISALLOW_USERNAME_IN_URL, 1),
            (CURLOPT_SSL_VERIFYPEER, 1),
            (CURLOPT_SSL_VERIFYHOST, 2),
            (CURLOPT_BUFFERSIZE, Self.bufferBytes),
            (CURLOPT_UPLOAD_BUFFERSIZE, Self.bufferBytes),
            (CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(request.timeouts.connect)),
            (CURLOPT_TIMEOUT_MS, Self.milliseconds(request.timeouts.total)),
            (CURLOPT_FOLLOWLOCATION, request.maximumRedirects > 0 ? 1 : 0),
            (CURLOPT_MAXREDIRS, request.maximumRedirects),
        ] {
            let code = stt_curl_set_long(easy, option, value)
            guard code == CURLE_OK else { return code }
        }
        for set in [setHeaders, setBody, setReceivers] {
            let code = set(request)
            guard code == CURLE_OK else { return code }
        }
        return addressRule == nil ? CURLE_OK : setAddressCheck()
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        max(1, Int(min(duration / .milliseconds(1), Double(Int32.max))))
    }

    private func setHeaders(_ request: HTTPRequest) -> CURLcode {
        // Without the first libcurl waits for "100 Continue" before it sends a large body.
        var lines = ["Expect:"]
        for header in request.headers { lines.append("\(header.name): \(header.value)") }
        for line in lines {
            guard let list = curl_slist_append(headers, line) else { return CURLE_OUT_OF_MEMORY }
            headers = list
        }
        return stt_curl_set_list(easy, CURLOPT_HTTPHEADER, headers)
    }

    private func setBody(_ request: HTTPRequest) -> CURLcode {
        switch request.body {
        case .none where request.method == "HEAD":
            return stt_curl_set_long(easy, CURLOPT_NOBODY, 1)
        case .none:
            guard request.method != "GET" else { return CURLE_OK }
            return stt_curl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
        case .bytes(let bytes):
            return setUpload(request.method, count: bytes.count)
        case .form(let fields):
            return setForm(fields)
        }
    }

    private func setUpload(_ method: String, count: Int) -> CURLcode {
        var code = stt_curl_set_long(easy, CURLOPT_UPLOAD, 1)
        if code == CURLE_OK { code = stt_curl_set_string(easy, CURLOPT_CUSTOMREQUEST, method) }
        if code == CURLE_OK { code = stt_curl_set_offset(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(count)) }
        guard code == CURLE_OK else { return code }
        return stt_curl_set_read(
            easy,
            { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                return CurlTransfer.transfer(context).send(into: .init(start: bytes, count: size * count))
            },
            { context, offset, origin in
                guard let context, origin == SEEK_SET else { return CURL_SEEKFUNC_FAIL }
                return CurlTransfer.transfer(context).rewind(to: Int(offset)) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
            }, context)
    }

    private func setForm(_ fields: [HTTPRequest.Field]) -> CURLcode {
        guard let form = curl_mime_init(easy) else { return CURLE_OUT_OF_MEMORY }
        self.form = form
        for field in fields {
            guard let part = curl_mime_addpart(form) else { return CURLE_OUT_OF_MEMORY }
            var code = field.content.withUnsafeBytes { bytes in
                curl_mime_data(part, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
            }
            if code == CURLE_OK { code = curl_mime_name(part, field.name) }
            if code == CURLE_OK, let fileName = field.fileName { code = curl_mime_filename(part, fileName) }
            if code == CURLE_OK, let type = field.contentType { code = curl_mime_type(part, type) }
            guard code == CURLE_OK else { return code }
        }
        return stt_curl_set_form(easy, form)
    }

    private func setReceivers(_ request: HTTPRequest) -> CURLcode {
        var code = stt_curl_set_write(
            easy,
            { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let isTaken = CurlTransfer.transfer(context).received(.init(start: bytes, count: size * count))
                return isTaken ? size * count : Int(CURL_WRITEFUNC_PAUSE)
            }, context)
        if code == CURLE_OK {
            code = stt_curl_set_header(
                easy,
                { bytes, size, count, context in
                    guard let bytes, let context else { return 0 }
                    let isTaken = CurlTransfer.transfer(context).receivedHeader(
                        .init(start: bytes, count: size * count))
                    return isTaken ? size * count : 0
                }, context)
        }
        if code == CURLE_OK {
            code = stt_curl_set_progress(
                easy,
                { context, _, received, _, sent in
                    if let context { CurlTransfer.transfer(context).moved(received + sent) }
                    return 0
                }, context)
        }
        return code
    }

    /// Sees the address itself, after every look-up and redirect: what a name stood for before does not matter.
    private func setAddressCheck() -> CURLcode {
        stt_curl_set_open_socket(
            easy,
            { context, purpose, address in
                guard let context, let address, purpose == CURLSOCKTYPE_IPCXN else { return CURL_SOCKET_BAD }
                let transfer = CurlTransfer.transfer(context)
                let found = withUnsafePointer(to: &address.pointee.addr) {
                    IPAddress($0, length: Int(address.pointee.addrlen))
                }
                guard let found, transfer.addressRule?(found) ?? true else {
                    transfer.refusedAddress = found ?? .unspecified
                    return CURL_SOCKET_BAD
                }
                transfer.refusedAddress = nil
                return socket(
                    address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
                    address.pointee.protocol)
            }, context)
    }

    /// Unretained: libcurl calls back only while this object keeps the handle.
    private var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    private static func transfer(_ context: UnsafeMutableRawPointer) -> CurlTransfer {
        Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    }
}
