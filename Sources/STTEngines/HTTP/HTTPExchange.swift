import CCurl
import Glibc
import Synchronization

/// One HTTP request and its answer, by libcurl.
///
/// Concurrency: libcurl runs on a thread of its own for the time of the exchange, so the cooperative pool never waits for
/// a socket; there is one at a time for each engine. The multi handle is reached by other threads only for
/// `curl_multi_wakeup`, which libcurl allows, and only under the mutex, which the owner takes before it frees the handle.
final class HTTPExchange: Sendable {
    private struct Handle: @unchecked Sendable {
        /// Protected by the mutex of the exchange; see above.
        let multi: UnsafeMutableRawPointer
    }

    private struct State {
        var isCancelled = false
        var handle: Handle?
    }

    private let request: HTTPRequest
    private let state = Mutex(State())

    init(_ request: HTTPRequest) {
        self.request = request
    }

    /// Makes the exchange. Called once.
    func run() async -> Result<HTTPResponse, HTTPFailure> {
        await withCheckedContinuation { continuation in
            let isStarted = DetachedThread.start { continuation.resume(returning: self.perform()) }
            if !isStarted { continuation.resume(returning: .failure(.noResources)) }
        }
    }

    /// Ends the exchange at once, now or when it starts.
    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            if let handle = state.handle { curl_multi_wakeup(handle.multi) }
        }
    }

    private var isCancelled: Bool { state.withLock { $0.isCancelled } }

    private func perform() -> Result<HTTPResponse, HTTPFailure> {
        guard CurlLibrary.isReady, let multi = curl_multi_init() else { return .failure(.noResources) }
        let handle = Handle(multi: multi)
        state.withLock { $0.handle = handle }
        defer {
            state.withLock { $0.handle = nil }
            curl_multi_cleanup(multi)
        }
        guard let transfer = CurlTransfer(request) else { return .failure(.noResources) }
        guard curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else { return .failure(.noResources) }
        defer { curl_multi_remove_handle(multi, transfer.easy) }
        while !isCancelled {
            var running: Int32 = 0
            guard curl_multi_perform(multi, &running) == CURLM_OK else { return .failure(.noResources) }
            if running == 0 { return transfer.result(code: stt_curl_multi_result(multi)) }
            // Woken by the socket, by libcurl's own timers and by cancel().
            guard curl_multi_poll(multi, nil, 0, 1_000, nil) == CURLM_OK else { return .failure(.noResources) }
        }
        return .failure(.cancelled)
    }
}

/// libcurl's process-wide set-up.
private enum CurlLibrary {
    static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}
