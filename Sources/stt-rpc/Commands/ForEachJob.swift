import STTClient

/// Does a thing for several jobs. One that fails is told and does not keep the others from their turn.
struct ForEachJob {
    let session: Session

    /// - Throws: A ``Failure`` with the status of the first job that failed. With one job, its error.
    func run(_ jobs: [String], _ body: (String) async throws -> Void) async throws {
        var first: Failure?
        for job in jobs {
            do {
                try await body(job)
            } catch let error as Failure.BrokenPipe {
                throw error
            } catch {
                try Task.checkCancellation()
                let failure = Failure(error, server: session.server)
                if jobs.count == 1 { throw failure }
                session.console.error("\(job): \(failure.message)")
                if session.options.json { try session.console.line(.failure(failure, job: job)) }
                first = first ?? failure
                if failure.status == .unreachable { break }
            }
        }
        if let first { throw Failure(first.status, "", code: first.code) }
    }
}
