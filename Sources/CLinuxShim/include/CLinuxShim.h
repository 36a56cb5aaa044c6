// C that Swift cannot import from Glibc: epoll, eventfd, accept4, and process creation.
#pragma once

#include "linux_socket.h"
#include "linux_thread.h"
