/// How much memory unpacking one message may take.
///
/// protobuf-c has no limit of its own: two bytes on the wire can become a struct of a hundred. The budget is a multiple
/// of the encoded size plus a slack that lets small messages with many nested ones through. It bounds the memory that
/// lives until ``ProtoMessage/decode(_:)`` returns.
package enum ProtoDecodingBudget {
    static let factor = 16
    static let slackBytes = 64 * 1024

    static func bytes(forMessageOf size: Int) -> Int { size * factor + slackBytes }
}
