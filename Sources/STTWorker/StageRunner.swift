import Logging
import STTCore

/// Claims a stage, runs it under its lease, and settles what came of it.
///
/// Concurrency: a value; one per housekeeping slot, or shared.
struct StageRunner: Sendable {
    let ports: WorkerPorts
    let configuration: WorkerConfiguration
    let keeper: LeaseKeeper

    /// What a stage's body needs.
    struct Context: Sendable {
        let job: Job
        let owner: OwnerToken
        let lease: HeldLease
        let logger: Logger
    }

    /// What came of a stage.
    enum Ending {
        case done
        case interrupted(WorkInterruption)
        case failed(JobFailure)
        /// - Parameter isImpeded: Other work would meet the same trouble at the moment.
        case givenBack(isImpeded: Bool)
    }

    /// Returns when the stage is done, given back, or found to be none of ours.
    func run(
        _ stage: JobStage, of id: JobID, logger: Logger,
        _ body: @escaping @Sendable (Context) async throws -> Void
    ) async throws(PortError) -> WorkTaker.Outcome {
        let owner = OwnerToken()
        let sent = ports.time.now
        let claim = try await ports.store.claim(stage, of: id, owner: owner, lease: configuration.leaseDuration)
        guard let job = claim else {
            logger.debug("stage not claimable", metadata: ["stage": "\(stage)"])
            return .handled
        }
        guard case .givenBack(isImpeded: true) = await carryOut(stage, job, owner, sent: sent, logger: logger, body)
        else { return .handled }
        return .impeded
    }

    /// Runs a stage whose lease the owner has.
    /// - Parameter sent: When the claim was sent.
    func carryOut(
        _ stage: JobStage, _ job: Job, _ owner: OwnerToken, sent: Duration, logger: Logger,
        _ body: @escaping @Sendable (Context) async throws -> Void
    ) async -> Ending {
        let id = job.id
        var ending = Ending.done
        await ports.announce(.jobChanged(id), logger: logger)
        do {
            try await keeper.hold(job: id, sent: sent, logger: logger) { () async throws(PortError) in
                try await ports.store.renew(stage, of: id, owner: owner, lease: configuration.leaseDuration)
            } _: { lease in
                if job.stageClaims > configuration.maximumStageClaims { throw PermanentFailure.lostWorkers(stage, job) }
                try await body(Context(job: job, owner: owner, lease: lease, logger: logger))
            }
            logger.info(
                "stage done", metadata: ["stage": "\(stage)", "ms": "\((ports.time.now - sent).milliseconds)"])
        } catch let interruption as WorkInterruption {
            logger.info("stage given up", metadata: ["stage": "\(stage)", "reason": "\(interruption)"])
            await discardSamplesOfEndedJob(id, logger: logger)
            ending = .interrupted(interruption)
        } catch {
            ending = await settle(stage, of: job, owner: owner, error: error, logger: logger)
        }
        await ports.announce(.jobChanged(id), logger: logger)
        return ending
    }

    /// The stage may have been given up because another worker has it, or because the job is over.
    private func discardSamplesOfEndedJob(_ id: JobID, logger: Logger) async {
        do throws(PortError) {
            guard let job = try await ports.store.job(id, tenant: nil), job.state.isTerminal else { return }
            await ports.discard(.samples(of: id), logger: logger)
        } catch {
            // They are removed with the job.
            ports.troubles.note("job not read", error, logger: logger)
        }
    }

    /// Fails the job where trying again cannot help, else gives the stage back.
    private func settle(
        _ stage: JobStage, of job: Job, owner: OwnerToken, error: any Error, logger: Logger
    ) async -> Ending {
        let attempt = AttemptFailure(error)
        if let failure = attempt.failure, isFinal(error) || isExhausted(job, attempt) {
            logger.info("job failed", metadata: ["stage": "\(stage)", "code": "\(failure.code)"])
            await ports.shielded(logger: logger) { () async throws(PortError) in
                _ = try await ports.store.fail(
                    job.id, stage: stage, owner: owner, failure: failure,
                    expiresAt: configuration.expiry(of: job, from: ports.clock.now))
            }
            await ports.announceStop(of: job.id, logger: logger)
            await ports.discard(.samples(of: job.id), logger: logger)
            return .failed(failure)
        }
        let delay = delay(before: job, attempt)
        ports.troubles.note(attempt, "stage attempt failed", metadata: ["stage": "\(stage)"], logger: logger)
        await ports.shielded(logger: logger) { () async throws(PortError) in
            try await ports.store.release(
                stage, of: job.id, owner: owner, failure: attempt.failure, delay: delay,
                chargeAttempt: attempt.isCharged)
            try await ports.queue.enqueue([job.workItem(stage == .prepare ? .prepare : .merge)], delay: delay)
        }
        return .givenBack(isImpeded: attempt.isImpediment)
    }

    private func delay(before job: Job, _ attempt: AttemptFailure) -> Duration {
        guard attempt.failure != nil else { return .zero }
        let backoff = configuration.backoff.delay(attempt: job.stageAttempts + 1)
        // What is not charged does not grow the backoff: a full disk is not to be tried many times a second.
        return attempt.isCharged ? backoff : backoff + .seconds(1)
    }

    private func isExhausted(_ job: Job, _ attempt: AttemptFailure) -> Bool {
        attempt.isCharged && job.stageAttempts + 1 >= configuration.maximumStageAttempts
    }

    private func isFinal(_ error: any Error) -> Bool {
        error is PermanentFailure
    }
}

/// Says that another attempt cannot end otherwise.
struct PermanentFailure: Error, CustomStringConvertible {
    let failure: JobFailure
    var description: String { failure.message }

    /// The job takes its workers down, or they have gone down for other reasons each time that they had it.
    static func lostWorkers(_ stage: JobStage, _ job: Job) -> PermanentFailure {
        PermanentFailure(
            failure: JobFailure(
                code: "worker.lost",
                message: "\(job.stageClaims - 1) workers in a row ended in the stage \"\(stage.rawValue)\" of this job;"
                    + " convert the audio to another format, or look into the daemon's log, before submitting it again")
        )
    }
}

extension WorkerConfiguration {
    /// When a job that ends now may be collected.
    func expiry(of job: Job, from now: Timestamp) -> Timestamp {
        now + (job.options.retentionSeconds.map { .seconds($0) } ?? retention)
    }
}
