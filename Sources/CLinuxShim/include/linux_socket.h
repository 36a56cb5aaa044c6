#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

/// accept4(2), which the Glibc module leaves out: takes a connection with the given SOCK_* flags set at once.
int stt_accept4(int listener, struct sockaddr *address, socklen_t *length, int flags);
