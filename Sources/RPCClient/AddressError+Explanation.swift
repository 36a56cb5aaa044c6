internal import RPCTransport

#if canImport(Glibc)
    internal import Glibc
#endif

extension AddressError {
    /// What is wrong and what to look at, for the person who made the call.
    func explanation(after timeout: Duration) -> String {
        let endpoint = address.endpoint
        if isPermanent { return "\(endpoint): \(reason)" }
        switch error.code {
        case ECONNREFUSED: return "connection refused: nothing listens on \(endpoint); is stt-rpcd running?"
        case ENOENT: return "no such socket: \(endpoint); is stt-rpcd running?"
        case EACCES, EPERM: return "permission denied: \(endpoint); the socket belongs to another user"
        case ETIMEDOUT: return "no answer from \(endpoint) within \(timeout)"
        default: return "\(reason): \(endpoint)"
        }
    }
}
