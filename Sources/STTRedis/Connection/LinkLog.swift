internal import Logging
internal import STTCore

/// Logs the outages of one connection: the beginning and the end of each, once.
struct LinkLog {
    /// A connection that breaks again and again is reported no more often than this.
    private static let interval = Duration.seconds(30)

    private let logger: Logger
    private var isOutageLogged = false
    private var last: ContinuousClock.Instant?

    init(_ logger: Logger) {
        self.logger = logger
    }

    mutating func opened() {
        if isOutageLogged {
            logger.info("connected to Redis again")
        } else {
            logger.debug("connected to Redis")
        }
        isOutageLogged = false
    }

    mutating func lost(_ error: PortError, now: ContinuousClock.Instant) {
        guard !isOutageLogged else { return }
        if let last, last + Self.interval > now { return }
        isOutageLogged = true
        last = now
        logger.warning("no connection to Redis; trying again", metadata: ["error": "\(error)"])
    }
}
