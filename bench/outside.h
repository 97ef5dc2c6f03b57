/* What lies outside of the stack under load: its callers' audio, its webhook, its bot. */
#ifndef BENCH_OUTSIDE_H
#define BENCH_OUTSIDE_H

#pragma GCC diagnostic ignored "-Wunused-function" /* of measure.h, not all is needed here */
#include "measure.h"

#include <openssl/evp.h>
#include <sys/epoll.h>

enum { READ = 16384, STAMP = 12, SENT = 512 };
enum { AHEAD = 75, CLEAR_AFTER_MS = 500, CLEAR_SPREAD_MS = 40, ROUND_MS = 1000 };
static const uint32_t ECHO_MAGIC = 0xa1b2c3d4, BOT_MAGIC = 0xd4c3b2a1;

/* A caller: its RTP socket, and what it has said and heard. It talks once it knows Asterisk's
 * address and the far end is there: what is said before a stream's start is nobody's. */
struct caller {
    int rtp, known, open;
    uint16_t port;
    uint8_t frame[FRAME];
    uint32_t said;
    uint64_t sent[SENT], last_sound, heard_at;
    struct row heard;
};

/* A connection to our TCP port: the app's webhook request, or a stream to the bot. */
struct conn {
    int fd, upgraded, clears;
    struct caller *caller;
    uint8_t in[READ];
    size_t have;
    char prefix[128]; /* of a media message to this stream */
    int prefix_size;
    uint64_t round_from, clear_due, cleared_at;
    struct conn *next;
};

static struct caller *callers;
static size_t count;
static struct samples silence; /* from clear to the end of the last sound */
static uint64_t stalled, mute;

static uint64_t real_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

static void stamp(uint8_t *frame, const struct caller *caller, uint32_t magic, uint32_t number)
{
    put32(frame, magic);
    put32(frame + 4, (uint32_t)(caller - callers));
    put32(frame + 8, number);
}

/* A line for the driver. */
__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

#endif
