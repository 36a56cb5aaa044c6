// The floor: an epoll server that answers every REQUEST bytes with REPLY bytes and does nothing else.
//   echo REQUEST REPLY
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_FD = 65536, BUFFER = 256 * 1024 };

static size_t pending[MAX_FD];
static char input[BUFFER], output[4 * 1024 * 1024];

int main(int count, char **arguments) {
    if (count != 3) return 2;
    const size_t request = strtoul(arguments[1], NULL, 10), reply = strtoul(arguments[2], NULL, 10);
    int on = 1;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 1024) != 0) return 1;
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("PORT %d\n", ntohs(address.sin_port));
    fflush(stdout);

    const int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    event.data.fd = STDIN_FILENO;
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    for (;;) {
        const int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            const int descriptor = events[i].data.fd;
            if (descriptor == STDIN_FILENO) return 0;
            if (descriptor == listener) {
                const int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (accepted < 0 || accepted >= MAX_FD) continue;
                setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                pending[accepted] = 0;
                event.data.fd = accepted;
                epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &event);
                continue;
            }
            const ssize_t got = read(descriptor, input, sizeof input);
            if (got <= 0) {
                close(descriptor);
                continue;
            }
            pending[descriptor] += (size_t)got;
            const size_t bytes = pending[descriptor] / request * reply;
            pending[descriptor] %= request;
            // The load is bounded by what is in flight, so a socket's buffer always takes the replies.
            if (bytes > 0 && write(descriptor, output, bytes) != (ssize_t)bytes) return 1;
        }
    }
}
