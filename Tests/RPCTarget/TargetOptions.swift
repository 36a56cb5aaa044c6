import RPCServer

/// Limits of the server, as flags: `--stall-timeout 500`. Times are in milliseconds.
struct TargetOptions {
    private(set) var configuration = RPCServerConfiguration()

    init(_ arguments: ArraySlice<String>) {
        var rest = arguments
        while let flag = rest.popFirst(), let text = rest.popFirst(), let value = Int(text) { set(flag, value) }
    }

    private mutating func set(_ flag: String, _ value: Int) {
        let time = Duration.milliseconds(value)
        switch flag {
        case "--hello-timeout": configuration.connection.helloTimeout = time
        case "--frame-timeout": configuration.connection.frameTimeout = time
        case "--stall-timeout": configuration.connection.stallTimeout = time
        case "--idle-timeout": configuration.connection.idleTimeout = time
        case "--max-connections": configuration.maxConnections = value
        case "--max-per-address": configuration.maxConnectionsPerAddress = value
        case "--max-streams": configuration.connection.limits.maxStreams = value
        case "--waiting-replies": configuration.connection.waitingReplyBytes = value
        case "--max-held": configuration.connection.limits.maxHeldBytes = value
        case "--window": configuration.connection.limits.initialWindowBytes = value
        case "--max-buffered": configuration.maxBufferedBytes = value
        case "--loops": configuration.eventLoops = value
        default: break
        }
    }
}
