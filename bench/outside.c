/* The load around a whole stack: its callers' audio, its webhook and its bot; and what stands in
 * for app, worker and bot where Asterisk's own cost is measured, a bare RTP echo.
 *
 * SIP is SIPp's; its SDP names our ports. A caller learns where Asterisk is from the first
 * packet that it gets, and from then on says a numbered frame every 20 ms. What comes back is
 * compared byte for byte, and timed by the kernel's receive time stamps.
 *
 *   outside CALLERS
 *   stdin:  kick RTP_PORT | measure SECONDS
 *   stdout: JSON lines: ports; {"start":N,"at":T}; {"talking":N}; one for each measure. What was
 *           heard and lost is counted from the start of the program, times are of the window.
 */
#define _GNU_SOURCE
#include "outside_bot.h"

#include <signal.h>
#include <sys/resource.h>

enum { SLOTS = 80, SLOT_NS = FRAME_NS / SLOTS, EVENTS = 256, BEHIND = 50 };

static int poller, echo, kicked; /* kicked: the bare echo is the far end */
static uint16_t tcp_port;
static size_t *slots[SLOTS], slot_sizes[SLOTS];
static struct row heard;
static struct samples round_trip, pacing;
static uint64_t measuring_from, measuring_until, late, cpu_from;

/* --- the callers --------------------------------------------------------------------------- */

static void say(struct caller *caller)
{
    uint8_t packet[RTP_HEADER + FRAME];
    uint32_t number = caller->said++;
    rtp_header(packet, (uint16_t)number, number * FRAME, (uint32_t)(caller - callers) + 1);
    stamp(caller->frame, caller, ECHO_MAGIC, number);
    memcpy(packet + RTP_HEADER, caller->frame, FRAME);
    caller->sent[number % SENT] = real_ns();
    if (send(caller->rtp, packet, sizeof packet, 0) < 0)
        stalled++;
}

static int talks(const struct caller *caller)
{
    return caller->known && (caller->open || kicked);
}

static void say_slot(uint64_t slot)
{
    size_t *row = slots[slot % SLOTS];
    for (size_t i = 0; i < slot_sizes[slot % SLOTS]; i++)
        if (talks(&callers[row[i]]))
            say(&callers[row[i]]);
}

static void hear(struct caller *caller, const uint8_t *frame, uint64_t at)
{
    uint32_t magic = get32(frame), number = get32(frame + 8);
    if (magic != ECHO_MAGIC && magic != BOT_MAGIC) {
        heard.silent++;
        return;
    }
    caller->last_sound = at;
    if (get32(frame + 4) != (uint32_t)(caller - callers) ||
        memcmp(frame + STAMP, caller->frame + STAMP, FRAME - STAMP))
        heard.altered++;
    if (magic == BOT_MAGIC)
        return;
    take(&caller->heard, &heard, number, 1);
    if (measuring_from)
        sample(&round_trip, at - caller->sent[number % SENT]);
}

static void rtp_in(struct caller *caller)
{
    uint8_t data[2048], control[64];
    struct sockaddr_in from;
    struct iovec vector = {data, sizeof data};
    struct msghdr header = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &vector,
                            .msg_iovlen = 1, .msg_control = control,
                            .msg_controllen = sizeof control};
    ssize_t size = recvmsg(caller->rtp, &header, 0);
    if (size < 0)
        return;
    if (!caller->known) {
        caller->known = 1;
        if (connect(caller->rtp, (struct sockaddr *)&from, sizeof from))
            die("connect");
        tell("{\"talking\":%zu}", (size_t)(caller - callers));
    }
    struct timespec arrived;
    memcpy(&arrived, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof arrived);
    uint64_t at = (uint64_t)arrived.tv_sec * 1000000000u + (uint64_t)arrived.tv_nsec;
    if (measuring_from && caller->heard_at) {
        int64_t error = (int64_t)(at - caller->heard_at) - FRAME_NS;
        sample(&pacing, (uint64_t)(error < 0 ? -error : error));
    }
    caller->heard_at = at;
    if (size != RTP_HEADER + FRAME)
        heard.altered++;
    else
        hear(caller, data + RTP_HEADER, at);
}

/* --- the bare echo ------------------------------------------------------------------------- */

static void echo_in(void)
{
    uint8_t data[2048];
    struct sockaddr_in from;
    socklen_t room = sizeof from;
    for (int i = 0; i < 64; i++) {
        ssize_t size = recvfrom(echo, data, sizeof data, 0, (struct sockaddr *)&from, &room);
        if (size < 0)
            return;
        sendto(echo, data, (size_t)size, 0, (struct sockaddr *)&from, room);
    }
}

/* The first packet of a call: through Asterisk, it tells the caller that the line is open. */
static void kick(uint16_t port)
{
    uint8_t packet[RTP_HEADER + FRAME];
    struct sockaddr_in to = loopback(port);
    rtp_header(packet, 0, 0, port);
    memset(packet + RTP_HEADER, 0xff, FRAME);
    kicked = 1;
    sendto(echo, packet, sizeof packet, 0, (struct sockaddr *)&to, sizeof to);
}

/* --- the driver's orders ------------------------------------------------------------------- */

static void measure_end(uint64_t now)
{
    size_t talking = 0, behind = 0;
    for (size_t i = 0; i < count; i++) {
        talking += (size_t)talks(&callers[i]);
        behind += talks(&callers[i]) && callers[i].said > callers[i].heard.next + BEHIND;
    }
    printf("{\"seconds\":%.6f,\"own_cpu\":%.6f,\"late_us\":%lu,\"stalled\":%lu,\"talking\":%zu,"
           "\"behind\":%zu,\"mute\":%lu", (double)(now - measuring_from) / 1e9,
           (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_from) / 1e9, late / 1000, stalled,
           talking, behind, mute);
    measuring_from = 0;
    print_row("heard", heard);
    print_samples("round_trip_us", &round_trip);
    print_samples("pacing_us", &pacing);
    printf(",\"clears\":%zu", silence.size);
    print_samples("silence_us", &silence);
    tell("}");
}

static void order(void)
{
    /* Read past stdio: what it had buffered, epoll would not tell of. */
    static char text[65536];
    static size_t have;
    ssize_t got = read(STDIN_FILENO, text + have, sizeof text - 1 - have);
    if (got <= 0)
        exit(0);
    have += (size_t)got;
    text[have] = 0;
    char *line = text, *end;
    for (; (end = strchr(line, '\n')); line = end + 1) {
        unsigned port;
        double seconds;
        if (sscanf(line, "kick %u", &port) == 1) {
            kick((uint16_t)port);
        } else if (sscanf(line, "measure %lf", &seconds) == 1) {
            measuring_from = clock_ns(CLOCK_MONOTONIC);
            measuring_until = measuring_from + (uint64_t)(seconds * 1e9);
            cpu_from = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
            late = 0;
            silence.size = 0;
        } else {
            die("order: %s", line);
        }
    }
    have -= (size_t)(line - text);
    memmove(text, line, have);
}

/* --- start --------------------------------------------------------------------------------- */

enum kind { LISTENER, ORDERS, RTP, CONN, ECHO };

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
    watch(fd, CONN, conn);
}

/* An even port: Asterisk's RTCP goes to the one above, where nobody of ours shall be. */
static int rtp_socket(uint16_t *port)
{
    for (;;) {
        int fd = bound_socket(SOCK_DGRAM, port);
        if (*port % 2 == 0)
            return fd;
        close(fd);
    }
}

static void make_callers(void)
{
    callers = calloc(count, sizeof *callers);
    for (size_t slot = 0; slot < SLOTS; slot++)
        slots[slot] = calloc(count, sizeof **slots);
    for (size_t i = 0; i < count; i++) {
        struct caller *caller = &callers[i];
        for (size_t byte = 0; byte < FRAME; byte++)
            caller->frame[byte] = (uint8_t)(i * 7 + byte); /* over the callers, every code */
        caller->rtp = rtp_socket(&caller->port);
        caller->heard.right = 1; /* number 0 is expected: the first frame may not be lost either */
        set_option(caller->rtp, SOL_SOCKET, SO_TIMESTAMPNS, 1);
        watch(caller->rtp, RTP, caller);
        size_t slot = i * 7919 % count * SLOTS / count; /* even phases, in no order */
        slots[slot][slot_sizes[slot]++] = i;
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
            say_slot(slot++);
        clear_rounds();
        if (measuring_from && now >= measuring_until)
            measure_end(now);
        now = clock_ns(CLOCK_MONOTONIC);
        struct timespec wait = {0, now < due ? (long)(due - now) : 0};
        int got = epoll_pwait2(poller, events, EVENTS, &wait, NULL);
        for (int i = 0; i < got; i++) {
            void *what = (void *)(uintptr_t)(events[i].data.u64 & ~(uint64_t)7);
            switch (events[i].data.u64 & 7) {
            case LISTENER: accept_conn(listener); break;
            case ORDERS: order(); break;
            case RTP: rtp_in(what); break;
            case CONN: conn_readable(what, tcp_port); break;
            case ECHO: echo_in(); break;
            }
        }
    }
}

int main(int argc, char **argv)
{
    struct rlimit files;
    uint16_t echo_port;
    if (argc != 2)
        die("usage: outside CALLERS");
    count = strtoul(argv[1], NULL, 10);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN); /* a stream that the worker ends is not the end of this */
    b64_init();
    poller = epoll_create1(0);
    int listener = bound_socket(SOCK_STREAM, &tcp_port);
    if (listen(listener, 1024))
        die("listen");
    echo = rtp_socket(&echo_port);
    setsockopt(echo, SOL_SOCKET, SO_RCVBUFFORCE, &(int){4 << 20}, sizeof(int));
    watch(listener, LISTENER, NULL);
    watch(STDIN_FILENO, ORDERS, NULL);
    watch(echo, ECHO, NULL);
    make_callers();
    printf("{\"port\":%d,\"echo_port\":%d,\"rtp_ports\":[", tcp_port, echo_port);
    for (size_t i = 0; i < count; i++)
        printf("%s%d", i ? "," : "", callers[i].port);
    tell("]}");
    run(listener);
}
