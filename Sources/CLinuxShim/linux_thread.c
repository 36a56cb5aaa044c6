#define _GNU_SOURCE
#include "linux_thread.h"

#include <sys/prctl.h>

void stt_set_thread_name(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}
