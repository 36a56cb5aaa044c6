internal import CLinuxShim
internal import Glibc

/// Threads of our own, for what must not hold up Swift's cooperative pool.
enum RedisThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `body` on a detached thread that takes no signals.
    /// - Returns: Whether it could be started.
    static func start(_ name: StaticString, _ body: @escaping @Sendable () -> Void) -> Bool {
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let context = Unmanaged.passRetained(
            Body {
                name.withUTF8Buffer { text in
                    text.withMemoryRebound(to: CChar.self) { stt_process_prepare_thread($0.baseAddress) }
                }
                body()
            })
        let code = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        if code != 0 { context.release() }
        return code == 0
    }
}
