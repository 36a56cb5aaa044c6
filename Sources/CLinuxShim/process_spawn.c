#define _GNU_SOURCE
#include "process_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    int step;
    int error;
} spawn_failure;

// Everything from here to exec runs in the child, in a copy of a process of many threads: async-signal-safe calls only.

static _Noreturn void fail(int report, int step) {
    const spawn_failure failure = {step, errno};
    ssize_t written;
    do {
        written = write(report, &failure, sizeof failure);
    } while (written < 0 && errno == EINTR);
    _exit(127);
}

/// A copy of the descriptor above the standard three, so that placing those cannot overwrite it.
static int lift(int descriptor) {
    if (descriptor < 0) return open("/dev/null", O_RDWR | O_CLOEXEC);
    if (descriptor > STDERR_FILENO) return descriptor;
    return fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

static void close_others_on_exec(void) {
    if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
    struct rlimit limit;
    int end = 65536;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1048576) end = (int)limit.rlim_cur;
    for (int descriptor = STDERR_FILENO + 1; descriptor < end; descriptor++) fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

/// Asks the kernel directly: sigaction(3) refuses the signals that the C library uses itself, and those can be ignored too.
static void reset_dispositions(void) {
    static const struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        unsigned long mask;
    } standard;
    for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, &standard, NULL, sizeof standard.mask);
}

static _Noreturn void become(const stt_process_request *request, pid_t parent, int report) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail(report, STT_PROCESS_STEP_PREPARE);
    // The parent may have died before the line above took effect.
    if (getppid() != parent) _exit(127);
    if (setpgid(0, 0) != 0) fail(report, STT_PROCESS_STEP_PREPARE);

    reset_dispositions();

    report = lift(report);
    const int input = lift(request->input);
    const int output = lift(request->output);
    const int error_output = lift(request->error_output);
    if (report < 0 || input < 0 || output < 0 || error_output < 0) fail(report, STT_PROCESS_STEP_PREPARE);
    if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(error_output, STDERR_FILENO) < 0)
        fail(report, STT_PROCESS_STEP_PREPARE);
    close_others_on_exec();

    if (request->working_directory && chdir(request->working_directory) != 0) fail(report, STT_PROCESS_STEP_DIRECTORY);

    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(request->path, request->arguments, request->environment);
    fail(report, STT_PROCESS_STEP_EXECUTE);
}

// From here on in the parent.

static stt_process_result failed(int step, int error) {
    const stt_process_result result = {-1, -1, step, error};
    return result;
}

static void reap(pid_t child) {
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
}

stt_process_result stt_process_spawn(const stt_process_request *request) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return failed(STT_PROCESS_STEP_PREPARE, errno);

    // No handler of this program may run in the child before exec, so signals stay blocked across fork.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) become(request, parent, report[1]);
    const int fork_error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (child < 0) {
        close(report[0]);
        return failed(STT_PROCESS_STEP_PREPARE, fork_error);
    }

    spawn_failure failure = {STT_PROCESS_STEP_NONE, 0};
    ssize_t count;
    do {
        count = read(report[0], &failure, sizeof failure);
    } while (count < 0 && errno == EINTR);
    close(report[0]);
    if (count != 0) {
        reap(child);
        return count == sizeof failure ? failed(failure.step, failure.error) : failed(STT_PROCESS_STEP_PREPARE, EIO);
    }

    // The child is not reaped yet, so its number cannot mean another process.
    const int descriptor = pidfd_open(child, 0);
    if (descriptor < 0) {
        const int error = errno;
        kill(-child, SIGKILL);
        reap(child);
        return failed(STT_PROCESS_STEP_PREPARE, error);
    }
    const stt_process_result result = {child, descriptor, STT_PROCESS_STEP_NONE, 0};
    return result;
}

int stt_process_pipe(int descriptors[2], int non_blocking_end) {
    if (pipe2(descriptors, O_CLOEXEC) != 0) return errno;
    const int flags = fcntl(descriptors[non_blocking_end], F_GETFL);
    if (flags >= 0 && fcntl(descriptors[non_blocking_end], F_SETFL, flags | O_NONBLOCK) == 0) return 0;
    const int error = errno;
    close(descriptors[0]);
    close(descriptors[1]);
    return error;
}

void stt_process_widen_pipe(int descriptor, int bytes) { (void)fcntl(descriptor, F_SETPIPE_SZ, bytes); }

void stt_process_prepare_thread(const char *name) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    prctl(PR_SET_NAME, name);
}
