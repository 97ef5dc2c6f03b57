/* The yardstick: what a stream worker does to a frame, as minimal C.
 *
 * One UDP socket for the RTP of all streams, a WebSocket client connection each, one timer for
 * four groups of streams. Up: RTP, base64, Twilio's `media` message, masked frame. Down: frame,
 * payload out of the JSON, base64, buffer, paced RTP. It takes well-formed input for granted
 * and has no marks, no clear, no gap filling, no control socket: less than a worker must do,
 * so its CPU time is a floor. It does what it does the way the worker does it ("sleep"): it
 * sleeps to its next 5 ms deadline, sends what is due with sendmmsg, drains all sockets and
 * sleeps again. "wake" wakes it whenever something comes instead, "single" does so too and has
 * one system call a packet.
 *
 *   yardstick STREAMS WS_PORT CA_FILE|- sleep|wake|single    (stdin: Asterisk's ports, one a line)
 */
#define _GNU_SOURCE
#include "wire.h"

#include <sys/epoll.h>

enum { GROUPS = 4, BATCH = 64, RING = 16384, READ = 16384, EVENTS = 256 };

struct stream {
    int fd;
    SSL *tls;
    struct sockaddr_in peer;
    char sid[35];
    /* up */
    uint16_t next_sequence;
    uint32_t next_timestamp;
    uint64_t messages, frames;
    /* down: bytes read of the WebSocket, audio waiting to be sent, RTP counters */
    uint8_t in[READ];
    size_t have;
    uint8_t audio[RING];
    size_t written, taken;
    uint16_t sequence;
    uint32_t timestamp;
};

static struct stream *streams;
static size_t count;
static struct stream *by_port[65536];
static int rtp, poller, batched, sleeping;
static uint64_t gaps, unsent, bad;

static uint32_t random_key(void)
{
    static uint32_t state = 2463534242u; /* xorshift32: as good as picows' rand(), never 0 */
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static char *put_text(char *at, const char *text, size_t size)
{
    memcpy(at, text, size);
    return at + size;
}
#define PUT(at, literal) put_text(at, literal, sizeof literal - 1)

static char *put_number(char *at, uint64_t number)
{
    char digits[20];
    size_t size = 0;
    do
        digits[sizeof digits - ++size] = (char)('0' + number % 10);
    while (number /= 10);
    return put_text(at, digits + sizeof digits - size, size);
}

static void send_text(struct stream *stream, uint8_t *text, size_t size)
{
    uint8_t *start;
    size_t whole = ws_write(text, size, WS_TEXT, random_key(), &start);
    if (conn_write(stream->fd, stream->tls, start, whole) != (ssize_t)whole)
        unsent++;
}

/* --- up ------------------------------------------------------------------------------------ */

static void packet_in(const uint8_t *data, size_t size, uint16_t port)
{
    struct stream *stream = by_port[port];
    if (!stream || size != RTP_HEADER + FRAME || data[0] != 0x80 || (data[1] & 0x7f)) {
        bad++;
        return;
    }
    uint16_t sequence = get16(data + 2);
    uint32_t timestamp = get32(data + 4);
    if (stream->frames && (sequence != stream->next_sequence || timestamp != stream->next_timestamp))
        gaps++;
    stream->next_sequence = (uint16_t)(sequence + 1);
    stream->next_timestamp = timestamp + FRAME;

    uint8_t message[600];
    char *start = (char *)message + 8, *at = start;
    at = PUT(at, "{\"event\":\"media\",\"sequenceNumber\":\"");
    at = put_number(at, ++stream->messages);
    at = PUT(at, "\",\"media\":{\"track\":\"inbound\",\"chunk\":\"");
    at = put_number(at, stream->frames + 1);
    at = PUT(at, "\",\"timestamp\":\"");
    at = put_number(at, stream->frames++ * 20);
    at = PUT(at, "\",\"payload\":\"");
    at += b64_encode(data + RTP_HEADER, FRAME, at);
    at = PUT(at, "\"},\"streamSid\":\"");
    at = put_text(at, stream->sid, 34);
    at = PUT(at, "\"}");
    send_text(stream, (uint8_t *)start, (size_t)(at - start));
}

static void rtp_readable(void)
{
    static uint8_t data[BATCH][2048];
    static struct sockaddr_in from[BATCH];
    static struct iovec vectors[BATCH];
    static struct mmsghdr headers[BATCH];
    int got = 0, limit = batched ? BATCH : 1;
    do {
        for (int i = 0; i < limit; i++) {
            vectors[i] = (struct iovec){data[i], sizeof data[i]};
            headers[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                                 .msg_namelen = sizeof from[i],
                                                 .msg_iov = &vectors[i],
                                                 .msg_iovlen = 1};
        }
        if (batched) {
            got = recvmmsg(rtp, headers, BATCH, 0, NULL);
        } else {
            socklen_t size = sizeof from[0];
            ssize_t bytes =
                recvfrom(rtp, data[0], sizeof data[0], 0, (struct sockaddr *)&from[0], &size);
            headers[0].msg_len = (unsigned)bytes;
            got = bytes < 0 ? -1 : 1;
        }
        for (int i = 0; i < got; i++)
            packet_in(data[i], headers[i].msg_len, ntohs(from[i].sin_port));
    } while (got == limit);
}

/* --- down ---------------------------------------------------------------------------------- */

static void text_in(struct stream *stream, const char *text, size_t size)
{
    static const char EVENT[] = "\"event\":\"media\"", PAYLOAD[] = "\"payload\":\"";
    uint8_t audio[READ];
    const char *payload = memmem(text, size, PAYLOAD, sizeof PAYLOAD - 1);
    if (!payload || !memmem(text, size, EVENT, sizeof EVENT - 1)) {
        bad++;
        return;
    }
    payload += sizeof PAYLOAD - 1;
    const char *end = memchr(payload, '"', (size_t)(text + size - payload));
    ssize_t bytes = end ? b64_decode(payload, (size_t)(end - payload), audio) : -1;
    if (bytes < 0 || stream->written - stream->taken + (size_t)bytes > RING) {
        bad++;
        return;
    }
    size_t at = stream->written % RING, first = RING - at;
    if (first > (size_t)bytes)
        first = (size_t)bytes;
    memcpy(stream->audio + at, audio, first);
    memcpy(stream->audio, audio + first, (size_t)bytes - first);
    stream->written += (size_t)bytes;
}

static void ws_readable(struct stream *stream)
{
    /* With read-ahead one read may bring several records, which epoll knows nothing of. */
    do {
        ssize_t got = conn_read(stream->fd, stream->tls, stream->in + stream->have,
                                READ - stream->have);
        if (got < 0)
            return;
        if (!got)
            exit(0); /* the generator is done */
        stream->have += (size_t)got;
        size_t used = 0;
        struct ws_frame frame;
        while (ws_read(stream->in + used, stream->have - used, &frame)) {
            if (frame.opcode == WS_TEXT && frame.fin)
                text_in(stream, (char *)frame.payload, frame.size);
            used += frame.whole;
        }
        stream->have -= used;
        memmove(stream->in, stream->in + used, stream->have);
    } while (stream->tls && SSL_has_pending(stream->tls));
}

static void tick(size_t group)
{
    static uint8_t data[BATCH][RTP_HEADER + FRAME];
    static struct iovec vectors[BATCH];
    static struct mmsghdr headers[BATCH];
    int ready = 0, limit = batched ? BATCH : 1;
    for (size_t i = group; i < count; i += GROUPS) {
        struct stream *stream = &streams[i];
        uint8_t *packet = data[ready];
        rtp_header(packet, stream->sequence++, stream->timestamp, (uint32_t)i + 1);
        stream->timestamp += FRAME;
        if (stream->written - stream->taken >= FRAME) {
            for (size_t byte = 0; byte < FRAME; byte++)
                packet[RTP_HEADER + byte] = stream->audio[stream->taken++ % RING];
        } else {
            memset(packet + RTP_HEADER, 0xff, FRAME);
        }
        vectors[ready] = (struct iovec){packet, RTP_HEADER + FRAME};
        headers[ready].msg_hdr = (struct msghdr){.msg_name = &stream->peer,
                                                 .msg_namelen = sizeof stream->peer,
                                                 .msg_iov = &vectors[ready],
                                                 .msg_iovlen = 1};
        if (++ready < limit && i + GROUPS < count)
            continue;
        if (batched)
            unsent += (uint64_t)(ready - sendmmsg(rtp, headers, (unsigned)ready, 0));
        else
            unsent += sendto(rtp, packet, RTP_HEADER + FRAME, 0, (struct sockaddr *)&stream->peer,
                             sizeof stream->peer) < 0;
        ready = 0;
    }
}

/* --- start --------------------------------------------------------------------------------- */

static void open_stream(size_t number, uint16_t port, SSL_CTX *tls)
{
    struct stream *stream = &streams[number];
    struct sockaddr_in server = loopback(port);
    char text[1024], *end;
    stream->fd = socket(AF_INET, SOCK_STREAM, 0);
    set_option(stream->fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (connect(stream->fd, (struct sockaddr *)&server, sizeof server))
        die("connect");
    if (tls) {
        stream->tls = SSL_new(tls);
        SSL_set_fd(stream->tls, stream->fd);
        if (SSL_connect(stream->tls) != 1)
            die("TLS");
    }
    int size = snprintf(text, sizeof text,
                        "GET /%zu HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
                        number, port);
    conn_write(stream->fd, stream->tls, text, (size_t)size);
    size_t have = 0;
    do {
        ssize_t got = conn_read(stream->fd, stream->tls, text + have, sizeof text - 1 - have);
        if (got <= 0)
            die("upgrade");
        have += (size_t)got;
        text[have] = 0;
    } while (!(end = strstr(text, "\r\n\r\n")));
    set_nonblocking(stream->fd);
    snprintf(stream->sid, sizeof stream->sid, "MZ%032zx", number);
    size = snprintf(text + 8, sizeof text - 8, "{\"event\":\"start\",\"sequenceNumber\":\"1\","
                    "\"start\":{},\"streamSid\":\"%s\"}", stream->sid);
    stream->messages = 1;
    send_text(stream, (uint8_t *)text + 8, (size_t)size);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, stream->fd, &event))
        die("epoll_ctl");
}

/* Reads what is ready; waits for it until `due` at most, unless it sleeps to its deadlines. */
static void drain(uint64_t due)
{
    struct epoll_event events[EVENTS];
    int got;
    do {
        uint64_t now = clock_ns(CLOCK_MONOTONIC);
        struct timespec wait = {0, sleeping || now >= due ? 0 : (long)(due - now)};
        got = epoll_pwait2(poller, events, EVENTS, &wait, NULL);
        for (int i = 0; i < got; i++) {
            if (events[i].data.ptr)
                ws_readable(events[i].data.ptr);
            else
                rtp_readable();
        }
    } while (got == EVENTS);
}

static void run(void)
{
    const uint64_t slot = FRAME_NS / GROUPS;
    uint64_t due = clock_ns(CLOCK_MONOTONIC) + slot;
    for (size_t number = 0;;) {
        if (sleeping) {
            struct timespec until = {(time_t)(due / 1000000000), (long)(due % 1000000000)};
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        }
        for (uint64_t now = clock_ns(CLOCK_MONOTONIC); now >= due; due += slot)
            tick(number++ % GROUPS);
        drain(due);
    }
}

int main(int argc, char **argv)
{
    if (argc != 5)
        die("usage: yardstick STREAMS WS_PORT CA_FILE|- sleep|wake|single");
    count = strtoul(argv[1], NULL, 10);
    uint16_t port = (uint16_t)strtoul(argv[2], NULL, 10), own;
    sleeping = !strcmp(argv[4], "sleep");
    batched = strcmp(argv[4], "single");
    b64_init();
    SSL_CTX *tls = NULL;
    if (strcmp(argv[3], "-")) {
        tls = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_read_ahead(tls, 1); /* else OpenSSL reads a record's header by itself */
        if (SSL_CTX_load_verify_locations(tls, argv[3], NULL) != 1)
            die("%s", argv[3]);
    }
    streams = calloc(count, sizeof *streams);
    rtp = bound_socket(SOCK_DGRAM, &own);
    grow_buffers(rtp);
    poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, rtp, &event))
        die("epoll_ctl");
    printf("%d\n", own);
    fflush(stdout);
    for (size_t i = 0; i < count; i++) {
        unsigned peer;
        if (scanf("%u", &peer) != 1)
            die("ports");
        streams[i].peer = loopback((uint16_t)peer);
        by_port[peer] = &streams[i];
    }
    for (size_t i = 0; i < count; i++)
        open_stream(i, port, tls);
    run();
}
