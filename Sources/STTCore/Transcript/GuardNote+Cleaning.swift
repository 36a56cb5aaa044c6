extension GuardNote {
    static let maximumDetailBytes = 200

    /// The note inside a stretch of time, its detail one clean line.
    func cleaned(within bounds: ClosedRange<Int>) -> GuardNote {
        var note = self
        note.startMilliseconds = startMilliseconds.clamped(to: bounds)
        note.endMilliseconds = max(note.startMilliseconds, endMilliseconds.clamped(to: bounds))
        note.detail = Self.cut(LineText.cleaned(detail))
        return note
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > maximumDetailBytes else { return text }
        var count = 0
        return String(
            text.prefix { character in
                count += character.utf8.count
                return count <= maximumDetailBytes
            })
    }
}
