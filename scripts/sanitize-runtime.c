// Tells ThreadSanitizer what happens before what in two parts of Swift's runtime, which is not instrumented. Without it the
// sanitizer reports races that are none. Preloaded by sanitize.sh. For Swift 6 on Linux: the layouts below are its ABI.
//
// - Synchronization.Mutex: a lock that nobody holds is taken in instrumented code, but one that is waited for in the library.
// - A continuation that is resumed before its task awaits it. The runtime tells the sanitizer that it was resumed, and that a
//   task that was suspended runs again, but this task is never suspended: it goes on at once, and nobody says so. An unsafe
//   continuation is awaited by our code, a checked one within the library's function that makes it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define ASYNC __attribute__((swiftasynccall))
#define CONTEXT __attribute__((swift_async_context))
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

// Not there in a process without the sanitizer.
extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

typedef SWIFT void lock_function(uint32_t thread, SELF void *mutex);
typedef SWIFT void unlock_function(SELF void *mutex);
typedef ASYNC void resume_function(CONTEXT void *context);

// The begin of a ContinuationAsyncContext.
struct continuation {
    void *parent;
    resume_function *resume;
    size_t flags;
};
#define SWITCHES_EXECUTOR 2

typedef ASYNC void await_function(struct continuation *);
typedef SWIFT void *current_function(void);

static lock_function *next_lock;
static unlock_function *next_unlock;
static await_function *next_await;
static current_function *current_task;

__attribute__((constructor)) static void find_next(void) {
    next_lock = (lock_function *)dlsym(RTLD_NEXT, LOCK);
    next_unlock = (unlock_function *)dlsym(RTLD_NEXT, UNLOCK);
    next_await = (await_function *)dlsym(RTLD_NEXT, "swift_continuation_await");
    current_task = (current_function *)dlsym(RTLD_NEXT, "swift_task_getCurrent");
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

// What the context of the continuation that this thread awaits was to call. A task that is suspended is not resumed through
// its context, so this is called before the thread awaits another one, or not at all.
static _Thread_local resume_function *awaited;

static ASYNC void resumed_before(CONTEXT void *context) {
    // The runtime has released the task.
    __tsan_acquire(current_task());
    ((struct continuation *)context)->resume = awaited;
    __attribute__((musttail)) return awaited(context);
}

ASYNC void swift_continuation_await(struct continuation *continuation) {
    // Where the executor may be switched, it may go on in another thread.
    if (__tsan_acquire && !(continuation->flags & SWITCHES_EXECUTOR)) {
        awaited = continuation->resume;
        continuation->resume = resumed_before;
    }
    __attribute__((musttail)) return next_await(continuation);
}

// The library's functions that await: where one returns, its task has acquired what it released. Their callers make room for
// the function's own context, as much as its descriptor (`...Tu`) says: ours says more, for a word of our own at the end.
#define OWN 480
#define DESCRIPTOR(name, hidden) \
    __asm__(".set " hidden ", \"" name "\"\n.pushsection .rodata\n.balign 8\n.globl \"" name "Tu\"\n.type \"" name \
            "Tu\", @object\n.size \"" name "Tu\", 8\n\"" name "Tu\":\n.long " hidden " - .\n.long 512\n.popsection\n")

struct context {
    void *parent;
    resume_function *resume;
    char own[OWN];
    resume_function *resume_caller;
};

struct descriptor {
    int32_t function;
    uint32_t size;
};

typedef ASYNC void waited_function(CONTEXT void *context, SELF void *error);
typedef ASYNC void checked_function(
    void *result, void *isolation, void *isolation_type, uint64_t text, void *text_object, void *body, void *body_context,
    void *type, CONTEXT struct context *context);
typedef ASYNC void next_function(
    void *result, void *isolation, void *isolation_type, CONTEXT struct context *context, SELF void *iterator);

static ASYNC void has_waited(CONTEXT void *context, SELF void *error) {
    if (__tsan_acquire) __tsan_acquire(current_task());
    struct context *made = context;
    made->resume = made->resume_caller;
    __attribute__((musttail)) return ((waited_function *)made->resume)(context, error);
}

static void comes_back(struct context *context) {
    context->resume_caller = context->resume;
    context->resume = (resume_function *)has_waited;
}

static void *library_function(const char *descriptor) {
    struct descriptor *found = dlsym(RTLD_NEXT, descriptor);
    if (!found) return NULL;
    if (found->size > OWN) abort();
    return (char *)&found->function + found->function;
}

#define CHECKED "$ss23withCheckedContinuation9isolation8function_xScA_pSgYi_SSyScCyxs5NeverOGXEtYalF"
#define CHECKED_THROWING "$ss31withCheckedThrowingContinuation9isolation8function_xScA_pSgYi_SSyScCyxs5Error_pGXEtYaKlF"
#define STREAM_NEXT "$sScS8IteratorV4next9isolationxSgScA_pSgYi_tYaF"

static checked_function *next_checked;
static checked_function *next_checked_throwing;
static next_function *next_stream_next;

__attribute__((constructor)) static void find_functions(void) {
    next_checked = (checked_function *)library_function(CHECKED "Tu");
    next_checked_throwing = (checked_function *)library_function(CHECKED_THROWING "Tu");
    next_stream_next = (next_function *)library_function(STREAM_NEXT "Tu");
}

#define CHECKED_FUNCTION(name, function) \
    DESCRIPTOR(name, #function "_here"); \
    checked_function function __asm__(name); \
    ASYNC void function( \
        void *result, void *isolation, void *isolation_type, uint64_t text, void *text_object, void *body, \
        void *body_context, void *type, CONTEXT struct context *context) { \
        comes_back(context); \
        __attribute__((musttail)) return next_##function( \
            result, isolation, isolation_type, text, text_object, body, body_context, type, context); \
    }

// withCheckedContinuation(isolation:function:_:)
CHECKED_FUNCTION(CHECKED, checked)
// withCheckedThrowingContinuation(isolation:function:_:)
CHECKED_FUNCTION(CHECKED_THROWING, checked_throwing)

// AsyncStream.Iterator.next(isolation:)
DESCRIPTOR(STREAM_NEXT, "stream_next_here");
next_function stream_next __asm__(STREAM_NEXT);
ASYNC void stream_next(
    void *result, void *isolation, void *isolation_type, CONTEXT struct context *context, SELF void *iterator) {
    comes_back(context);
    __attribute__((musttail)) return next_stream_next(result, isolation, isolation_type, context, iterator);
}
