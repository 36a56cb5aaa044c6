import STTHTTP

/// Requests to servers on this machine, all on one thread.
enum EngineHTTP {
    /// More than there are engines in one process.
    private static let maximumConnections = 1_024
    private static let maximumAnswerBytes = 16 << 20
    private static let client = Result { () throws(HTTPFailure) in
        try HTTPClient(maximumConnections: maximumConnections)
    }

    /// Makes a request; a multipart form is posted where there are fields. Ends at once when the task is cancelled.
    static func exchange(
        _ url: String, fields: [HTTPRequest.Field] = [], timeLimit: Duration
    ) async -> Result<HTTPResponse, HTTPFailure> {
        // A server thinks in silence for as long as it may. It is killed at will, so no connection is kept to it.
        let request = HTTPRequest(
            fields.isEmpty ? "GET" : "POST", url, headers: [.init("connection", "close")],
            body: fields.isEmpty ? .none : .form(fields),
            timeouts: HTTPTimeouts(connect: timeLimit, stall: timeLimit + .seconds(10), total: timeLimit))
        do throws(HTTPFailure) {
            return .success(try await client.get().send(request, maximumBytes: maximumAnswerBytes))
        } catch {
            return .failure(error)
        }
    }
}
