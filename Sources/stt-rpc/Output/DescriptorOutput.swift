import Glibc

/// Writes all of something to a descriptor.
enum DescriptorOutput {
    /// - Parameter name: What the descriptor is, for the error.
    /// - Throws: `Failure.BrokenPipe`, or ``Failure`` with what is wrong.
    static func write(_ bytes: [UInt8], to descriptor: Int32, name: String) throws {
        try bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written >= 0 {
                    rest = rest.dropFirst(written)
                    continue
                }
                switch errno {
                case EINTR: continue
                case EAGAIN:
                    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&entry, 1, -1)
                case EPIPE: throw Failure.BrokenPipe()
                default: throw Failure(.unexpected, "cannot write to \(name): \(reason(errno))")
                }
            }
        }
    }

    static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
