import Foundation
import Logging
import STTCore
import STTMongo
import STTObjectStore
import STTRedis

/// MongoDB, Redis and the object store.
extension Doctor {
    private static let patience = Duration.seconds(5)

    var mongoCheck: Check {
        Check("MongoDB", limit: .seconds(25)) {
            let database: MongoDatabase
            let state: MongoServerState
            let address: String
            do {
                var configuration = try settings.mongo()
                configuration.timeout = Self.patience
                address = URLText.withoutPassword(configuration.url)
                database = try MongoDatabase(configuration, logger: Self.silent)
                state = try await database.check()
            } catch {
                return [
                    Self.failure("MongoDB", error, hint: "start it, or correct MONGODB_URL (user and password too)")
                ]
            }
            var findings = [Self.version("MongoDB", state.version, least: [4, 4], at: address, state.roundTrip)]
            if !state.isReplicaSet {
                findings.append(
                    .warn(
                        "MongoDB replica set",
                        "it is a single server, so a write that it acknowledged can be lost with it",
                        hint: "run it as a replica set; one of a single member is enough for retryable writes"))
            }
            let offset = state.clockOffset
            if abs(offset.seconds) > 2 {
                findings.append(
                    .warn(
                        "MongoDB clock", "\(offset) away from this machine's",
                        hint: "let both keep time by NTP; leases go by the database's clock, expiry by this one's"))
            }
            findings.append(await Self.writes(to: database))
            return findings
        }
    }

    /// Makes the collections and indexes, as every start does, and writes what it removes again.
    private static func writes(to database: MongoDatabase) async -> Finding {
        let name = "MongoDB permissions"
        do throws(PortError) {
            try await database.prepare()
            let registry = MongoWorkerRegistry(database)
            let probe = WorkerReport(
                id: "doctor-\(OwnerToken())", host: "doctor", pid: Int(getpid()), version: Version.current,
                startedAt: SystemWallClock().now, slotsTotal: 0, engine: "none", model: "none", isMultilingual: false,
                isDraining: true)
            try await registry.report(probe, lifetime: .seconds(1))
            try await registry.remove(probe.id)
            let workers = try await registry.reports().filter { $0.slotsTotal > 0 }.count
            return .ok(name, "indexes made, write and delete allowed; \(workers) workers live")
        } catch {
            return failure(name, error, hint: "give its user the role readWrite on the database")
        }
    }

    var redisCheck: Check {
        Check("Redis", limit: .seconds(25)) {
            let client: RedisClient
            let configuration: RedisConfiguration
            let state: RedisServerState
            do {
                var given = try settings.redis()
                given.connectTimeout = Self.patience
                given.commandTimeout = Self.patience
                // What the probes write must not meet what is at work.
                given.keyPrefix += "-doctor-\(OwnerToken().description.prefix(8))"
                configuration = given
                client = try RedisClient(configuration, logger: Self.silent)
            } catch {
                return [Self.failure("Redis", error, hint: "correct REDIS_URL, or REDIS_HOST and its companions")]
            }
            do throws(PortError) {
                state = try await client.check()
            } catch {
                await client.close()
                let hint = "start it, or correct REDIS_URL or REDIS_HOST, REDIS_PORT, REDIS_PASSWORD"
                return [Self.failure("Redis", error, hint: hint)]
            }
            var findings = [
                Self.version("Redis", state.version, least: [6, 2], at: "\(configuration.address)", state.roundTrip)
            ]
            findings += Self.memory(state)
            findings.append(await Self.commands(client))
            await client.close()
            return findings
        }
    }

    private static func memory(_ state: RedisServerState) -> [Finding] {
        var findings: [Finding] = []
        if state.role == "slave" {
            findings.append(.fail("Redis role", "it is a replica and takes no writes", hint: "name its master"))
        }
        guard state.maximumMemory > 0 else { return findings }
        if state.maximumMemoryPolicy != "noeviction" {
            findings.append(
                .warn(
                    "Redis memory", "maxmemory-policy is \(state.maximumMemoryPolicy), so queue entries can be removed",
                    hint: "set it to noeviction; without it nothing is lost, but work starts late"))
        }
        if state.usedMemory * 10 > state.maximumMemory * 9 {
            findings.append(
                .warn(
                    "Redis memory", "\(state.usedMemory >> 20) of \(state.maximumMemory >> 20) MiB are used",
                    hint: "raise maxmemory"))
        }
        return findings
    }

    /// A turn of the queue and of the event bus.
    private static func commands(_ client: RedisClient) async -> Finding {
        let name = "Redis commands"
        do throws(PortError) {
            let queue = RedisWorkQueue(client, consumer: "doctor", logger: silent)
            let events = RedisEventBus(client, logger: silent)
            let job = JobID(at: SystemWallClock().now)
            let heard = try await events.subscribeToControl()
            try await queue.enqueue([WorkItem(.collect, job: job, tenant: Tenant("doctor"))])
            try await queue.acknowledge(try await queue.next(.housekeeping))
            try await queue.removeEverything()
            try await events.publish(control: .stop(job))
            let isHeard = await TimeLimit.run(.seconds(3)) {
                for await event in heard where event == .stop(job) { return true }
                return false
            }
            guard isHeard == true else {
                return .warn(
                    name, "what is published does not arrive", hint: "let its user subscribe to channels (ACL: &*)")
            }
            return .ok(name, "streams and pub/sub work")
        } catch {
            return failure(
                name, error, hint: "let its user run stream, set, script and pub/sub commands (ACL: +@all ~* &*)")
        }
    }
}

extension Doctor {
    static func failure(_ name: String, _ error: any Error, hint: String) -> Finding {
        let text = (error as? PortError)?.message ?? (error as? StartFailure)?.message ?? "\(error)"
        return .fail(name, text, hint: hint)
    }

    private static func version(
        _ name: String, _ version: String, least: [Int], at address: String, _ roundTrip: Duration
    ) -> Finding {
        let found = "\(version) at \(address), \(ClusterHealth.milliseconds(roundTrip))"
        let numbers = version.split(separator: ".").map { Int($0) ?? 0 }
        guard numbers.lexicographicallyPrecedes(least) else { return .ok(name, found) }
        let text = least.map(String.init).joined(separator: ".")
        return .fail(name, found, hint: "it is too old: \(text) or later is needed")
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
