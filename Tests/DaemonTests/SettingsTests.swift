import Foundation
import STTCore
import STTMongo
import STTObjectStore
import STTRedis
import Testing

@testable import stt_rpcd

@Suite struct SettingsTests {
    private let folder = TestFolder()

    private func settings(
        _ given: GivenSettings = [:], environment: [String: String] = [:], env: String? = nil, file: String? = nil,
        for commands: Set<CommandName> = [.standalone, .serve, .work]
    ) throws -> Settings {
        let envPath = try folder.write(env ?? "", to: "env")
        var sources: GivenSettings = [.envFile: envPath]
        if let file { sources = sources.merging([.config: try folder.write(file, to: "config.json")]) }
        return try Settings(arguments: sources.merging(given), environment: environment, for: commands)
    }

    private func message(
        _ given: GivenSettings = [:], environment: [String: String] = [:], env: String? = nil, file: String? = nil
    ) -> String? {
        do {
            _ = try settings(given, environment: environment, env: env, file: file)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func `Flags win over the environment, that over the .env file, that over the JSON file, that over defaults`()
        throws
    {
        let file = #"{"engine": {"slots": 5, "threads": 5, "beamSize": 5}, "jobs": {"maxJobs": 5}}"#
        let env = "STT_SLOTS=4\nSTT_THREADS=4\nSTT_BEAM_SIZE=4\n"
        let environment = ["STT_SLOTS": "3", "STT_THREADS": "3"]
        let settings = try settings([.slots: "2"], environment: environment, env: env, file: file)
        #expect(settings.integer(.slots) == 2)
        #expect(settings.integer(.threads) == 3)
        #expect(settings.integer(.beamSize) == 4)
        #expect(settings.integer(.maxJobs) == 5)
        #expect(settings.integer(.chunkAttempts) == 3)
        #expect(settings.entries[.slots]?.source == .commandLine)
        #expect(settings.entries[.threads]?.source == .environment)
        #expect(settings.entries[.beamSize]?.source == .envFile(path: folder.file("env")))
        #expect(settings.entries[.maxJobs]?.source == .file(path: folder.file("config.json")))
        #expect(settings.entries[.chunkAttempts] == nil)
    }

    @Test func `Every kind of value is read from the JSON file`() throws {
        let settings = try settings(
            file: """
                {"listen": ["127.0.0.1:1", "unix:/tmp/s"], "data": "d", "graceSeconds": 1.5, "logLevel": "debug",
                 "jobs": {"acceptTruncated": true, "maxJobs": 7}, "s3": {"endpoint": null}}
                """)
        #expect(settings.list(.listen) == ["127.0.0.1:1", "unix:/tmp/s"])
        #expect(settings.text(.data) == "d")
        #expect(settings.number(.graceSeconds) == 1.5)
        #expect(settings.text(.logLevel) == "debug")
        #expect(settings.isOn(.acceptTruncated))
        #expect(settings.integer(.maxJobs) == 7)
        #expect(!settings.isSet(.s3Endpoint))
    }

    @Test func `A flag can turn off what the environment turns on`() throws {
        let settings = try settings([.s3CreateBucket: "false"], environment: ["S3_CREATE_BUCKET": "1"])
        #expect(!settings.isOn(.s3CreateBucket))
    }

    @Test func `A .env file may quote, export and comment, and an empty value is none`() throws {
        let settings = try settings(
            env: """
                # comment
                export STT_SLOTS="6" # six

                REDIS_PASSWORD='a=b #c'
                STT_THREADS=
                STT_BEAM_SIZE = 2 # two
                S3_SECRET_KEY=a#b"c
                """)
        #expect(settings.integer(.slots) == 6)
        #expect(settings.text(.redisPassword) == "a=b #c")
        #expect(!settings.isSet(.threads))
        #expect(settings.integer(.beamSize) == 2)
        #expect(settings.text(.s3SecretKey) == "a#b\"c")
    }

    @Test func `The names of Amazon's own tools are read where nothing else is set`() throws {
        let amazon = [
            "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c", "AWS_REGION": "eu-west-1",
        ]
        let settings = try settings(environment: amazon, env: "S3_ACCESS_KEY=mine\nS3_BUCKET=b")
        #expect(settings.text(.s3AccessKey) == "mine")
        let configuration = try settings.s3()
        #expect(configuration.secretKey == "b")
        #expect(configuration.sessionToken == "c")
        #expect(configuration.region == "eu-west-1")
        #expect(settings.entries[.s3SecretKey]?.name == "AWS_SECRET_ACCESS_KEY")
    }

    @Test(arguments: [
        ("STT_SLOTS", "abc", #"STT_SLOTS in the environment is "abc"; it must be a whole number, 1 to 64"#),
        ("STT_SLOTS", "65", #"STT_SLOTS in the environment is "65"; it must be a whole number, 1 to 64"#),
        (
            "STT_RETENTION_HOURS", "0",
            #"STT_RETENTION_HOURS in the environment is "0"; it must be above 0 and at most 87600"#
        ),
        ("STT_GRACE_SECONDS", "nan", #"STT_GRACE_SECONDS in the environment is "nan"; it must be 0 to 3600"#),
        (
            "STT_ACCEPT_TRUNCATED", "maybe",
            #"STT_ACCEPT_TRUNCATED in the environment is "maybe"; it must be true or false"#
        ),
        ("S3_ADDRESSING", "odd", #"S3_ADDRESSING in the environment is "odd"; it must be path or virtual-host"#),
        (
            "REDIS_PORT", "tcp://10.0.0.1:6379",
            #"REDIS_PORT in the environment is "tcp://10.0.0.1:6379"; it must be a whole number, 1 to 65535"#
        ),
    ])
    func `A value that cannot be is refused in one line with its name, source and range`(
        variable: String, value: String, expected: String
    ) {
        #expect(message(environment: [variable: value]) == expected)
    }

    @Test func `A value that cannot be is named as its source names it`() {
        #expect(message([.slots: "0"]) == #"--slots is "0"; it must be a whole number, 1 to 64"#)
        let env = folder.file("env")
        #expect(message(env: "STT_SLOTS=x") == "STT_SLOTS in \(env) is \"x\"; it must be a whole number, 1 to 64")
        #expect(message(env: "what") == "line 1 of \(env) is not NAME=value")
        let file = folder.file("config.json")
        #expect(
            message(file: #"{"engine": {"slots": 65}}"#)
                == "engine.slots in \(file) is \"65\"; it must be a whole number, 1 to 64")
        #expect(
            message(file: #"{"engine": {"slots": true}}"#)
                == "engine.slots in \(file) cannot be used; it must be a whole number, 1 to 64")
        #expect(message(file: #"{"engine": {"slots": 1.5}}"#)?.hasPrefix("engine.slots in \(file)") == true)
    }

    @Test(arguments: [
        #"{"engine": {"slot": 1}}"#, #"{"engine.slot": 1}"#, #"{"a": 1}"#, #"{"config": "x"}"#, #"{"s3": 1}"#,
    ])
    func `A key of the JSON file that is no setting is refused`(file: String) {
        let message = message(file: file)
        #expect(message?.hasSuffix("is no setting; docs/CONFIGURATION.md lists them") == true, "\(message ?? "none")")
    }

    @Test(arguments: ["{", "[]", "", "3"])
    func `A file that is no JSON object is refused by its name`(file: String) {
        #expect(message(file: file)?.contains(folder.file("config.json")) == true)
    }

    @Test func `A file that is named and not there is refused`() {
        let none = folder.file("none")
        #expect(message([.config: none]) == "cannot read \(none): No such file or directory")
        #expect(message([.envFile: none]) == "cannot read \(none): No such file or directory")
    }

    @Test func `An unknown variable of the service in a .env file is told, and does no harm`() throws {
        let settings = try settings(env: "STT_SLOT=3\nOTHER=1\nSTT_SERVER=x\n")
        #expect(
            settings.warnings == ["STT_SLOT in \(folder.file("env")) is no setting; docs/CONFIGURATION.md lists them"])
    }

    @Test func `What a command does not read cannot stop it`() throws {
        let settings = try settings(environment: ["REDIS_PORT": "tcp://10.0.0.1:6379"], for: [.standalone])
        #expect(settings.integer(.redisPort) == 6379)
    }

    @Test func `No message has the value of a secret`() throws {
        let secret = "geheim-\(UUID().uuidString)"
        let urls = ["MONGODB_URL": "postgres://u:\(secret)@h", "REDIS_URL": "http://u:\(secret)@h"]
        for (variable, url) in urls {
            let settings = try settings(environment: [variable: url])
            do {
                _ = try settings.mongo()
                _ = try settings.redis()
                Issue.record("\(variable) was accepted")
            } catch {
                #expect(!"\(error)".contains(secret))
                #expect("\(error)".contains(variable))
            }
        }
        for setting in Setting.all where setting.secrecy == .secret {
            #expect(setting.flag == nil, "\(setting.key) can be read by others on the command line")
            #expect(setting.shown(.text(secret)) == "(set)")
            #expect(
                message(file: "{\"\(setting.key)\": \"\(secret)\", \"\(setting.key.prefix(2))\": 1}")?.contains(secret)
                    != true)
        }
    }

    @Test(arguments: [
        ("mongodb://user:pass@host:27017/db", "mongodb://user:***@host:27017/db"),
        ("mongodb://host:27017/?authSource=x", "mongodb://host:27017/?…"),
        ("redis://:pa@ss@host", "redis://:***@host"),
        ("unix:///run/redis.sock?password=pass", "unix:///run/redis.sock?…"),
        ("user:pass@host", "(set)"),
    ])
    func `A URL is shown without its password`(url: String, shown: String) {
        #expect(Setting.redisURL.shown(.text(url)) == shown)
    }

    @Test func `A URL of Redis wins over its parts, and what is not read is told`() throws {
        let settings = try settings(
            environment: ["REDIS_URL": "redis://:p@10.0.0.1:7000/3", "REDIS_HOST": "other", "REDIS_KEY_PREFIX": "k"])
        let redis = try settings.redis()
        #expect(redis.address == .tcp(host: "10.0.0.1", port: 7000))
        #expect(redis.password == "p")
        #expect(redis.database == 3)
        #expect(redis.keyPrefix == "k")
        #expect(settings.warnings == ["REDIS_HOST in the environment is not read, because REDIS_URL is set"])
    }

    @Test func `Values that contradict each other are refused`() throws {
        let pools = ["MONGODB_MIN_POOL_SIZE": "20", "MONGODB_MAX_POOL_SIZE": "5"]
        #expect(throws: SettingsError.self) { try settings(environment: pools).mongo() }
        #expect(throws: SettingsError.self) {
            try settings(environment: ["STT_LEASE_SECONDS": "10", "STT_RENEW_SECONDS": "9"]).workerConfiguration()
        }
        #expect(throws: SettingsError.self) { try settings(environment: ["STT_LISTEN": "nowhere"]).addresses() }
        #expect(throws: SettingsError.self) { try settings(environment: ["STT_IMPORT_PREFIX": "../up"]).importPrefix() }
    }

    @Test func `What has to be set and is not is named with what sets it`() throws {
        let error = #expect(throws: SettingsError.self) { try settings().s3() }
        #expect(error?.description == "no s3.bucket: give --s3-bucket or set S3_BUCKET")
        let secret = #expect(throws: SettingsError.self) {
            try settings(environment: ["S3_BUCKET": "b", "S3_ACCESS_KEY": "a"]).s3()
        }
        #expect(secret?.description == "no s3.secretKey: set S3_SECRET_KEY")
    }

    @Test func `Import prefixes are object keys, and can be turned off`() throws {
        #expect(try settings().importPrefix()?.description == "imports")
        #expect(try settings(environment: ["STT_IMPORT_PREFIX": "a/b/"]).importPrefix()?.description == "a/b")
        #expect(try settings(environment: ["STT_IMPORT_PREFIX": "none"]).importPrefix() == nil)
    }
}
