#pragma once

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

/// accept4(2), which the Glibc module leaves out: takes a connection with the given SOCK_* flags set at once.
int stt_accept4(int listener, struct sockaddr *address, socklen_t *length, int flags);

/// SO_PEERCRED of a unix socket: the process at the other end, as it was when it connected. -1 and errno on failure; a
/// process id of 0 for a socket that has no such peer.
int stt_peer_credentials(int socket, uint32_t *user, uint32_t *group, int32_t *process);
