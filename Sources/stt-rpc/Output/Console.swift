import Glibc
import Synchronization

/// Standard output and standard error, with a live line at the bottom of a terminal.
///
/// Concurrency: the live line and the order of writes are behind one mutex.
final class Console: Sendable {
    let isOutputTerminal: Bool
    let isErrorTerminal: Bool
    /// Whether standard error, and standard output where it is a terminal, may be coloured.
    let hasColours: Bool
    private let liveLine = Mutex<String?>(nil)

    init() {
        isOutputTerminal = isatty(STDOUT_FILENO) == 1
        isErrorTerminal = isatty(STDERR_FILENO) == 1
        let forbids = GlobalOptions.environment("NO_COLOR").map { !$0.isEmpty } ?? false
        hasColours = !forbids && GlobalOptions.environment("TERM") != "dumb"
    }

    /// Writes to standard output, at once.
    ///
    /// - Throws: `Failure.BrokenPipe` where the reader is gone, ``Failure`` where the bytes cannot be written.
    func output(_ text: String) throws {
        try output(bytes: Array(text.utf8))
    }

    func output(bytes: [UInt8]) throws {
        guard !bytes.isEmpty else { return }
        try liveLine.withLock { live in
            let shares = isOutputTerminal && live != nil
            if shares { erase() }
            try write(bytes, to: STDOUT_FILENO)
            if shares, bytes.last == UInt8(ascii: "\n"), let live { draw(live) }
        }
    }

    /// Writes one line to standard output.
    func line(_ text: String) throws { try output(text + "\n") }

    func line(_ json: JSON) throws { try output(json.text + "\n") }

    /// Writes to standard error, above the live line. What cannot be written there has nowhere else to go.
    func note(_ text: String, terminator: String = "\n") {
        liveLine.withLock { live in
            if live != nil { erase() }
            try? write(Array((text + terminator).utf8), to: STDERR_FILENO)
            if let live { draw(live) }
        }
    }

    func warning(_ text: String) { note("stt-rpc: \(colour("warning:", "33")) \(text)") }

    func error(_ text: String) { note("stt-rpc: \(colour("error:", "31")) \(text)") }

    /// Shows a line at the bottom of the terminal that the next one replaces; `nil` takes it away. Does nothing where
    /// standard error is no terminal.
    func live(_ text: String?) {
        guard isErrorTerminal else { return }
        liveLine.withLock { live in
            if text == live { return }
            if live != nil { erase() }
            live = text
            if let text { draw(text) }
        }
    }

    /// Bold on a terminal, for standard output.
    func bold(_ text: String) -> String {
        isOutputTerminal && hasColours ? "\u{1B}[1m\(text)\u{1B}[0m" : text
    }

    private func colour(_ text: String, _ code: String) -> String {
        isErrorTerminal && hasColours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    private func draw(_ text: String) {
        try? write(Array(text.prefix(max(10, width - 1)).utf8), to: STDERR_FILENO)
    }

    private func erase() {
        try? write(Array("\r\u{1B}[K".utf8), to: STDERR_FILENO)
    }

    private var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32) throws {
        try DescriptorOutput.write(bytes, to: descriptor, name: "standard output")
    }
}
