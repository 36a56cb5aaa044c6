// Tells ThreadSanitizer of Synchronization.Mutex. A lock that nobody holds is taken in instrumented code, but one that is
// waited for, in the library, which is not instrumented: the sanitizer then misses that the last owner's writes came before,
// and reports a race. Preloaded by sanitize.sh.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

// Not there in a process without the sanitizer.
extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

typedef SWIFT void lock_function(uint32_t thread, SELF void *mutex);
typedef SWIFT void unlock_function(SELF void *mutex);

static lock_function *next_lock;
static unlock_function *next_unlock;

__attribute__((constructor)) static void find_next(void) {
    next_lock = (lock_function *)dlsym(RTLD_NEXT, LOCK);
    next_unlock = (unlock_function *)dlsym(RTLD_NEXT, UNLOCK);
}

// _MutexHandle._lockSlow(_:)
SWIFT void lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT void lock_slow(uint32_t thread, SELF void *mutex) {
    next_lock(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

// _MutexHandle._unlockSlow()
SWIFT void unlock_slow(SELF void *mutex) __asm__(UNLOCK);
SWIFT void unlock_slow(SELF void *mutex) {
    if (__tsan_release) __tsan_release(mutex);
    next_unlock(mutex);
}
