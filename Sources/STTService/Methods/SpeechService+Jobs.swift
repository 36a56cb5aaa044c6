import Logging
import RPCServer
import STTCore
import STTProto

extension SpeechService {
    /// Gives the encoded reply, which all who ask share.
    func status(_ request: StatusRequest, _ call: CallContext) async throws -> SharedBytes {
        try await reading(request.jobID, call).status.get()
    }

    func cancel(_ request: CancelRequest, _ call: CallContext) async throws -> JobStatus {
        let id = try jobID(request.jobID)
        // The expiry depends on the job's own retention, which never changes.
        let job = try await job(request.jobID, call)
        let retention = job.options.retentionSeconds.map { Duration.seconds($0) } ?? context.retention
        let issued = readings.instant
        let outcome = try await context.store.cancel(
            id, tenant: tenant(of: call), expiresAt: context.clock.now + retention)
        switch outcome {
        case .cancelled(let job):
            readings.wrote(job, issued: issued)
            context.logger.info("job cancelled", metadata: ["job": "\(id)", "call": "\(call.callID)"])
            await announceEnd(of: id)
            return JobStatus(job)
        case .alreadyEnded(let job) where job.state == .cancelled:
            readings.noticed(job, asOf: issued)
            return JobStatus(job)
        case .alreadyEnded(let job):
            readings.noticed(job, asOf: issued)
            throw RPCError(.failedPrecondition, "job \(id) is \(job.state.rawValue) already and cannot be cancelled")
        case .notFound:
            throw unknown(id)
        }
    }

    func list(_ request: ListRequest, _ call: CallContext) async throws -> ListReply {
        guard (0...1000).contains(request.pageSize) else {
            throw RPCError(.invalidArgument, "the page size is \(request.pageSize); it must be 1 to 1000")
        }
        let limit = request.pageSize == 0 ? 100 : request.pageSize
        var query = JobQuery(tenant: tenant(of: call), limit: limit + 1)
        query.states = try Set(
            request.states.compactMap { state in
                if state == .uploading { return nil }
                guard let state = JobState(state) else {
                    throw RPCError(.invalidArgument, "a state to list by is not known to this server")
                }
                return state
            })
        if query.states.isEmpty, !request.states.isEmpty { return ListReply() }
        if !request.pageToken.isEmpty {
            guard let before = JobID(request.pageToken) else {
                throw RPCError(.invalidArgument, "the page token is not one that List gave out")
            }
            query.before = before
        }
        let asOf = readings.instant
        let jobs = try await context.store.jobs(query)
        let page = jobs.prefix(limit)
        for job in page { readings.noticed(job, asOf: asOf) }
        return ListReply(
            jobs: page.map { JobStatus($0) },
            nextPageToken: jobs.count > limit ? page.last?.id.description ?? "" : "")
    }

    func delete(_ request: DeleteRequest, _ call: CallContext) async throws -> DeleteReply {
        let id = try jobID(request.jobID)
        let issued = readings.instant
        switch try await context.store.markDeleted(id, tenant: tenant(of: call)) {
        case .deleted(let job):
            readings.deleted(id)
            do {
                try await context.queue.enqueue([
                    WorkItem(.collect, job: id, tenant: job.tenant, priority: job.priority)
                ])
            } catch {
                context.logger.warning(
                    "not enqueued, left to the reconciler", metadata: ["job": "\(id)", "error": "\(error)"])
            }
            return DeleteReply()
        case .notEnded(let job):
            readings.noticed(job, asOf: issued)
            throw RPCError(.failedPrecondition, "job \(id) is \(job.state.rawValue); cancel it before deleting it")
        case .notFound:
            throw unknown(id)
        }
    }

    /// Tells streams and workers at once; those that miss it find out by themselves.
    private func announceEnd(of id: JobID) async {
        do {
            try await context.events.publish(control: .stop(id))
            try await context.events.publish(.jobChanged(id))
        } catch {
            context.logger.warning("end not published", metadata: ["job": "\(id)", "error": "\(error)"])
        }
    }
}
