/// Why the daemon cannot start, and what to do. Ends it with exit code 3.
struct StartFailure: Error {
    var message: String
}
