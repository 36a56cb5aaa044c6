#define _GNU_SOURCE
#include "linux_socket.h"

int stt_accept4(int listener, struct sockaddr *address, socklen_t *length, int flags) {
    return accept4(listener, address, length, flags);
}
