// The lean load generator: one thread, epoll, and no more of the protocol than the work needs.
//   load unary|stream|upload|hold stt|raw|h2 PORT CONNECTIONS IN_FLIGHT SECONDS
// hold opens CONNECTIONS with IN_FLIGHT streams each, prints READY, answers PINGs and waits for the end of its input.
// Prints RESULT with what was done a second (calls, messages, MiB) and the median and 99th percentile of a call's
// microseconds where one call is made at a time.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { HELLO = 1, CALL, DATA, END, CANCEL, WINDOW, PING, GOAWAY };
enum { MORE = 1, END_SEND = 2, NO_MESSAGE = 4 };
enum { HEADER = 12, WINDOW_BYTES = 262144, FRAME_BYTES = 65536, BUFFER = 512 * 1024, MESSAGE = 262144 + 4, BATCH_FRAMES = 16 };
// An upload to the raw floor: its server acknowledges so many bytes with as much as a WINDOW, and no more than this is
// under way without.
enum { RAW_ACKNOWLEDGED = 131072, RAW_REPLY_TO_UPLOAD = 24, RAW_WINDOW = 512 * 1024 };

typedef struct {
    uint64_t received, advertised;
} stream_state;

typedef struct {
    int descriptor;
    uint32_t next_stream;
    uint8_t *input;
    size_t input_count, input_capacity;
    uint8_t *output;
    size_t output_count, output_capacity;
    stream_state *streams;
    // Raw: bytes of replies still to come.
    size_t reply_bytes;
    // Upload.
    uint64_t sent, limit, message_sent;
    uint8_t headers[BATCH_FRAMES][HEADER];
    struct iovec vectors[2 * BATCH_FRAMES];
    int vector_first, vector_count;
    int is_ready, is_finished;
} connection;

static const char job_id[] = "job-000000000000000000000000000000000000000000";
static uint8_t request[1024];
static size_t request_count;
static size_t raw_reply = 152;
static uint64_t count_done;
static int is_stopping, is_raw, in_flight, open_ends;
static uint32_t *times;
static size_t times_count;
static uint64_t sent_at;
static uint8_t audio[MESSAGE];

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void put32(uint8_t *at, uint32_t value) {
    value = htonl(value);
    memcpy(at, &value, 4);
}

static uint32_t get32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, 4);
    return ntohl(value);
}

static void write_header(uint8_t *at, uint32_t length, int type, int flags, uint32_t stream) {
    put32(at, length);
    at[4] = (uint8_t)type;
    at[5] = (uint8_t)flags;
    at[6] = at[7] = 0;
    put32(at + 8, stream);
}

static void append(connection *c, const void *bytes, size_t count) {
    if (c->output_count + count > c->output_capacity) {
        c->output_capacity = 2 * (c->output_count + count);
        c->output = realloc(c->output, c->output_capacity);
    }
    memcpy(c->output + c->output_count, bytes, count);
    c->output_count += count;
}

static void append_frame(connection *c, int type, int flags, uint32_t stream, const void *payload, size_t count) {
    uint8_t header[HEADER];
    write_header(header, (uint32_t)count, type, flags, stream);
    append(c, header, HEADER);
    append(c, payload, count);
}

static void append_window(connection *c, uint32_t stream, uint64_t limit) {
    uint8_t payload[11] = {0x08};
    size_t count = 1;
    for (; limit >= 0x80; limit >>= 7) payload[count++] = (uint8_t)(limit | 0x80);
    payload[count++] = (uint8_t)limit;
    append_frame(c, WINDOW, 0, stream, payload, count);
}

// The frames of a call in `request`, to be sent again and again with another stream number.
static size_t make_call(const char *method, int with_message) {
    const size_t length = strlen(method);
    uint8_t *at = request;
    write_header(at, (uint32_t)(2 + length), CALL, 0, 1);
    at += HEADER;
    *at++ = 0x0a;
    *at++ = (uint8_t)length;
    memcpy(at, method, length);
    at += length;
    if (with_message) {
        const size_t id = sizeof job_id - 1;
        write_header(at, (uint32_t)(2 + id), DATA, END_SEND, 1);
        at += HEADER;
        *at++ = 0x0a;
        *at++ = (uint8_t)id;
        memcpy(at, job_id, id);
        at += id;
    }
    return (size_t)(at - request);
}

static void send_call(connection *c) {
    if (!is_raw) {
        const uint32_t stream = c->next_stream;
        c->next_stream += 2;
        put32(request + 8, stream);
        const size_t call = HEADER + get32(request);
        if (call < request_count) put32(request + call + 8, stream);
    }
    append(c, request, request_count);
}

static void flush(connection *c) {
    size_t done = 0;
    while (done < c->output_count) {
        const ssize_t count = write(c->descriptor, c->output + done, c->output_count - done);
        if (count > 0) done += (size_t)count;
        else if (errno != EAGAIN) fail("write");
    }
    c->output_count = 0;
}

static void call_done(connection *c) {
    count_done++;
    if (times) {
        const uint64_t time = now();
        times[times_count++ & 0xfffff] = (uint32_t)((time - sent_at) / 1000);
        sent_at = time;
    }
    if (!is_stopping) send_call(c);
}

static void receive_data(connection *c, uint32_t stream, uint32_t length) {
    if (!c->streams) return;
    stream_state *state = &c->streams[stream >> 1];
    state->received += length + HEADER;
    count_done++;
    if (state->received + WINDOW_BYTES >= state->advertised + WINDOW_BYTES / 2) {
        state->advertised = state->received + WINDOW_BYTES;
        append_window(c, stream, state->advertised);
    }
}

static void receive(connection *c, const char *work, const uint8_t *frame, uint32_t length) {
    const uint32_t stream = get32(frame + 8);
    switch (frame[4]) {
    case HELLO: c->is_ready = 1; break;
    case DATA: receive_data(c, stream, length); break;
    case END:
        if (length != 0) {
            fprintf(stderr, "load: a call failed: %.*s\n", (int)length, frame + HEADER);
            exit(1);
        }
        if (work[1] == 'n') call_done(c);
        else open_ends--;
        break;
    case WINDOW: {
        uint64_t limit = 0;
        for (uint32_t i = 1; i < length; i++) limit |= (uint64_t)(frame[HEADER + i] & 0x7f) << 7 * (i - 1);
        if (limit > c->limit) c->limit = limit;
        break;
    }
    case PING:
        if (!(frame[5] & 1)) append_frame(c, PING, 1, 0, frame + HEADER, length);
        break;
    case GOAWAY: fprintf(stderr, "load: the server sent GOAWAY\n"); exit(1);
    }
}

static void read_frames(connection *c, const char *work) {
    const ssize_t got = read(c->descriptor, c->input + c->input_count, c->input_capacity - c->input_count);
    if (got == 0) { errno = 0; fail("the server closed the connection"); }
    if (got < 0) {
        if (errno != EAGAIN) fail("read");
        return;
    }
    c->input_count += (size_t)got;
    size_t at = 0;
    if (is_raw) {
        for (; c->input_count - at >= raw_reply; at += raw_reply) {
            if (work[1] == 'p') c->limit += RAW_ACKNOWLEDGED;
            else call_done(c);
        }
    } else {
        while (c->input_count - at >= HEADER) {
            const uint32_t length = get32(c->input + at);
            if (c->input_count - at < HEADER + length) break;
            receive(c, work, c->input + at, length);
            at += HEADER + length;
        }
    }
    memmove(c->input, c->input + at, c->input_count - at);
    c->input_count -= at;
}

// Makes the next frames of the upload, as many as the credit allows and one write takes.
static void make_frames(connection *c) {
    c->vector_count = c->vector_first = 0;
    for (int i = 0; i < BATCH_FRAMES; i++) {
        if (c->message_sent == 0 && is_stopping) return;
        const uint64_t credit = c->limit - c->sent, left = MESSAGE - c->message_sent;
        if (credit <= HEADER) return;
        uint64_t length = credit - HEADER;
        if (length > FRAME_BYTES) length = FRAME_BYTES;
        if (length > left) length = left;
        write_header(c->headers[i], (uint32_t)length, DATA, length < left ? MORE : 0, 1);
        c->vectors[c->vector_count++] = (struct iovec){c->headers[i], HEADER};
        c->vectors[c->vector_count++] = (struct iovec){audio + c->message_sent, length};
        c->sent += HEADER + length;
        c->message_sent += length;
        if (c->message_sent == MESSAGE) {
            c->message_sent = 0;
            count_done++;
        }
    }
}

// Sends as much of the upload as the credit and the socket take.
static void upload(connection *c) {
    while (!c->is_finished) {
        if (c->vector_first == c->vector_count) make_frames(c);
        if (c->vector_first == c->vector_count) {
            if (c->message_sent > 0 || !is_stopping) return;
            if (!is_raw) {
                append_frame(c, DATA, END_SEND | NO_MESSAGE, 1, "", 0);
                flush(c);
            } else {
                open_ends--;
            }
            c->is_finished = 1;
            return;
        }
        ssize_t count = writev(c->descriptor, c->vectors + c->vector_first, c->vector_count - c->vector_first);
        if (count < 0) {
            if (errno != EAGAIN) fail("writev");
            return;
        }
        for (; c->vector_first < c->vector_count; c->vector_first++) {
            struct iovec *vector = &c->vectors[c->vector_first];
            if ((size_t)count < vector->iov_len) {
                vector->iov_base = (uint8_t *)vector->iov_base + count;
                vector->iov_len -= (size_t)count;
                break;
            }
            count -= (ssize_t)vector->iov_len;
        }
    }
}

static int connect_to(int port) {
    int on = 1;
    const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    return descriptor;
}

static int compare(const void *a, const void *b) {
    return (int)*(const uint32_t *)a - (int)*(const uint32_t *)b;
}

int main(int argument_count, char **arguments) {
    if (argument_count < 7) return 2;
    const char *work = arguments[1], *protocol = arguments[2];
    const int port = atoi(arguments[3]), connection_count = atoi(arguments[4]);
    in_flight = atoi(arguments[5]);
    const double seconds = atof(arguments[6]);
    const int is_hold = work[0] == 'h', is_stream = work[0] == 's', is_upload = work[1] == 'p';
    is_raw = protocol[0] == 'r';
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    request_count = make_call(
        is_hold || is_upload ? "stt.v1.SpeechToText/Submit"
        : is_stream          ? "stt.v1.SpeechToText/StreamResult"
                             : "stt.v1.SpeechToText/Status",
        !is_hold && !is_upload);
    if (is_upload) raw_reply = RAW_REPLY_TO_UPLOAD;
    if (work[1] == 'n' && connection_count * in_flight == 1) times = calloc(0x100000, sizeof *times);
    memcpy(audio, (uint8_t[]){0x12, 0x80, 0x80, 0x10}, 4);

    static const uint8_t opening[] = {0x89, 'S', 'T', 'T', 0x0d, 0x0a, 0x1a, 0x0a,
        0, 0, 0, 22, HELLO, 0, 0, 0, 0, 0, 0, 0,
        0x08, 1, 0x10, 1, 0x1a, 16, // versions; limits:
        0x08, 0x80, 0x80, 0x80, 0x02, // messages of 4 MiB
        0x10, 0x80, 0x08, 0x18, 0x80, 0x80, 0x10, // 1,024 streams, a window of 256 KiB
        0x20, 0x80, 0x80, 0x04}; // frames of 64 KiB
    static const uint8_t h2_opening[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";

    const int epoll = epoll_create1(0);
    connection *connections = calloc((size_t)connection_count, sizeof *connections);
    for (int i = 0; i < connection_count; i++) {
        connection *c = &connections[i];
        c->descriptor = connect_to(port);
        c->next_stream = 1;
        c->limit = is_raw ? RAW_WINDOW : WINDOW_BYTES;
        c->input_capacity = is_hold ? 4096 : BUFFER;
        c->input = malloc(c->input_capacity);
        if (is_stream) {
            c->streams = calloc((size_t)in_flight + 1, sizeof *c->streams);
            for (int s = 0; s <= in_flight; s++) c->streams[s].advertised = WINDOW_BYTES;
        }
        if (protocol[0] == 's') append(c, opening, sizeof opening);
        if (protocol[0] == 'h') append(c, h2_opening, 24 + 9);
        flush(c);
        struct epoll_event event = {.events = EPOLLIN | (is_upload ? EPOLLOUT | EPOLLET : 0), .data.ptr = c};
        epoll_ctl(epoll, EPOLL_CTL_ADD, c->descriptor, &event);
        // More streams than the smallest limit only once the server's HELLO is there.
        if (protocol[0] == 's') {
            while (!c->is_ready) read_frames(c, "hold");
        }
    }
    if (is_hold) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
        epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    }
    const uint64_t start = now(), end = start + (uint64_t)(seconds * 1e9);
    sent_at = start;
    const int calls = is_upload ? !is_raw : protocol[0] == 'h' ? 0 : in_flight;
    for (int i = 0; i < connection_count; i++) {
        for (int j = 0; j < calls; j++) send_call(&connections[i]);
        flush(&connections[i]);
        if (is_upload) upload(&connections[i]);
    }
    open_ends = connection_count;
    if (is_hold) {
        printf("READY\n");
        fflush(stdout);
    }
    struct epoll_event events[256];
    for (;;) {
        const int ready = epoll_wait(epoll, events, 256, is_hold ? -1 : 100);
        for (int i = 0; i < ready; i++) {
            connection *c = events[i].data.ptr;
            if (!c) return 0;
            if (protocol[0] == 'h') {
                uint8_t buffer[4096];
                if (read(c->descriptor, buffer, sizeof buffer) == 0) fail("the server closed a connection");
                continue;
            }
            // Edge-triggered where it uploads: there what the server sends is little.
            read_frames(c, work);
            if (c->output_count > 0) flush(c);
            if (is_upload) upload(c);
        }
        if (is_hold) continue;
        if (now() >= end) {
            if (!is_upload) break;
            if (!is_stopping) {
                is_stopping = 1;
                for (int i = 0; i < connection_count; i++) upload(&connections[i]);
            }
            if (open_ends == 0) break;
        }
    }
    const double elapsed = (double)(now() - start) / 1e9;
    double amount = (double)count_done;
    if (is_upload) amount *= 0.25;
    uint32_t p50 = 0, p99 = 0;
    if (times) {
        const size_t samples = times_count < 0x100000 ? times_count : 0x100000;
        qsort(times, samples, sizeof *times, compare);
        p50 = times[samples / 2];
        p99 = times[samples * 99 / 100];
    }
    printf("RESULT %f %u %u\n", amount / elapsed, p50, p99);
}
