/* The limit in C: one epoll loop that sends every text frame of a client on to its room.
 *
 *     broadcast PORT [join]
 *
 * GET /NAME upgrades and enters the room NAME. Nobody is asked who he is and nothing is kept.
 * One send() per socket and message; with `join`, one per socket and turn of the loop.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER (1 << 20)
#define LISTENER UINT32_MAX

typedef struct {
    bool upgraded, dirty, blocked;
    uint32_t room;
    char *rest, *out;
    size_t rest_size, out_size, out_room;
} Socket;

typedef struct {
    char name[24];
    int *members;
    uint32_t count, space;
} Room;

static int epoll;
static bool join;
static Socket *sockets; /* by file descriptor */
static int *dirty;
static uint32_t dirty_count, room_count;
static Room *rooms;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void *grow(void *old, size_t bytes) {
    void *p = realloc(old, bytes);
    if (!p) die("memory");
    return p;
}

static void watch(int fd, int operation, uint32_t events) {
    struct epoll_event e = {.events = events, .data.u32 = (uint32_t)fd};
    epoll_ctl(epoll, operation, fd, &e);
}

static void leave(int fd) {
    Socket *s = &sockets[fd];
    Room *room = &rooms[s->room];
    for (uint32_t i = 0; s->upgraded && i < room->count; i++) {
        if (room->members[i] != fd) continue;
        room->members[i] = room->members[--room->count];
        break;
    }
    free(s->rest);
    free(s->out);
    bool listed = s->dirty;
    *s = (Socket){.dirty = listed};
    close(fd);
}

static void keep(Socket *s, const char *data, size_t size) {
    if (s->out_size + size > s->out_room) {
        s->out_room = (s->out_size + size) * 2;
        s->out = grow(s->out, s->out_room);
    }
    memcpy(s->out + s->out_size, data, size);
    s->out_size += size;
}

/* A socket found gone here is closed when its event says so: rooms are being walked. */
static void flush(int fd) {
    Socket *s = &sockets[fd];
    ssize_t done = send(fd, s->out, s->out_size, MSG_NOSIGNAL);
    if (done < 0 && errno != EAGAIN) done = (ssize_t)s->out_size;
    if (done > 0) {
        s->out_size -= (size_t)done;
        memmove(s->out, s->out + done, s->out_size);
    }
    if (s->blocked != (s->out_size > 0)) {
        s->blocked = !s->blocked;
        watch(fd, EPOLL_CTL_MOD, EPOLLIN | (s->blocked ? EPOLLOUT : 0));
    }
    if (s->out_size == 0 && !join) {
        free(s->out);
        s->out = NULL;
        s->out_room = 0;
    }
}

static void deliver(int fd, const char *frame, size_t size) {
    Socket *s = &sockets[fd];
    if (join) {
        keep(s, frame, size);
        if (!s->dirty) {
            s->dirty = true;
            dirty[dirty_count++] = fd;
        }
        return;
    }
    ssize_t done = s->blocked ? 0 : send(fd, frame, size, MSG_NOSIGNAL);
    if (done < 0 && errno != EAGAIN) return;
    if (done < 0) done = 0;
    if ((size_t)done == size) return;
    keep(s, frame + done, size - (size_t)done);
    if (!s->blocked) {
        s->blocked = true;
        watch(fd, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
}

static void broadcast(Room *room, const char *payload, size_t size) {
    static char frame[BUFFER + 10];
    size_t head = 2;
    frame[0] = (char)0x81;
    if (size < 126) {
        frame[1] = (char)size;
    } else if (size < 65536) {
        frame[1] = 126;
        frame[2] = (char)(size >> 8);
        frame[3] = (char)size;
        head = 4;
    } else {
        frame[1] = 127;
        for (int i = 0; i < 8; i++) frame[2 + i] = (char)((uint64_t)size >> (56 - 8 * i));
        head = 10;
    }
    memcpy(frame + head, payload, size);
    for (uint32_t i = 0; i < room->count; i++) deliver(room->members[i], frame, head + size);
}

static uint32_t rotate(uint32_t x, int n) { return x << n | x >> (32 - n); }

/* SHA-1 of a text of at most 119 bytes, FIPS 180-4 section 6.1. */
static void sha1(const char *text, size_t size, unsigned char digest[20]) {
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    unsigned char padded[128] = {0};
    size_t total = size < 56 ? 64 : 128;
    memcpy(padded, text, size);
    padded[size] = 0x80;
    padded[total - 2] = (unsigned char)(size * 8 >> 8);
    padded[total - 1] = (unsigned char)(size * 8);
    for (unsigned char *block = padded; block < padded + total; block += 64) {
        uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 80; i++) {
            const unsigned char *p = block + 4 * i;
            w[i] = i < 16 ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
                          : rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
            uint32_t f = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                         : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                         : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                  : (b ^ c ^ d) + 0xca62c1d6;
            uint32_t t = rotate(a, 5) + f + e + w[i];
            e = d, d = c, c = rotate(b, 30), b = a, a = t;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) digest[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static void base64_of_digest(const unsigned char digest[20], char out[29]) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < 7; i++) {
        uint32_t last = i == 6 ? 0 : digest[3 * i + 2];
        uint32_t three = (uint32_t)digest[3 * i] << 16 | (uint32_t)digest[3 * i + 1] << 8 | last;
        for (int j = 0; j < 4; j++) out[4 * i + j] = letters[three >> (18 - 6 * j) & 63];
    }
    out[27] = '=';
    out[28] = 0;
}

static uint32_t room_named(const char *name) {
    for (uint32_t i = room_count; i-- > 0;)
        if (strcmp(rooms[i].name, name) == 0) return i;
    rooms = grow(rooms, (room_count + 1) * sizeof *rooms);
    rooms[room_count] = (Room){0};
    snprintf(rooms[room_count].name, sizeof rooms->name, "%s", name);
    return room_count++;
}

static size_t upgrade(int fd, const char *data, size_t size) {
    char name[24], key[25], joined[64], accept[29], answer[256];
    unsigned char digest[20];
    const char *end = memmem(data, size, "\r\n\r\n", 4);
    const char *found = end ? memmem(data, size, "Sec-WebSocket-Key: ", 19) : NULL;
    if (!found || sscanf(data, "GET /%23[^ ]", name) != 1 || sscanf(found + 19, "%24[^\r]", key) != 1)
        return 0;
    int n = snprintf(joined, sizeof joined, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    sha1(joined, (size_t)n, digest);
    base64_of_digest(digest, accept);
    n = snprintf(answer, sizeof answer,
                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
    if (send(fd, answer, (size_t)n, MSG_NOSIGNAL) != n) return 0;
    Socket *s = &sockets[fd];
    s->room = room_named(name);
    s->upgraded = true;
    Room *room = &rooms[s->room];
    if (room->count == room->space)
        room->members = grow(room->members, (room->space = room->space * 2 + 16) * sizeof(int));
    room->members[room->count++] = fd;
    return (size_t)(end - data) + 4;
}

static size_t on_frames(int fd, char *data, size_t size) {
    size_t used = 0;
    while (size - used >= 6) {
        unsigned char *p = (unsigned char *)data + used;
        size_t head = 6, length = p[1] & 127;
        if (length == 126) {
            length = (size_t)p[2] << 8 | p[3];
            head = 8;
        }
        if (size - used < head + length) break;
        for (size_t i = 0; i < length; i++) p[head + i] ^= p[head - 4 + i % 4];
        if ((p[0] & 15) == 1) broadcast(&rooms[sockets[fd].room], (char *)p + head, length);
        used += head + length;
    }
    return used;
}

static void readable(int fd) {
    static char buffer[BUFFER];
    Socket *s = &sockets[fd];
    memcpy(buffer, s->rest, s->rest_size);
    ssize_t got = recv(fd, buffer + s->rest_size, BUFFER - s->rest_size, 0);
    if (got <= 0) {
        leave(fd);
        return;
    }
    size_t size = s->rest_size + (size_t)got;
    size_t used = s->upgraded ? on_frames(fd, buffer, size) : upgrade(fd, buffer, size);
    s->rest_size = size - used;
    if (s->rest_size == 0) return;
    s->rest = grow(s->rest, s->rest_size);
    memcpy(s->rest, buffer + used, s->rest_size);
}

static void accept_all(int listener) {
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        watch(fd, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void serve(int listener) {
    struct epoll_event events[512];
    while (true) {
        int n = epoll_wait(epoll, events, 512, -1);
        for (int i = 0; i < n; i++) {
            int fd = (int)events[i].data.u32;
            if (fd == listener) accept_all(listener);
            else if (events[i].events & ~(uint32_t)EPOLLOUT) readable(fd);
            else flush(fd);
        }
        for (uint32_t i = 0; i < dirty_count; i++) {
            sockets[dirty[i]].dirty = false;
            if (sockets[dirty[i]].out_size) flush(dirty[i]);
        }
        dirty_count = 0;
    }
}

int main(int argc, char **argv) {
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct rlimit files;
    if (argc < 2) die("usage: broadcast PORT [join]");
    address.sin_port = htons((uint16_t)atoi(argv[1]));
    join = argc > 2 && strcmp(argv[2], "join") == 0;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    sockets = calloc(files.rlim_max, sizeof *sockets);
    dirty = calloc(files.rlim_max, sizeof *dirty);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0)
        die("listen");
    epoll = epoll_create1(0);
    watch(listener, EPOLL_CTL_ADD, EPOLLIN);
    serve(listener);
}
