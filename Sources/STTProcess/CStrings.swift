import Glibc

/// Calls `body` with a null-terminated array of C strings, valid during the call.
///
/// A string with a NUL byte in it ends there, as it would in any program's arguments.
func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var bytes: [CChar] = []
    var offsets: [Int] = []
    for string in strings {
        offsets.append(bytes.count)
        bytes += string.utf8CString
    }
    return bytes.withUnsafeMutableBufferPointer { buffer in
        var pointers: [UnsafeMutablePointer<CChar>?] = offsets.map { offset in
            buffer.baseAddress.map { $0 + offset }
        }
        pointers.append(nil)
        return pointers.withUnsafeBufferPointer { pointers in
            // The array has the terminating null at least, so it has an address.
            guard let base = pointers.baseAddress else {
                preconditionFailure("an array that is not empty has an address")
            }
            return body(base)
        }
    }
}

/// Calls `body` with `string` as a C string, or with null.
func withOptionalCString<Result>(_ string: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let string else { return body(nil) }
    return string.withCString { body($0) }
}

/// This process's environment as "NAME=value" strings.
func inheritedEnvironment() -> [String] {
    var strings: [String] = []
    var entry = environ
    while let string = entry.pointee {
        strings.append(String(cString: string))
        entry += 1
    }
    return strings
}
