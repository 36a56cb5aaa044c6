/// State that an object keeps out of line, so that reaching it costs no check for overlapping accesses.
///
/// Swift makes that check at run time for every mutable property of a class; on the path of a frame the checks took as
/// long as the work.
///
/// Concurrency: belongs to one event loop. The owner must not begin an access within another one: each access here is one
/// method call on the value, and none of these calls out.
struct LoopState<Value: ~Copyable>: ~Copyable {
    private let pointer: UnsafeMutablePointer<Value>

    init(_ value: consuming Value) {
        pointer = .allocate(capacity: 1)
        pointer.initialize(to: value)
    }

    deinit {
        pointer.deinitialize(count: 1)
        pointer.deallocate()
    }

    var value: Value {
        @inline(__always) unsafeAddress { UnsafePointer(pointer) }
        @inline(__always) nonmutating unsafeMutableAddress { pointer }
    }
}
