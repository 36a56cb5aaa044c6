import RPCTransport
import RPCWire
import STTCore

/// Keeps each tenant to its open calls and requests a second.
struct TenantCallLimits: CallInterceptor {
    let ledger: TenantLedger

    func callBegins(_ call: inout CallHead) throws(RPCError) {
        try ledger.callBegins(Tenant(ofCall: call.tenant))
    }

    func callEnded(_ call: CallHead, _ summary: CallSummary) {
        ledger.callEnded(Tenant(ofCall: call.tenant))
    }
}

extension Tenant {
    /// Whom a connection stands for. One without a tenant is the default one's.
    init(ofCall name: String?) {
        self = name.map { Tenant($0) } ?? .default
    }
}
