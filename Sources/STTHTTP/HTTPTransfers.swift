import CCurl

/// The transfers of a reactor: those that run, and those that wait for their turn. Used on its thread.
struct HTTPTransfers {
    private static let longestPollMilliseconds = 1_000

    private let multi: UnsafeMutableRawPointer
    private let limit: Int
    private let addressRule: HTTPClient.AddressRule?
    private var waiting: [HTTPExchange] = []
    private var running: [ObjectIdentifier: CurlTransfer] = [:]

    init(multi: UnsafeMutableRawPointer, limit: Int, addressRule: HTTPClient.AddressRule?) {
        self.multi = multi
        self.limit = limit
        self.addressRule = addressRule
    }

    mutating func enqueue(_ exchange: HTTPExchange) {
        waiting.append(exchange)
    }

    func resume(_ exchange: HTTPExchange) {
        running[ObjectIdentifier(exchange)]?.resume()
    }

    mutating func remove(_ exchange: HTTPExchange) {
        waiting.removeAll { $0 === exchange }
        end(ObjectIdentifier(exchange), .failure(.cancelled))
    }

    mutating func removeAll() {
        for exchange in waiting { exchange.finish(.failure(.cancelled)) }
        waiting = []
        for id in Array(running.keys) { end(id, .failure(.cancelled)) }
    }

    /// Starts whose turn it is, moves all transfers on and ends those that are done or have stalled.
    mutating func advance() {
        startWaiting()
        var count: Int32 = 0
        let code = curl_multi_perform(multi, &count)
        if code != CURLM_OK {
            for id in Array(running.keys) { end(id, .failure(.noResources)) }
        }
        var result = CURLE_OK
        while let easy = stt_curl_multi_next_result(multi, &result) {
            guard let (id, transfer) = running.first(where: { $0.value.easy == easy }) else { continue }
            end(id, transfer.result(of: result))
        }
        let now = ContinuousClock.now
        for (id, transfer) in running where transfer.timeLeft(at: now) <= .zero {
            end(id, .failure(.stalled))
        }
        // What has ended made room.
        startWaiting()
    }

    var millisecondsToNextStall: Int32 {
        let now = ContinuousClock.now
        let left = running.values.map { $0.timeLeft(at: now) / .milliseconds(1) }.min() ?? .infinity
        return Int32(max(1, min(left.rounded(.up), Double(Self.longestPollMilliseconds))))
    }

    private mutating func startWaiting() {
        while running.count < limit, !waiting.isEmpty {
            let exchange = waiting.removeFirst()
            guard let transfer = CurlTransfer(exchange, addressRule: addressRule) else {
                exchange.finish(.failure(.noResources))
                continue
            }
            guard curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else {
                exchange.finish(.failure(.noResources))
                continue
            }
            running[ObjectIdentifier(exchange)] = transfer
        }
    }

    private mutating func end(_ id: ObjectIdentifier, _ result: Result<Void, HTTPFailure>) {
        guard let transfer = running.removeValue(forKey: id) else { return }
        curl_multi_remove_handle(multi, transfer.easy)
        transfer.finish(result)
    }
}
