import Logging
import RPCWire
import STTCore
import STTProto

/// The end of a recording that is cut while it is received.
extension AudioIntake {
    /// Gives the job its audio, which is durable by now.
    func finish(_ early: any EarlyRecording, with job: Job) async throws -> Receipt {
        switch try await received(early, job) {
        case .received(let job):
            early.complete()
            var logger = context.logger
            logger[metadataKey: "job"] = "\(job.id)"
            logger.info("audio complete", metadata: ["tenant": "\(job.tenant)", "bytes": "\(job.audio.byteCount)"])
            await publish(.jobChanged(job.id))
            return Receipt(job: job, isExisting: false)
        case .keyTaken(let other):
            await remove(early)
            return try receipt(of: other, for: job)
        case .lost(let ended):
            await early.abandon()
            await removeAudio()
            throw RPCError.ended(early.job.id, ended)
        }
    }

    /// A repetition does no harm. Where the answer stays out, the job is left to what the store has made of it.
    private func received(_ early: any EarlyRecording, _ job: Job) async throws -> AudioReceipt {
        var pauses = Self.insertionPauses.makeIterator()
        while true {
            do throws(PortError) {
                return try await context.store.finishReceiving(
                    job.id, owner: early.owner, audio: job.audio, idempotencyKey: job.idempotencyKey)
            } catch {
                guard error.code == .unavailable else { throw error }
                context.logger.warning(
                    "not known whether the job has its audio", metadata: ["job": "\(id)", "error": "\(error)"])
                guard let pause = pauses.next(), (try? await Task.sleep(for: pause)) != nil else { throw error }
            }
        }
    }

    /// Ends the job of an upload that broke off, and removes it with all that it has. What somebody else has ended stays.
    func remove(_ early: any EarlyRecording) async {
        await early.abandon()
        let (id, owner, context) = (early.job.id, early.owner, context)
        // The call that the upload belongs to may be cancelled; this is done all the same.
        await Task {
            do throws(PortError) {
                let failed = try await context.store.fail(
                    id, stage: .prepare, owner: owner, failure: .uploadBrokenOff,
                    expiresAt: context.clock.now + context.retention)
                guard let failed else { return }
                context.logger.info("upload broke off, job removed", metadata: ["job": "\(id)"])
                await publish(control: .stop(id))
                await context.uploadBrokeOff(failed)
                await publish(.jobChanged(id))
                _ = try await context.store.markDeleted(id, tenant: nil)
                try await context.queue.enqueue([WorkItem(.collect, job: id, tenant: failed.tenant)])
            } catch {
                context.logger.warning(
                    "job of a broken upload left to the workers", metadata: ["job": "\(id)", "error": "\(error)"])
            }
        }.value
    }

    private func publish(_ event: JobEvent) async {
        do throws(PortError) {
            try await context.events.publish(event)
        } catch {
            context.logger.warning("event not published", metadata: ["job": "\(id)", "error": "\(error)"])
        }
    }

    private func publish(control event: ControlEvent) async {
        do throws(PortError) {
            try await context.events.publish(control: event)
        } catch {
            context.logger.warning("stop not published", metadata: ["job": "\(id)", "error": "\(error)"])
        }
    }
}

extension RPCError {
    /// A job ended while its audio was still being received.
    /// - Parameter job: As it is now; `nil` where it is gone.
    static func ended(_ id: JobID, _ job: Job?) -> RPCError {
        switch job?.state {
        case .failed:
            let failure = job?.failure ?? .uploadBrokenOff
            return failure == .uploadBrokenOff ? lost(id) : .refusing(failure)
        case .cancelled, nil:
            let message = "job \(id) was cancelled while it was being uploaded"
            return RPCError(
                .cancelled, message, details: (try? JobError(code: "job.cancelled", message: message).encode()) ?? [])
        default: return lost(id)
        }
    }

    private static func lost(_ id: JobID) -> RPCError {
        RPCError(
            .unavailable, "the server could not hold on to job \(id) during the upload; send it again",
            retryAfter: .seconds(1))
    }
}
