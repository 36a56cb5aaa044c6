/// The name a file had at the client's, for messages.
struct FileName: Sendable {
    /// How a sentence about the file starts.
    let subject: String
    /// Lower-case letters and digits behind the last dot; may be empty.
    let suffix: String

    init(_ hint: String?) {
        let base = (hint ?? "").split(separator: "/").last.map(String.init) ?? ""
        let printable = String(
            base.unicodeScalars.filter { $0.properties.generalCategory != .control }.prefix(100).map(Character.init))
        subject = printable.isEmpty ? "The file" : "'\(printable)'"
        let parts = printable.split(separator: ".", omittingEmptySubsequences: false)
        let last = parts.count > 1 ? parts.last.map { $0.lowercased() } ?? "" : ""
        suffix = last.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) } ? last : ""
    }
}
