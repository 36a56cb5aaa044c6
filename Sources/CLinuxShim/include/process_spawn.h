#pragma once

#include <sys/types.h>

/// What stt_process_spawn starts. Strings and arrays are read only during the call.
typedef struct {
    /// The program's file; not searched for on PATH.
    const char *path;
    /// Null-terminated, the program's name first.
    char *const *arguments;
    /// Null-terminated "NAME=value" strings.
    char *const *environment;
    /// The child's working directory, or null for the caller's.
    const char *working_directory;
    /// What become the child's descriptors 0, 1 and 2; -1 stands for /dev/null.
    int input;
    int output;
    int error_output;
} stt_process_request;

/// The step at which a child could not be started.
typedef enum {
    STT_PROCESS_STEP_NONE = 0,
    STT_PROCESS_STEP_PREPARE = 1,
    STT_PROCESS_STEP_DIRECTORY = 2,
    STT_PROCESS_STEP_EXECUTE = 3,
} stt_process_step;

/// What stt_process_spawn did: either a running child, or the step that failed and its errno.
typedef struct {
    pid_t pid;
    /// A pidfd of the child, close-on-exec: readable once the child has ended.
    int pid_descriptor;
    int step;
    int error;
} stt_process_result;

/// Starts a child in a process group of its own, with all signals unblocked and at their default disposition, with no
/// descriptor but 0, 1 and 2, that is killed when the calling thread ends. Returns once the program runs or has failed.
///
/// The calling thread has to live as long as the program: the kernel ties a parent-death signal to the thread that forked.
stt_process_result stt_process_spawn(const stt_process_request *request);

/// pipe2(2): a close-on-exec pipe; its end at index non_blocking_end (0 or 1) is non-blocking, too. Returns 0 or errno.
int stt_process_pipe(int descriptors[2], int non_blocking_end);

/// F_SETPIPE_SZ of fcntl(2): lets a pipe hold so many bytes, where the system allows it.
void stt_process_widen_pipe(int descriptor, int bytes);

/// Blocks every signal on the calling thread and gives it a name of at most 15 characters.
void stt_process_prepare_thread(const char *name);
