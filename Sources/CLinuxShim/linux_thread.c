#define _GNU_SOURCE
#include "linux_thread.h"

#include <stdlib.h>
#include <sys/prctl.h>

void stt_set_thread_name(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

void stt_keep_freed_memory(void) {
    // The thresholds follow the longest block that was mapped and freed (mallopt(3)), where the user has set none.
    // Volatile, so that the pair stays.
    void *volatile block = malloc(2 * 1024 * 1024);
    free(block);
}
