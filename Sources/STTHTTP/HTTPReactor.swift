import CCurl
import Synchronization

/// Runs libcurl's transfers on one thread.
///
/// Concurrency: the multi handle and the transfers belong to that thread. Other threads put commands into the inbox and
/// wake it; `curl_multi_wakeup` may be called from any thread, and is called under the inbox's mutex only, which the
/// owner takes before it frees the handle.
final class HTTPReactor: Sendable {
    private enum Command {
        case start(HTTPExchange)
        case resume(HTTPExchange)
        case cancel(HTTPExchange)
    }

    private struct Handle: @unchecked Sendable {
        /// Used as the reactor's doc comment says.
        let multi: UnsafeMutableRawPointer
    }

    private struct Inbox {
        var commands: [Command] = []
        var isStopping = false
        /// `nil` once the thread has freed it.
        var handle: Handle?
    }

    private let inbox: Mutex<Inbox>
    private let maximumTransfers: Int
    private let addressRule: HTTPClient.AddressRule?

    init(maximumTransfers: Int, addressRule: HTTPClient.AddressRule?) throws(HTTPFailure) {
        guard CurlLibrary.isReady, let multi = curl_multi_init() else { throw .noResources }
        self.maximumTransfers = maximumTransfers
        self.addressRule = addressRule
        let handle = Handle(multi: multi)
        inbox = Mutex(Inbox(handle: handle))
        _ = stt_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, maximumTransfers)
        guard DetachedThread.start({ self.run(handle) }) else {
            curl_multi_cleanup(multi)
            throw .noResources
        }
    }

    func start(_ exchange: HTTPExchange) { post(.start(exchange)) }
    func resume(_ exchange: HTTPExchange) { post(.resume(exchange)) }
    /// One that has ended already is left as it is.
    func cancel(_ exchange: HTTPExchange) {
        exchange.finish(.failure(.cancelled))
        post(.cancel(exchange))
    }

    func stop() {
        inbox.withLock { inbox in
            inbox.isStopping = true
            if let handle = inbox.handle { curl_multi_wakeup(handle.multi) }
        }
    }

    private func post(_ command: Command) {
        inbox.withLock { inbox in
            inbox.commands.append(command)
            if let handle = inbox.handle { curl_multi_wakeup(handle.multi) }
        }
    }

    private func run(_ handle: Handle) {
        var transfers = HTTPTransfers(multi: handle.multi, limit: maximumTransfers, addressRule: addressRule)
        while true {
            let (commands, isStopping) = inbox.withLock { inbox in
                defer { inbox.commands = [] }
                return (inbox.commands, inbox.isStopping)
            }
            if isStopping { break }
            for command in commands {
                switch command {
                case .start(let exchange): transfers.enqueue(exchange)
                case .resume(let exchange): transfers.resume(exchange)
                case .cancel(let exchange): transfers.remove(exchange)
                }
            }
            transfers.advance()
            // Woken by the sockets, by libcurl's own timers and by commands.
            curl_multi_poll(handle.multi, nil, 0, transfers.millisecondsToNextStall, nil)
        }
        transfers.removeAll()
        inbox.withLock { $0.handle = nil }
        curl_multi_cleanup(handle.multi)
    }
}

/// libcurl's process-wide set-up.
enum CurlLibrary {
    static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}
