// swift-tools-version: 6.2
import PackageDescription

// Every target is built in the Swift 6 language mode (the default of tools version 6) with warnings as errors.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")

// It is built with -sanitize=fuzzer and nothing else is, so it exists for scripts/fuzz.sh only.
let fuzzTargets: [Target] =
    Context.environment["STT_FUZZ"] == "1"
    ? [
        .executableTarget(
            name: "stt-fuzz", dependencies: ["FuzzBodies"], path: "Tests/Fuzz/Driver",
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])])
    ] : []

let package = Package(
    name: "stt-rpc",
    products: [
        .library(name: "STTClient", targets: ["STTClient"]),
        .executable(name: "stt-rpc", targets: ["stt-rpc"]),
        .executable(name: "stt-rpcd", targets: ["stt-rpcd"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // System libraries: a module map and one header each.
        .systemLibrary(name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
        // No pkg-config for libcurl and hiredis: SwiftPM refuses flags in their files with a warning on every build.
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CMongoC", pkgConfig: "libmongoc-1.0", providers: [.apt(["libmongoc-dev"])]),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CSndFile", pkgConfig: "sndfile", providers: [.apt(["libsndfile1-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSoxr", pkgConfig: "soxr", providers: [.apt(["libsoxr-dev"])]),

        // C that Swift cannot import, the generated protobuf-c code, and its allocator.
        .target(name: "CLinuxShim"),
        .target(name: "CSTTProto", dependencies: ["CProtobufC"]),
        .target(name: "CProtoArena", dependencies: ["CProtobufC"]),

        // The RPC layer.
        .target(name: "STTProto", dependencies: ["CSTTProto", "CProtoArena", "CProtobufC"], swiftSettings: strict),
        .target(name: "RPCWire", dependencies: ["STTProto", collections], swiftSettings: strict),
        .target(
            name: "RPCTransport", dependencies: ["RPCWire", "CLinuxShim", collections, log], swiftSettings: strict),
        .target(name: "RPCTLS", dependencies: ["RPCTransport", "COpenSSL", log], swiftSettings: strict),
        .target(
            name: "RPCServer", dependencies: ["RPCTransport", "RPCTLS", "RPCWire", "STTProto", log],
            swiftSettings: strict),
        .target(
            name: "RPCClient", dependencies: ["RPCTransport", "RPCTLS", "RPCWire", "STTProto", collections, log],
            swiftSettings: strict),

        // The domain and the adapters of its ports.
        .target(name: "STTCore", swiftSettings: strict),
        .target(name: "STTBlocking", dependencies: [collections], swiftSettings: strict),
        .target(name: "STTHTTP", dependencies: ["CCurl", "STTBlocking", log], swiftSettings: strict),
        .target(
            name: "STTMongo", dependencies: ["STTCore", "STTBlocking", "CMongoC", log], swiftSettings: strict),
        .target(
            name: "STTRedis", dependencies: ["STTCore", "STTProto", "CHiredis", "CLinuxShim", collections, log],
            swiftSettings: strict),
        .target(
            name: "STTObjectStore", dependencies: ["STTCore", "STTBlocking", "STTHTTP", "COpenSSL", log],
            swiftSettings: strict),
        .target(
            name: "STTEmbedded",
            dependencies: [
                "STTCore", "STTBlocking", "CLinuxShim", collections, log, .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict),

        // The audio pipeline, the engines and the worker.
        .target(name: "STTProcess", dependencies: ["CLinuxShim", log], swiftSettings: strict),
        .target(
            name: "STTAudio", dependencies: ["STTCore", "STTProcess", "CSndFile", "CSoxr", log],
            swiftSettings: strict),
        .target(
            name: "STTEngines", dependencies: ["STTCore", "STTProcess", "STTHTTP", log],
            swiftSettings: strict),
        .target(name: "STTWorker", dependencies: ["STTCore", "STTAudio", "STTEngines", log], swiftSettings: strict),
        .target(
            name: "STTService",
            dependencies: ["STTCore", "RPCServer", "RPCTransport", "RPCWire", "STTProto", "COpenSSL", log],
            swiftSettings: strict),

        // The client library and the two programs.
        .target(name: "STTClient", dependencies: ["RPCClient", "STTProto", log], swiftSettings: strict),
        .executableTarget(
            name: "stt-rpc",
            dependencies: [
                "STTClient", "STTProto", log,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "stt-rpcd",
            dependencies: [
                "STTCore", "STTEmbedded", "STTMongo", "STTRedis", "STTObjectStore", "STTAudio", "STTEngines",
                "STTProcess", "STTWorker",
                "STTService", "RPCServer", "RPCTLS", "RPCTransport", log,
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),

        // Benchmarks: `make bench`.
        .executableTarget(
            name: "orchestration-benchmark",
            dependencies: [
                "STTCore", "STTEmbedded", "STTMongo", "STTRedis", "STTObjectStore", "STTAudio", "STTWorker", log,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/orchestration", exclude: ["README.md", "run"], swiftSettings: strict),
        .executableTarget(
            name: "rpc-benchmark",
            dependencies: [
                "RPCServer", "RPCClient", "STTProto", "STTClient", "STTCore", "STTEmbedded", "STTService", log,
            ],
            path: "Benchmarks/rpc/swift", swiftSettings: strict),

        .executableTarget(
            name: "decoding-benchmark", dependencies: ["STTAudio"], path: "Benchmarks/decoding/swift",
            swiftSettings: strict),

        // Test support and tests.
        .target(
            name: "STTTestKit", dependencies: ["STTCore", "STTProcess", "RPCTransport", log], path: "Tests/STTTestKit",
            swiftSettings: strict),
        .testTarget(name: "RPCWireTests", dependencies: ["RPCWire", "STTProto"], swiftSettings: strict),
        // What the fuzzers run, and what was found and covered by them, as tests: `make fuzz`.
        .target(
            name: "FuzzBodies", dependencies: ["RPCWire", "STTProto", "STTCore", "STTMongo", "STTObjectStore"],
            path: "Tests/FuzzBodies", swiftSettings: strict),
        .testTarget(name: "FuzzRegressionTests", dependencies: ["FuzzBodies"], swiftSettings: strict),
        .testTarget(
            name: "RPCTransportTests", dependencies: ["RPCTransport", "RPCServer", "RPCClient", "STTTestKit"],
            swiftSettings: strict),
        // The documented rules as byte vectors, against this implementation and the clients in other languages.
        .testTarget(
            name: "ConformanceTests",
            dependencies: ["RPCWire", "RPCTransport", "RPCServer", "RPCClient", "STTProto", "STTTestKit", log],
            exclude: ["vectors"], swiftSettings: strict),
        .testTarget(
            name: "RPCTLSTests",
            dependencies: ["RPCTLS", "RPCTransport", "RPCServer", "RPCClient", "STTProto", "STTTestKit", log],
            swiftSettings: strict),
        // Attacks on a server in a process of its own.
        .executableTarget(
            name: "rpc-target", dependencies: ["RPCServer", "STTProto", log], path: "Tests/RPCTarget",
            swiftSettings: strict),
        .testTarget(
            name: "HostileTests",
            dependencies: [
                "rpc-target", "RPCWire", "RPCTransport", "RPCClient", "STTProto", "STTProcess", "STTRig", "STTTestKit",
                "STTClient", "stt-rpcd", log,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "RollingRestartTests",
            dependencies: ["STTRig", "STTClient", "STTCore", "STTTestKit", "stt-rpc", "stt-rpcd", log],
            swiftSettings: strict),
        .testTarget(name: "STTCoreTests", dependencies: ["STTCore", "STTTestKit"], swiftSettings: strict),
        .testTarget(
            name: "PortContractTests",
            dependencies: ["STTEmbedded", "STTMongo", "STTRedis", "STTObjectStore", "STTTestKit", log],
            swiftSettings: strict),
        .testTarget(name: "STTMongoTests", dependencies: ["STTMongo", "STTTestKit", log], swiftSettings: strict),
        .testTarget(name: "STTRedisTests", dependencies: ["STTRedis", "STTTestKit", log], swiftSettings: strict),
        .testTarget(
            name: "STTObjectStoreTests", dependencies: ["STTObjectStore", "STTHTTP", "STTTestKit", log],
            swiftSettings: strict),
        .testTarget(
            name: "DaemonTests",
            dependencies: [
                "stt-rpcd", "stt-rpc", "STTCore", "STTMongo", "STTRedis", "STTObjectStore", "STTProcess", "STTService",
                "STTTestKit",
                "STTWorker",
                log,
            ],
            swiftSettings: strict),
        .testTarget(name: "STTAudioTests", dependencies: ["STTAudio", "STTTestKit"], swiftSettings: strict),
        .testTarget(
            name: "STTEnginesTests",
            dependencies: ["STTEngines", "STTHTTP", "STTProcess", "STTCore", "STTTestKit", log],
            swiftSettings: strict),
        .testTarget(
            name: "STTWorkerTests", dependencies: ["STTWorker", "STTEmbedded", "STTTestKit"],
            swiftSettings: strict),
        .testTarget(
            name: "STTClientTests",
            dependencies: ["STTClient", "STTProto", "RPCServer", "RPCClient", "STTTestKit", "stt-rpc", log],
            swiftSettings: strict),
        .testTarget(
            name: "STTServiceTests",
            dependencies: [
                "STTService", "STTEmbedded", "STTTestKit", "RPCServer", "RPCTransport", "RPCClient", "STTProto", log,
            ],
            swiftSettings: strict),
        .target(
            name: "STTRig",
            dependencies: [
                "STTClient", "STTProto", "STTProcess", "STTTestKit", "STTCore", "STTMongo", "STTRedis",
                "STTObjectStore", log,
            ],
            path: "Tests/STTRig", exclude: ["Python"], swiftSettings: strict),
        .testTarget(
            name: "IntegrationTests",
            dependencies: ["STTRig", "STTClient", "STTProto", "STTProcess", "STTTestKit", "stt-rpc", "stt-rpcd"],
            swiftSettings: strict),
        // What is heard: codecs, damaged files, silence and noise, times, scaling.
        .testTarget(
            name: "SpeechTests",
            dependencies: ["STTRig", "STTClient", "STTProto", "STTAudio", "STTProcess", "STTTestKit", "stt-rpcd"],
            swiftSettings: strict),
        .testTarget(
            name: "ClusterTests",
            dependencies: [
                "STTRig", "STTClient", "STTCore", "STTMongo", "STTRedis", "STTTestKit", "stt-rpc", "stt-rpcd", log,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "FaultTests",
            dependencies: ["STTRig", "STTClient", "STTCore", "STTRedis", "STTTestKit", "stt-rpc", "stt-rpcd", log],
            swiftSettings: strict),
    ] + fuzzTargets
)

// STT_TESTS="A B" leaves only these test targets: a build with a sanitizer takes long enough without the others.
if let only = Context.environment["STT_TESTS"]?.split(separator: " ").map(String.init) {
    package.targets.removeAll { $0.type == .test && !only.contains($0.name) }
}
