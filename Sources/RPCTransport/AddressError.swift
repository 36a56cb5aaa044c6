package import RPCWire

/// Why an address cannot be listened on or reached.
package struct AddressError: Error, Sendable, CustomStringConvertible {
    package let address: ServerAddress
    package let error: SystemError
    package let detail: String?
    /// Trying again is of no use until somebody changes something.
    package let isPermanent: Bool

    package init(
        _ address: ServerAddress, _ error: SystemError, _ detail: String? = nil, isPermanent: Bool = false
    ) {
        self.address = address
        self.error = error
        self.detail = detail
        self.isPermanent = isPermanent
    }

    /// What is wrong, without the address.
    package var reason: String { detail ?? error.reason }

    package var description: String { "\(detail ?? error.reason): \(address.endpoint)" }
}

extension RPCError {
    /// There was no connection because one side refused the other: it will be so until somebody changes something.
    package var isUntrusted: Bool {
        switch cause {
        case let error as AddressError: error.isPermanent
        case let error as ConnectionError: error.reason == .unauthenticated
        default: false
        }
    }
}
