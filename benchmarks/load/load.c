/* The load generator: one epoll loop that holds every socket of a benchmark.
 *
 *     load HOST PORT native|bare
 *
 * Commands arrive on stdin, one a line; each is answered by one line of JSON on stdout:
 *
 *     open FILE [parallel=64] [until=hello|heads] [timeout=60]
 *     run [seconds=3] [warm=0.5] [window=1] [until=all|ack] [rate=0] [size=64]
 *     role FROM TO ROLE       sockets FROM..TO-1 change their role
 *     nodes                   which node each socket is on
 *     status                  how many sockets live, how many were closed, with which code
 *     close                   drops every socket and forgets them
 *
 * A line of FILE is one socket: ROLE TOKEN ROOM [POSITIONS]. Roles: b sends and receives,
 * r receives, s sends, d is deaf (greets, then never reads), i is idle. What a socket gets from other
 * rooms than its own is not counted. `native` speaks Parlance's socket; `bare` speaks to the
 * baselines, which send every text frame on to the whole room.
 *
 * A message carries its number in its text. It is done when it is acknowledged and every b and r
 * socket of the room has it; then (or on the acknowledgement, until=ack) its sender sends the next,
 * so each sender keeps `window` in flight. With rate= messages leave on a fixed schedule instead,
 * and latency counts from the time scheduled.
 *
 * Rule for editors: nothing here may cost as much as what the server does for the same frame.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (4 << 20)
#define SLOTS (1 << 20)
#define STDIN UINT32_MAX
#define SECOND 1000000000ull
#define DRAIN_SECONDS 10

enum state { NEW, CONNECTING, UPGRADING, GREETING, RECOVERING, LIVE, GONE };

typedef struct {
    enum state state;
    int fd;
    char role;
    bool dirty, blocked;
    uint32_t room;
    uint64_t began, offset;
    char *rest, *out;
    uint32_t rest_size, out_size, out_room;
    char *token, *positions;
    char node[48];
} Socket;

typedef struct {
    char name[24];
    uint32_t listeners;
} Room;

typedef struct {
    uint64_t at;
    uint32_t number, missing, sender;
    bool acked, done;
} Slot;

/* Log-linear buckets: every value is kept to within 1/128. */
typedef struct {
    uint64_t bucket[64 << 7], count, max;
} Histogram;

static struct sockaddr_in server;
static bool bare;
static int epoll;
static uint64_t now;
static char input[1 << 16], first_error[512];
static size_t input_size;
static bool input_ended;

static Socket *sockets;
static uint32_t socket_count, socket_room;
static uint32_t *dirty, dirty_count;
static Room *rooms;
static uint32_t room_count, room_room;
static Slot slots[SLOTS];
static uint32_t next_number = 1, first_number, in_flight, closed_count;
static int close_code;

static struct {
    uint32_t first, busy, left, failed;
    bool heads;
    uint64_t recovered;
    Histogram hello, live;
} opening;

static struct {
    bool sending, measuring, until_ack;
    uint32_t size;
    uint64_t sent, acked, delivered, errors, duplicates, disordered, holes, frame_bytes;
    Histogram ack, delivery;
} run;

static uint64_t read_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static double cpu_seconds(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void *grow(void *old, size_t bytes) {
    void *p = realloc(old, bytes);
    if (!p) die("memory");
    return p;
}

static void record(Histogram *h, uint64_t ns) {
    unsigned e = ns < 256 ? 0 : (unsigned)(63 - __builtin_clzll(ns) - 7);
    h->bucket[(e << 7) + (ns >> e)]++;
    h->count++;
    if (ns > h->max) h->max = ns;
}

static double percentile_ms(const Histogram *h, double share) {
    uint64_t wanted = (uint64_t)((double)h->count * share), seen = 0;
    for (unsigned i = 0; i < 64 << 7; i++) {
        seen += h->bucket[i];
        if (seen > wanted)
            return (double)(i < 128 ? i : ((uint64_t)(i & 127) + 128) << ((i >> 7) - 1)) / 1e6;
    }
    return (double)h->max / 1e6;
}

static void print_histogram(const char *name, const Histogram *h) {
    printf(",\"%s\":{\"count\":%lu,\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}", name, h->count,
           percentile_ms(h, 0.50), percentile_ms(h, 0.99), (double)h->max / 1e6);
}

/* Sockets: writing. What is said during one turn of the loop leaves in one send(). */

/* Edge-triggered: a socket that was read empty is not looked at again by the next epoll_wait(). */
static void watch(Socket *s, int operation, uint32_t events) {
    struct epoll_event e = {.events = events | EPOLLRDHUP | EPOLLET, .data.u32 = (uint32_t)(s - sockets)};
    if (epoll_ctl(epoll, operation, s->fd, &e) < 0) die("epoll_ctl");
}

static void gone(Socket *s) {
    if (s->state == GONE) return;
    if (s->state == LIVE) closed_count++;
    if (s->state > NEW && s->state < LIVE) {
        opening.failed++;
        opening.busy--;
        opening.left--;
    }
    close(s->fd);
    s->state = GONE;
    s->out_size = s->rest_size = 0;
}

static void flush(Socket *s) {
    ssize_t done = send(s->fd, s->out, s->out_size, MSG_NOSIGNAL);
    if (done < 0 && errno != EAGAIN) {
        gone(s);
        return;
    }
    if (done > 0) {
        s->out_size -= (uint32_t)done;
        memmove(s->out, s->out + done, s->out_size);
    }
    if (s->blocked != (s->out_size > 0)) {
        s->blocked = !s->blocked;
        watch(s, EPOLL_CTL_MOD, EPOLLIN | (s->blocked ? EPOLLOUT : 0));
    }
}

static void flush_all(void) {
    for (uint32_t i = 0; i < dirty_count; i++) {
        Socket *s = &sockets[dirty[i]];
        s->dirty = false;
        if (s->state != GONE && s->out_size) flush(s);
    }
    dirty_count = 0;
}

static char *reserve(Socket *s, size_t size) {
    if (s->out_size + size > s->out_room) {
        s->out_room = (uint32_t)(s->out_size + size);
        s->out = grow(s->out, s->out_room);
    }
    if (!s->dirty) {
        s->dirty = true;
        dirty[dirty_count++] = (uint32_t)(s - sockets);
    }
    char *place = s->out + s->out_size;
    s->out_size += (uint32_t)size;
    return place;
}

/* RFC 6455 5.3 lets the key be anything; zero saves the masking. */
static void say(Socket *s, unsigned opcode, const char *payload, size_t size) {
    unsigned char head[14] = {(unsigned char)(0x80 | opcode)};
    size_t used = 2;
    if (size < 126) {
        head[1] = (unsigned char)(0x80 | size);
    } else if (size < 65536) {
        head[1] = 0x80 | 126;
        head[2] = (unsigned char)(size >> 8);
        head[3] = (unsigned char)size;
        used = 4;
    } else {
        head[1] = 0x80 | 127;
        for (int i = 0; i < 8; i++) head[2 + i] = (unsigned char)((uint64_t)size >> (56 - 8 * i));
        used = 10;
    }
    memset(head + used, 0, 4);
    used += 4;
    char *place = reserve(s, used + size);
    memcpy(place, head, used);
    memcpy(place + used, payload, size);
}

/* Messages out. */

static void send_message(uint32_t sender, uint64_t at) {
    static char body[1 << 17];
    Socket *s = &sockets[sender];
    if (s->state != LIVE) return;
    uint32_t number = next_number++;
    Slot *slot = &slots[number % SLOTS];
    Room *room = &rooms[s->room];
    *slot = (Slot){.at = at, .number = number, .missing = room->listeners, .sender = sender, .acked = bare};
    int n = 0;
    if (!bare)
        n = sprintf(body, "{\"type\":\"message.send\",\"id\":%u,\"channel\":%s,\"client_id\":\"%d.%lx.%u\",\"text\":",
                    number, room->name, getpid(), now, number);
    int text = n;
    n += sprintf(body + n, "\"@%08x", number);
    while (n - text < (int)run.size + 1) body[n++] = '.';
    body[n++] = '"';
    if (!bare) body[n++] = '}';
    say(s, 1, body, (size_t)n);
    in_flight++;
    if (run.measuring) run.sent++;
}

static void settle(Slot *slot, bool next) {
    if (!slot->done && slot->acked && slot->missing == 0) {
        slot->done = true;
        in_flight--;
        next = next || !run.until_ack;
    }
    if (next && run.sending) send_message(slot->sender, now);
}

/* Messages in. */

static long number_after(const char *frame, size_t size, const char *key) {
    const char *found = memmem(frame, size, key, strlen(key));
    return found ? strtol(found + strlen(key), NULL, 10) : -1;
}

static Slot *slot_of(const char *frame, size_t size) {
    const char *p = frame, *end = frame + size;
    while ((p = memchr(p, '@', (size_t)(end - p))) != NULL) {
        if (p > frame && p[-1] == '"' && end - p > 9) {
            uint32_t number = 0;
            for (int i = 1; i <= 8; i++) {
                unsigned c = (unsigned char)p[i];
                number = number << 4 | (c <= '9' ? c - '0' : c - 'a' + 10);
            }
            Slot *slot = &slots[number % SLOTS];
            return slot->number == number && number >= first_number ? slot : NULL;
        }
        p++;
    }
    return NULL;
}

static void check_order(Socket *s, const char *frame, size_t size) {
    uint64_t offset = (uint64_t)number_after(frame, size < 96 ? size : 96, "\"offset\":");
    if (s->offset && offset <= s->offset) run.disordered++;
    if (s->offset && offset > s->offset + 1) run.holes++;
    s->offset = offset;
}

static void delivered(Socket *s, const char *frame, size_t size) {
    Slot *slot = slot_of(frame, size);
    if (!slot || sockets[slot->sender].room != s->room) return;
    if (!bare) check_order(s, frame, size);
    if (s->role != 'b' && s->role != 'r') return;
    if (run.measuring) {
        run.delivered++;
        run.frame_bytes = size;
        record(&run.delivery, now - slot->at);
    }
    if (slot->missing == 0) {
        run.duplicates++;
        return;
    }
    slot->missing--;
    settle(slot, false);
}

static void acknowledged(const char *frame, size_t size) {
    uint32_t number = (uint32_t)number_after(frame, size, "\"id\":");
    Slot *slot = &slots[number % SLOTS];
    if (number < first_number) return;
    if (slot->number != number || slot->acked || slot_of(frame, size) != slot ||
        !memmem(frame, size, "\"duplicate\":false", 17)) {
        run.duplicates++;
        return;
    }
    slot->acked = true;
    if (run.measuring) {
        run.acked++;
        record(&run.ack, now - slot->at);
    }
    settle(slot, run.until_ack);
}

static void refused(const char *frame, size_t size) {
    run.errors++;
    if (!first_error[0] && size < sizeof first_error) memcpy(first_error, frame, size);
}

/* From connect() to live. */

static void connected(Socket *s) {
    char request[512];
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        gone(s);
        return;
    }
    int n = snprintf(request, sizeof request,
                     "GET %s%s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                     bare ? "/" : "/socket", bare ? rooms[s->room].name : "");
    memcpy(reserve(s, (size_t)n), request, (size_t)n);
    s->state = UPGRADING;
    watch(s, EPOLL_CTL_MOD, EPOLLIN);
}

/* Linux acknowledges every small segment of a peer that is only listened to, and the processing of
 * those acknowledgements is half of what a delivery costs here. A socket that is answered (what
 * TCP_QUICKACK=0 claims) acknowledges every other one, as people's do. */
static void live(Socket *s) {
    int no = 0;
    setsockopt(s->fd, IPPROTO_TCP, TCP_QUICKACK, &no, sizeof no);
    s->state = LIVE;
    opening.busy--;
    opening.left--;
    record(&opening.live, now - s->began);
    if (s->role == 'd') epoll_ctl(epoll, EPOLL_CTL_DEL, s->fd, NULL);
}

static void greet(Socket *s) {
    static char hello[1 << 16];
    if (bare) {
        live(s);
        return;
    }
    int n = snprintf(hello, sizeof hello, "{\"type\":\"hello\",\"id\":1,\"token\":\"%s\",\"positions\":%s}",
                     s->token, s->positions ? s->positions : "{}");
    say(s, 1, hello, (size_t)n);
    s->state = GREETING;
}

static void greeted(Socket *s, const char *frame, size_t size) {
    const char *node = memmem(frame, size, "\"node\":\"", 8);
    if (node) snprintf(s->node, sizeof s->node, "%.*s", (int)strcspn(node + 8, "\""), node + 8);
    record(&opening.hello, now - s->began);
    if (opening.heads)
        s->state = RECOVERING;
    else
        live(s);
}

static size_t upgraded(Socket *s, const char *data, size_t size) {
    const char *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end) return 0;
    if (size < 12 || memcmp(data + 9, "101", 3) != 0) {
        gone(s);
        return size;
    }
    greet(s);
    return (size_t)(end - data) + 4;
}

/* Sockets: reading. */

static bool is(const char *frame, size_t size, const char *type) {
    size_t n = strlen(type);
    return size > 10 + n && memcmp(frame + 9, type, n) == 0 && frame[9 + n] == '"';
}

static void on_text(Socket *s, const char *frame, size_t size) {
    if (bare || (s->state == LIVE && is(frame, size, "message.created"))) {
        delivered(s, frame, size);
    } else if (is(frame, size, "reply")) {
        if (s->state == GREETING)
            greeted(s, frame, size);
        else
            acknowledged(frame, size);
    } else if (is(frame, size, "error")) {
        refused(frame, size);
        if (s->state == GREETING) gone(s);
    } else if (s->state == RECOVERING) {
        if (is(frame, size, "message.created")) opening.recovered++;
        if (is(frame, size, "heads")) live(s);
    }
}

static size_t on_frames(Socket *s, const char *data, size_t size) {
    size_t used = 0;
    while (s->state != GONE && size - used >= 2) {
        const unsigned char *p = (const unsigned char *)data + used;
        size_t head = 2, length = p[1] & 127;
        if (length == 126) head = 4;
        if (length == 127) head = 10;
        if (size - used < head) break;
        if (head > 2) {
            length = 0;
            for (size_t i = 2; i < head; i++) length = length << 8 | p[i];
        }
        if (length > BUFFER / 2) die("frame");
        if (size - used < head + length) break;
        const char *payload = data + used + head;
        unsigned opcode = p[0] & 15;
        if (opcode == 1) on_text(s, payload, length);
        if (opcode == 9) say(s, 10, payload, length);
        if (opcode == 8) {
            if (length >= 2) close_code = p[head] << 8 | p[head + 1];
            gone(s);
        }
        used += head + length;
    }
    return used;
}

/* True when there may be more: the buffer came back full. */
static bool read_once(Socket *s) {
    static char buffer[BUFFER];
    if (s->rest_size) memcpy(buffer, s->rest, s->rest_size);
    ssize_t got = recv(s->fd, buffer + s->rest_size, BUFFER - s->rest_size, 0);
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) {
        gone(s);
        return false;
    }
    now = read_clock();
    size_t size = s->rest_size + (size_t)got, used = 0;
    if (s->state == UPGRADING) used = upgraded(s, buffer, size);
    if (s->state > UPGRADING) used += on_frames(s, buffer + used, size - used);
    if (s->state == GONE) return false;
    s->rest_size = (uint32_t)(size - used);
    if (s->rest_size) {
        s->rest = grow(s->rest, s->rest_size);
        memcpy(s->rest, buffer + used, s->rest_size);
    }
    return size == BUFFER;
}

static void readable(Socket *s, bool ended) {
    while (read_once(s) || (ended && s->state != GONE)) continue;
}

static void read_input(void) {
    ssize_t got = read(0, input + input_size, sizeof input - input_size - 1);
    if (got > 0) {
        input_size += (size_t)got;
        return;
    }
    input_ended = true;
    epoll_ctl(epoll, EPOLL_CTL_DEL, 0, NULL);
}

static void turn(int timeout_ms) {
    struct epoll_event events[512];
    int n = epoll_wait(epoll, events, 512, timeout_ms);
    now = read_clock();
    for (int i = 0; i < n; i++) {
        if (events[i].data.u32 == STDIN) {
            read_input();
            continue;
        }
        Socket *s = &sockets[events[i].data.u32];
        if (s->state == CONNECTING) {
            connected(s);
            continue;
        }
        if (s->blocked && events[i].events & EPOLLOUT) flush(s);
        if (s->state != GONE && events[i].events & ~(uint32_t)EPOLLOUT)
            readable(s, events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
    }
    flush_all();
}

/* Commands. */

static double option(const char *line, const char *name, double otherwise) {
    const char *found = strstr(line, name);
    return found ? atof(found + strlen(name)) : otherwise;
}

static uint32_t room_named(const char *name) {
    if (room_count && strcmp(rooms[room_count - 1].name, name) == 0) return room_count - 1;
    for (uint32_t i = 0; i < room_count; i++)
        if (strcmp(rooms[i].name, name) == 0) return i;
    if (room_count == room_room) rooms = grow(rooms, (room_room = room_room * 2 + 64) * sizeof *rooms);
    snprintf(rooms[room_count].name, sizeof rooms->name, "%s", name);
    rooms[room_count].listeners = 0;
    return room_count++;
}

static void add_socket(char role, const char *token, const char *room, const char *positions) {
    if (socket_count == socket_room) {
        socket_room = socket_room * 2 + 1024;
        sockets = grow(sockets, socket_room * sizeof *sockets);
        dirty = grow(dirty, socket_room * sizeof *dirty);
    }
    sockets[socket_count++] = (Socket){
        .role = role,
        .token = strdup(token),
        .room = room_named(room),
        .positions = positions[0] ? strdup(positions) : NULL,
    };
}

static void begin(Socket *s) {
    int yes = 1, little = 4096, segment = 1400;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (s->fd < 0) die("socket");
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (s->role == 'd') { /* loopback's 64 KiB segments would let the kernel hold megabytes for it */
        setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
        setsockopt(s->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    }
    s->state = CONNECTING;
    s->began = read_clock();
    opening.busy++;
    watch(s, EPOLL_CTL_ADD, EPOLLOUT);
    if (connect(s->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS) gone(s);
}

static void count_listeners(void) {
    for (uint32_t i = 0; i < room_count; i++) rooms[i].listeners = 0;
    for (uint32_t i = 0; i < socket_count; i++) {
        Socket *s = &sockets[i];
        if (s->state == LIVE && (s->role == 'b' || s->role == 'r')) rooms[s->room].listeners++;
    }
}

static void print_error(void) {
    if (first_error[0]) printf(",\"first_error\":%s", first_error);
    memset(first_error, 0, sizeof first_error);
}

static void open_sockets(const char *line) {
    char path[4096], role, token[512], room[24];
    static char text[1 << 16], positions[1 << 15];
    sscanf(line, "open %4095s", path);
    FILE *file = fopen(path, "r");
    if (!file) die(path);
    memset(&opening, 0, sizeof opening);
    opening.first = socket_count;
    opening.heads = strstr(line, "until=heads") != NULL;
    while (fgets(text, sizeof text, file)) {
        positions[0] = 0;
        if (sscanf(text, "%c %511s %23s %32767s", &role, token, room, positions) >= 3)
            add_socket(role, token, room, positions);
    }
    fclose(file);
    uint32_t next = opening.first, parallel = (uint32_t)option(line, "parallel=", 64);
    opening.left = socket_count - opening.first;
    uint64_t start = now = read_clock();
    uint64_t deadline = start + (uint64_t)(option(line, "timeout=", 60) * (double)SECOND);
    double cpu = cpu_seconds();
    while (opening.left && now < deadline) {
        while (next < socket_count && opening.busy < parallel) begin(&sockets[next++]);
        turn(100);
    }
    double seconds = (double)(now - start) / 1e9;
    printf("{\"opened\":%lu,\"failed\":%u,\"seconds\":%.3f,\"per_second\":%.1f,\"recovered\":%lu,\"cpu\":%.3f",
           opening.live.count, opening.failed + opening.left, seconds,
           (double)opening.live.count / seconds, opening.recovered, (cpu_seconds() - cpu) / seconds);
    print_histogram("hello_ms", &opening.hello);
    print_histogram("live_ms", &opening.live);
    print_error();
    printf("}\n");
}

static uint32_t *senders(uint32_t *count) {
    static uint32_t *list;
    list = grow(list, (socket_count + 1) * sizeof *list);
    *count = 0;
    for (uint32_t i = 0; i < socket_count; i++)
        if (sockets[i].state == LIVE && (sockets[i].role == 'b' || sockets[i].role == 's'))
            list[(*count)++] = i;
    return list;
}

static void run_messages(const char *line) {
    memset(&run, 0, sizeof run);
    count_listeners();
    uint32_t sender_count, window = (uint32_t)option(line, "window=", 1);
    uint32_t *list = senders(&sender_count);
    double rate = option(line, "rate=", 0), scheduled = 0;
    run.until_ack = strstr(line, "until=ack") != NULL;
    run.size = (uint32_t)option(line, "size=", 64);
    run.sending = rate == 0;
    in_flight = 0;
    first_number = next_number;
    uint64_t start = now = read_clock();
    uint64_t from = start + (uint64_t)(option(line, "warm=", 0.5) * (double)SECOND);
    uint64_t to = from + (uint64_t)(option(line, "seconds=", 3) * (double)SECOND), measured = 0;
    double cpu = 0;
    for (uint32_t i = 0; rate == 0 && i < sender_count * window; i++) send_message(list[i / window], now);
    flush_all();
    while (now < to && sender_count) {
        turn(rate > 0 ? 1 : 10);
        if (!run.measuring && now >= from) {
            run.measuring = true;
            measured = now;
            cpu = cpu_seconds();
        }
        while (rate > 0 && scheduled <= (double)(now - start) / 1e9 * rate) {
            send_message(list[(uint64_t)scheduled % sender_count],
                         start + (uint64_t)(scheduled * 1e9 / rate));
            scheduled++;
        }
        flush_all();
    }
    double seconds = (double)(now - measured) / 1e9;
    cpu = (cpu_seconds() - cpu) / seconds;
    run.measuring = run.sending = false;
    uint64_t stopped = now;
    while (in_flight && now < stopped + DRAIN_SECONDS * SECOND) turn(10);
    printf("{\"seconds\":%.3f,\"senders\":%u,\"sent\":%lu,\"acked\":%lu,\"delivered\":%lu,\"acks_per_second\":%.1f,"
           "\"deliveries_per_second\":%.1f,\"frame_bytes\":%lu,\"errors\":%lu,\"duplicates\":%lu,"
           "\"disordered\":%lu,\"holes\":%lu,\"unfinished\":%u,\"drain_seconds\":%.3f,\"cpu\":%.3f",
           seconds, sender_count, run.sent, run.acked, run.delivered, (double)run.acked / seconds,
           (double)run.delivered / seconds, run.frame_bytes, run.errors, run.duplicates, run.disordered,
           run.holes, in_flight, (double)(now - stopped) / 1e9, cpu);
    print_histogram("ack_ms", &run.ack);
    print_histogram("delivery_ms", &run.delivery);
    print_error();
    printf("}\n");
}

static void change_role(const char *line) {
    uint32_t from = 0, to = 0;
    char role = 'i';
    sscanf(line, "role %u %u %c", &from, &to, &role);
    for (uint32_t i = from; i < to && i < socket_count; i++) sockets[i].role = role;
    printf("{}\n");
}

static void print_nodes(void) {
    printf("{\"nodes\":[");
    for (uint32_t i = 0; i < socket_count; i++) printf("%s\"%s\"", i ? "," : "", sockets[i].node);
    printf("]}\n");
}

static void print_status(void) {
    uint32_t alive = 0;
    for (uint32_t i = 0; i < socket_count; i++) alive += sockets[i].state == LIVE;
    printf("{\"live\":%u,\"closed\":%u,\"close_code\":%d,\"cpu_seconds\":%.3f}\n", alive, closed_count,
           close_code, cpu_seconds());
}

/* A reset leaves no port in TIME_WAIT, so ten thousand sockets may come back at once. */
static void close_sockets(void) {
    struct linger reset = {.l_onoff = 1};
    for (uint32_t i = 0; i < socket_count; i++) {
        Socket *s = &sockets[i];
        if (s->state != GONE && s->state != NEW) {
            setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
            close(s->fd);
        }
        free(s->rest);
        free(s->out);
        free(s->token);
        free(s->positions);
    }
    printf("{\"closed\":%u}\n", socket_count);
    socket_count = room_count = dirty_count = closed_count = 0;
    close_code = 0;
}

static void execute(const char *line) {
    if (strncmp(line, "open ", 5) == 0) open_sockets(line);
    else if (strncmp(line, "run", 3) == 0) run_messages(line);
    else if (strncmp(line, "role ", 5) == 0) change_role(line);
    else if (strcmp(line, "nodes") == 0) print_nodes();
    else if (strcmp(line, "status") == 0) print_status();
    else if (strcmp(line, "close") == 0) close_sockets();
    else printf("{\"unknown\":true}\n");
    fflush(stdout);
}

static bool next_line(char *line) {
    char *end = memchr(input, '\n', input_size);
    if (!end) return false;
    size_t size = (size_t)(end - input) + 1;
    memcpy(line, input, size);
    line[size - 1] = 0;
    input_size -= size;
    memmove(input, end + 1, input_size);
    return true;
}

int main(int argc, char **argv) {
    static char line[sizeof input];
    if (argc != 4) {
        fprintf(stderr, "usage: load HOST PORT native|bare\n");
        return 2;
    }
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) die(argv[1]);
    bare = strcmp(argv[3], "bare") == 0;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    epoll = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = STDIN};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &e) < 0) die("stdin must be a pipe");
    while (true) {
        while (next_line(line)) execute(line);
        if (input_ended) return 0;
        turn(1000);
    }
}
