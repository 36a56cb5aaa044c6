/// Constants of version 1 of the protocol.
package enum WireProtocol {
    /// The first bytes of a client. The first is no ASCII, and the line ends in it show a transport that changes them.
    package static let preface: [UInt8] = [0x89, 0x53, 0x54, 0x54, 0x0D, 0x0A, 0x1A, 0x0A]
    package static let version: UInt32 = 1
    package static let maxStreamID: UInt32 = 0x7FFF_FFFF

    /// The largest payload of each control frame, in bytes. DATA's is negotiated.
    package static func maxPayload(_ type: FrameType, maxFrameBytes: Int) -> Int {
        switch type {
        case .hello: 4 * 1024
        case .call: 16 * 1024
        case .data: maxFrameBytes
        case .end: 32 * 1024
        case .cancel, .goAway: 4 * 1024
        case .window: 16
        case .ping: 8
        }
    }

    /// The most fields of a CALL, metadata entries among them. Those of a longer one than `shortCall` bytes are counted
    /// before it is decoded, which takes time for each.
    package static let maxCallFields = 256
    static let shortCall = 1024
    /// The most entries of a CALL's metadata.
    package static let maxMetadataEntries = 128
    /// What an open call counts for in memory, besides its messages: somewhat more than it was measured to take.
    package static let idleStreamBytes = 2 * 1024
    /// The largest payload of an ignorable frame of unknown type.
    package static let maxUnknownPayload = 16 * 1024
    /// The most details and message bytes that an END carries.
    package static let maxDetailsBytes = 16 * 1024
    package static let maxStatusMessageBytes = 2 * 1024
}
