/* The load around one stream worker: plays Asterisk (RTP) and the bot (WebSocket server).
 *
 * Every stream has its own UDP port, as Asterisk's externalMedia channels have, and sends a
 * frame each way every 20 ms of real time, at a phase of its own. Frames carry their number, so
 * that each one is followed through the subject: what is lost, doubled, reordered or altered is
 * counted, and how long it took. RTP is timed by the kernel's receive time stamps, so that this
 * program's own lateness does not count as the subject's.
 *
 *   generator STREAMS [CERTIFICATE KEY]
 *   stdin:  target RTP_PORT | measure PID WARM_UP_SECONDS SECONDS | go-on PID SECONDS
 *   stdout: a line of JSON at the start, when all streams have started, and for each measure;
 *           go-on measures with no gap to the window before it
 */
#define _GNU_SOURCE
#include "measure.h"

#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>

enum { SLOTS = 80, SLOT_NS = FRAME_NS / SLOTS, CUSHION = 5, SENT = 256, READ = 16384, EVENTS = 256 };
enum { STAMP = 12, STAMP_B64 = 16, TAIL_B64 = FRAME_B64 - STAMP_B64 };
static const uint32_t MAGIC = 0xa1b2c3d4;

struct stream {
    int rtp, listed;
    uint16_t port;
    uint8_t frame[FRAME];
    char tail[TAIL_B64 + 1]; /* base64 of the frame behind its stamp */
    uint32_t up, down;       /* frames sent so far */
    uint64_t sent[SENT], first_rtp, last_rtp, first_number;
};

struct conn {
    int fd, upgraded;
    SSL *tls;
    struct stream *stream;
    uint8_t in[READ];
    size_t have;
};

static struct stream *streams;
static size_t count, started;
static int poller;
static SSL_CTX *tls_context;
static struct conn **conns; /* by stream: NULL until its start message */
static size_t *slots[SLOTS], slot_sizes[SLOTS], *down_slots[SLOTS], down_sizes[SLOTS];
static struct row up, down, rtp_row, *rows; /* rows: up, down, rtp of each stream */
static struct samples latency, pacing;
static uint64_t measuring_from, measuring_until, late, stalled;

static int in_window(void)
{
    return measuring_from != 0;
}

/* --- what goes out ------------------------------------------------------------------------- */

static void stamp(struct stream *stream, uint32_t number)
{
    put32(stream->frame, MAGIC);
    put32(stream->frame + 4, (uint32_t)(stream - streams));
    put32(stream->frame + 8, number);
}

static void play_rtp(struct stream *stream)
{
    uint8_t packet[RTP_HEADER + FRAME];
    uint32_t number = stream->up++;
    rtp_header(packet, (uint16_t)number, number * FRAME, (uint32_t)(stream - streams) + 1);
    stamp(stream, number);
    memcpy(packet + RTP_HEADER, stream->frame, FRAME);
    stream->sent[number % SENT] = clock_ns(CLOCK_MONOTONIC);
    if (send(stream->rtp, packet, sizeof packet, 0) < 0)
        stalled++;
}

static void play_media(struct stream *stream)
{
    struct conn *conn = conns[stream - streams];
    uint8_t message[512], *start;
    char *text = (char *)message + 8;
    stamp(stream, stream->down++);
    int size = sprintf(text, "{\"event\":\"media\",\"streamSid\":\"MZ%032zx\",\"media\":{\"payload\":\"",
                       (size_t)(stream - streams));
    size += (int)b64_encode(stream->frame, STAMP, text + size);
    memcpy(text + size, stream->tail, TAIL_B64);
    memcpy(text + size + TAIL_B64, "\"}}", 3);
    size_t whole = ws_write((uint8_t *)text, (size_t)size + TAIL_B64 + 3, WS_TEXT, 0, &start);
    if (conn_write(conn->fd, conn->tls, start, whole) != (ssize_t)whole)
        stalled++;
}

static void play_slot(uint64_t slot)
{
    size_t *row = slots[slot % SLOTS], *down_row = down_slots[slot % SLOTS];
    for (size_t i = 0; i < slot_sizes[slot % SLOTS]; i++)
        if (conns[row[i]])
            play_rtp(&streams[row[i]]);
    for (size_t i = 0; i < down_sizes[slot % SLOTS]; i++)
        if (conns[down_row[i]])
            play_media(&streams[down_row[i]]);
}

/* --- what comes in ------------------------------------------------------------------------- */

/* Of RTP that arrived at a stream's port. */
static void rtp_in(struct stream *stream)
{
    uint8_t data[2048], control[64];
    struct iovec vector = {data, sizeof data};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control,
                            .msg_controllen = sizeof control};
    if (recvmsg(stream->rtp, &header, 0) != RTP_HEADER + FRAME)
        return;
    size_t number = (size_t)(stream - streams);
    struct timespec arrived;
    memcpy(&arrived, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof arrived);
    uint64_t at = (uint64_t)arrived.tv_sec * 1000000000u + (uint64_t)arrived.tv_nsec;
    if (in_window() && stream->last_rtp) {
        int64_t error = (int64_t)(at - stream->last_rtp) - FRAME_NS;
        sample(&pacing, (uint64_t)(error < 0 ? -error : error));
    }
    stream->last_rtp = at;
    struct row *mine = rows + 3 * number;
    if (!stream->first_rtp) {
        stream->first_rtp = at;
        stream->first_number = 65536u + get16(data + 2);
    }
    uint16_t sequence = get16(data + 2);
    /* 16 bits made whole again by the number that is expected. */
    take(&mine[2], &rtp_row, mine[2].right
             ? mine[2].next + (uint64_t)(int64_t)(int16_t)(sequence - (uint16_t)mine[2].next)
             : (uint64_t)sequence + 65536, in_window());
    if (get32(data + RTP_HEADER) == MAGIC) {
        if (get32(data + RTP_HEADER + 4) != number ||
            memcmp(data + RTP_HEADER + STAMP, stream->frame + STAMP, FRAME - STAMP))
            down.altered++;
        take(&mine[1], &down, get32(data + RTP_HEADER + 8), in_window());
    } else if (in_window()) {
        down.silent++;
    }
}

static void media_in(struct conn *conn, const char *text, size_t size)
{
    static const char PAYLOAD[] = "\"payload\":\"";
    struct stream *stream = conn->stream;
    uint8_t head[STAMP];
    const char *payload = memmem(text, size, PAYLOAD, sizeof PAYLOAD - 1);
    payload += sizeof PAYLOAD - 1;
    if (payload + FRAME_B64 > text + size || b64_decode(payload, STAMP_B64, head) != STAMP ||
        get32(head) != MAGIC) {
        up.silent += (uint64_t)in_window();
        return;
    }
    uint32_t number = get32(head + 8);
    if (get32(head + 4) != (uint32_t)(stream - streams) ||
        memcmp(payload + STAMP_B64, stream->tail, TAIL_B64))
        up.altered++;
    take(&rows[3 * (stream - streams)], &up, number, in_window());
    if (in_window())
        sample(&latency, clock_ns(CLOCK_MONOTONIC) - stream->sent[number % SENT]);
}

static void start_stream(struct conn *conn)
{
    size_t number = (size_t)(conn->stream - streams);
    if (conns[number])
        die("stream %zu started twice", number);
    conns[number] = conn;
    /* The bot speaks ahead by a little, so that its own lateness leaves no hole. */
    for (int i = 0; i < CUSHION; i++)
        play_media(conn->stream);
    if (++started == count) {
        printf("{\"started\":%zu}\n", count);
        fflush(stdout);
    }
}

static void text_in(struct conn *conn, const char *text, size_t size)
{
    static const char MEDIA[] = "{\"event\":\"media\"", START[] = "{\"event\":\"start\"";
    if (size > sizeof MEDIA && !memcmp(text, MEDIA, sizeof MEDIA - 1))
        media_in(conn, text, size);
    else if (size > sizeof START && !memcmp(text, START, sizeof START - 1))
        start_stream(conn);
}

static void upgrade(struct conn *conn)
{
    static const char KEY[] = "Sec-WebSocket-Key: ", GUID[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char *text = (char *)conn->in, joined[128], answer[256], accept[32] = {0};
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size;
    if (!memmem(text, conn->have, "\r\n\r\n", 4))
        return;
    text[conn->have] = 0;
    size_t number = strtoul(text + sizeof "GET /" - 1, NULL, 10);
    char *key = strcasestr(text, KEY);
    if (!key || number >= count)
        die("no WebSocket upgrade of the bench: %s", text);
    snprintf(joined, sizeof joined, "%.24s%s", key + sizeof KEY - 1, GUID);
    EVP_Digest(joined, strlen(joined), digest, &size, EVP_sha1(), NULL);
    b64_encode(digest, size, accept);
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
    conn_write(conn->fd, conn->tls, answer, (size_t)length);
    conn->stream = &streams[number];
    conn->upgraded = 1;
    conn->have = 0;
}

static void conn_readable(struct conn *conn)
{
    if (conn->tls && !SSL_is_init_finished(conn->tls) && SSL_accept(conn->tls) != 1)
        return;
    do {
        ssize_t got = conn_read(conn->fd, conn->tls, conn->in + conn->have,
                                READ - 1 - conn->have);
        if (got < 0)
            return;
        if (!got) {
            epoll_ctl(poller, EPOLL_CTL_DEL, conn->fd, NULL);
            return;
        }
        conn->have += (size_t)got;
        if (!conn->upgraded) {
            upgrade(conn);
            continue;
        }
        size_t used = 0;
        struct ws_frame frame;
        while (ws_read(conn->in + used, conn->have - used, &frame)) {
            if (frame.opcode == WS_TEXT)
                text_in(conn, (char *)frame.payload, frame.size);
            if (frame.opcode == WS_PING) { /* else the worker takes the bot for dead after 75 s */
                uint8_t pong[PONG_ROOM], *start;
                size_t whole = ws_pong(&frame, pong, &start);
                if (conn_write(conn->fd, conn->tls, start, whole) != (ssize_t)whole)
                    stalled++;
            }
            used += frame.whole;
        }
        conn->have -= used;
        memmove(conn->in, conn->in + used, conn->have);
    } while (conn->tls && SSL_has_pending(conn->tls));
}

/* --- the driver's orders ------------------------------------------------------------------- */

static long subject;
static uint64_t warm_until, window;
static struct usage before;

static void measure_begin(uint64_t now, int afresh)
{
    warm_until = 0;
    measuring_from = now;
    measuring_until = now + window;
    if (afresh) {
        up = down = rtp_row = (struct row){0};
        late = stalled = 0;
    }
    before = usage(subject);
}

/* How far the first stream's RTP is before the clock on the wall, in ms. */
static double drift(void)
{
    double audio = (double)(rows[2].next - 1 - streams->first_number) * 20;
    return audio - (double)(streams->last_rtp - streams->first_rtp) / 1e6;
}

static void measure_end(uint64_t now)
{
    struct usage after = usage(subject);
    printf("{\"seconds\":%.6f,\"cpu_ns\":%lu,\"user_ticks\":%ld,\"system_ticks\":%ld,"
           "\"wakeups\":%ld,\"generator_cpu_ns\":%lu,\"generator_late_us\":%lu,\"stalled\":%lu",
           (double)(now - measuring_from) / 1e9, after.cpu - before.cpu, after.user - before.user,
           after.system - before.system, after.wakeups - before.wakeups,
           after.own_cpu - before.own_cpu, late / 1000, stalled);
    measuring_from = 0;
    print_row("up", up);
    print_row("down", down);
    print_row("rtp", rtp_row);
    print_samples("latency_us", &latency);
    print_samples("pacing_us", &pacing);
    printf(",\"drift_ms\":%.3f}\n", drift());
    fflush(stdout);
    up = down = rtp_row = (struct row){0};
    late = stalled = 0;
}

static void order(void)
{
    char line[256];
    unsigned port;
    double warm, seconds;
    if (!fgets(line, sizeof line, stdin))
        exit(0);
    if (sscanf(line, "target %u", &port) == 1) {
        struct sockaddr_in address = loopback((uint16_t)port);
        for (size_t i = 0; i < count; i++)
            if (connect(streams[i].rtp, (struct sockaddr *)&address, sizeof address))
                die("connect");
    } else if (sscanf(line, "measure %ld %lf %lf", &subject, &warm, &seconds) == 3) {
        window = (uint64_t)(seconds * 1e9);
        warm_until = clock_ns(CLOCK_MONOTONIC) + (uint64_t)(warm * 1e9);
    } else if (sscanf(line, "go-on %ld %lf", &subject, &seconds) == 2) {
        window = (uint64_t)(seconds * 1e9);
        measure_begin(clock_ns(CLOCK_MONOTONIC), 0);
    } else {
        die("order: %s", line);
    }
}

/* --- start --------------------------------------------------------------------------------- */

enum kind { LISTENER, ORDERS, RTP, CONN };

static void watch(int fd, enum kind kind, void *what)
{
    /* The kind rides in the pointer's low bits, which alignment leaves free. */
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)(uintptr_t)what | kind};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event))
        die("epoll_ctl");
}

static void accept_conn(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct conn *conn = calloc(1, sizeof *conn);
    conn->fd = fd;
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (tls_context) {
        conn->tls = SSL_new(tls_context);
        SSL_set_fd(conn->tls, fd);
        SSL_set_accept_state(conn->tls);
    }
    watch(fd, CONN, conn);
}

static void make_streams(void)
{
    streams = calloc(count, sizeof *streams);
    conns = calloc(count, sizeof *conns);
    rows = calloc(count * 3, sizeof *rows);
    for (size_t slot = 0; slot < SLOTS; slot++) {
        slots[slot] = calloc(count, sizeof **slots);
        down_slots[slot] = calloc(count, sizeof **down_slots);
    }
    for (size_t i = 0; i < count; i++) {
        struct stream *stream = &streams[i];
        char text[FRAME_B64 + 1];
        for (size_t byte = 0; byte < FRAME; byte++)
            stream->frame[byte] = (uint8_t)(i * 7 + byte); /* over the streams, every code */
        b64_encode(stream->frame, FRAME, text);
        memcpy(stream->tail, text + STAMP_B64, TAIL_B64);
        stream->rtp = bound_socket(SOCK_DGRAM, &stream->port);
        set_option(stream->rtp, SOL_SOCKET, SO_TIMESTAMPNS, 1);
        watch(stream->rtp, RTP, stream);
        /* Even phases; 7919 is a prime, so that a stream's two directions are strangers. */
        size_t slot = i * SLOTS / count, other = i * 7919 % count * SLOTS / count;
        slots[slot][slot_sizes[slot]++] = i;
        down_slots[other][down_sizes[other]++] = i;
    }
}

static void run(int listener)
{
    struct epoll_event events[EVENTS];
    uint64_t due = clock_ns(CLOCK_MONOTONIC), slot = 0;
    for (;;) {
        uint64_t now = clock_ns(CLOCK_MONOTONIC);
        if (now > due && now - due > late)
            late = now - due;
        for (; due <= now; due += SLOT_NS)
            play_slot(slot++);
        if (warm_until && now >= warm_until)
            measure_begin(now, 1);
        else if (measuring_from && now >= measuring_until)
            measure_end(now);
        now = clock_ns(CLOCK_MONOTONIC);
        struct timespec wait = {0, now < due ? (long)(due - now) : 0};
        int got = epoll_pwait2(poller, events, EVENTS, &wait, NULL);
        for (int i = 0; i < got; i++) {
            void *what = (void *)(uintptr_t)(events[i].data.u64 & ~(uint64_t)3);
            switch (events[i].data.u64 & 3) {
            case LISTENER: accept_conn(listener); break;
            case ORDERS: order(); break;
            case RTP: rtp_in(what); break;
            case CONN: conn_readable(what); break;
            }
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 4)
        die("usage: generator STREAMS [CERTIFICATE KEY]");
    signal(SIGPIPE, SIG_IGN); /* a stream that the worker ends is not the end of this */
    count = strtoul(argv[1], NULL, 10);
    if (argc == 4) {
        tls_context = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_read_ahead(tls_context, 1);
        if (SSL_CTX_use_certificate_chain_file(tls_context, argv[2]) != 1 ||
            SSL_CTX_use_PrivateKey_file(tls_context, argv[3], SSL_FILETYPE_PEM) != 1)
            die("%s", argv[2]);
    }
    b64_init();
    poller = epoll_create1(0);
    uint16_t port;
    int listener = bound_socket(SOCK_STREAM, &port);
    if (listen(listener, 1024))
        die("listen");
    watch(listener, LISTENER, NULL);
    watch(STDIN_FILENO, ORDERS, NULL);
    make_streams();
    printf("{\"port\":%d,\"rtp_ports\":[", port);
    for (size_t i = 0; i < count; i++)
        printf("%s%d", i ? "," : "", streams[i].port);
    printf("]}\n");
    fflush(stdout);
    run(listener);
}
