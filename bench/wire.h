/* What the bench's two C programs need on the wire: time, base64, WebSocket frames, sockets.
 *
 * Static functions in a header: each program is one compiler call, without a build system.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

enum { FRAME = 160, RTP_HEADER = 12, FRAME_NS = 20000000, FRAME_B64 = 216 };
enum { WS_CONTINUATION = 0, WS_TEXT = 1, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

UNUSED __attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, " (%s)\n", strerror(errno));
    exit(1);
}

UNUSED static uint64_t clock_ns(clockid_t clock)
{
    struct timespec time;
    if (clock_gettime(clock, &time))
        die("clock_gettime");
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* --- base64 ------------------------------------------------------------------------------ */

static const char B64_DIGITS[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static int8_t b64_values[256];

UNUSED static void b64_init(void)
{
    memset(b64_values, -1, sizeof b64_values);
    for (int digit = 0; digit < 64; digit++)
        b64_values[(uint8_t)B64_DIGITS[digit]] = (int8_t)digit;
}

/* Returns the number of digits written, padding included. */
UNUSED static size_t b64_encode(const uint8_t *in, size_t size, char *out)
{
    char *start = out;
    for (; size >= 3; size -= 3, in += 3) {
        uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        *out++ = B64_DIGITS[bits >> 18];
        *out++ = B64_DIGITS[bits >> 12 & 63];
        *out++ = B64_DIGITS[bits >> 6 & 63];
        *out++ = B64_DIGITS[bits & 63];
    }
    if (size) {
        uint32_t bits = (uint32_t)in[0] << 16 | (size == 2 ? (uint32_t)in[1] << 8 : 0);
        *out++ = B64_DIGITS[bits >> 18];
        *out++ = B64_DIGITS[bits >> 12 & 63];
        *out++ = size == 2 ? B64_DIGITS[bits >> 6 & 63] : '=';
        *out++ = '=';
    }
    return (size_t)(out - start);
}

/* Returns the number of bytes written, -1 for what is no padded base64. */
UNUSED static ssize_t b64_decode(const char *in, size_t size, uint8_t *out)
{
    uint8_t *start = out;
    if (size % 4)
        return -1;
    while (size) {
        int last = size == 4;
        int pad = last ? (in[3] == '=') + (in[3] == '=' && in[2] == '=') : 0;
        int a = b64_values[(uint8_t)in[0]], b = b64_values[(uint8_t)in[1]];
        int c = pad == 2 ? 0 : b64_values[(uint8_t)in[2]];
        int d = pad ? 0 : b64_values[(uint8_t)in[3]];
        if ((a | b | c | d) < 0)
            return -1;
        *out++ = (uint8_t)(a << 2 | b >> 4);
        if (pad < 2)
            *out++ = (uint8_t)(b << 4 | c >> 2);
        if (!pad)
            *out++ = (uint8_t)(c << 6 | d);
        in += 4, size -= 4;
    }
    return out - start;
}

/* --- RTP (RFC 3550 §5.1), the plain 12-byte header ---------------------------------------- */

UNUSED static void put16(uint8_t *at, uint16_t value)
{
    value = htons(value);
    memcpy(at, &value, 2);
}

UNUSED static void put32(uint8_t *at, uint32_t value)
{
    value = htonl(value);
    memcpy(at, &value, 4);
}

UNUSED static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

UNUSED static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

UNUSED static void rtp_header(uint8_t *at, uint16_t sequence, uint32_t timestamp, uint32_t ssrc)
{
    at[0] = 0x80;
    at[1] = 0;
    put16(at + 2, sequence);
    put32(at + 4, timestamp);
    put32(at + 8, ssrc);
}

/* --- WebSocket frames (RFC 6455 §5.2) ------------------------------------------------------ */

struct ws_frame {
    int opcode, fin;
    uint8_t *payload;
    size_t size, whole; /* of the payload, and with the header */
};

UNUSED static void ws_mask(uint8_t *data, size_t size, uint32_t key)
{
    uint64_t wide = (uint64_t)key << 32 | key;
    for (; size >= 8; size -= 8, data += 8) {
        uint64_t word;
        memcpy(&word, data, 8);
        word ^= wide;
        memcpy(data, &word, 8);
    }
    for (size_t at = 0; at < size; at++)
        data[at] ^= (uint8_t)(key >> at % 4 * 8);
}

/* Reads the frame at the start of `data` and unmasks it in place; returns 0 when it is not
 * all there yet. */
UNUSED static int ws_read(uint8_t *data, size_t size, struct ws_frame *frame)
{
    if (size < 2)
        return 0;
    size_t header = 2, length = data[1] & 0x7f;
    if (length == 126) {
        if (size < 4)
            return 0;
        length = get16(data + 2);
        header = 4;
    } else if (length == 127) {
        die("a WebSocket frame longer than any of the bench");
    }
    uint32_t key = 0;
    int masked = data[1] & 0x80;
    if (size < header + (masked ? 4 : 0) + length)
        return 0;
    if (masked) {
        memcpy(&key, data + header, 4);
        header += 4;
        ws_mask(data + header, length, key);
    }
    *frame = (struct ws_frame){data[0] & 15, data[0] >> 7, data + header, length, header + length};
    return 1;
}

/* Writes a header before `payload`, which has 8 bytes of room before it; masks when `key`. */
UNUSED static size_t ws_write(uint8_t *payload, size_t size, int opcode, uint32_t key,
                              uint8_t **start)
{
    uint8_t *at = payload;
    if (key) {
        ws_mask(payload, size, key);
        at -= 4;
        memcpy(at, &key, 4);
    }
    if (size < 126) {
        *--at = (uint8_t)size;
    } else {
        at -= 2;
        put16(at, (uint16_t)size);
        *--at = 126;
    }
    if (key)
        *at |= 0x80;
    *--at = (uint8_t)(0x80 | opcode);
    *start = at;
    return (size_t)(payload + size - at);
}

enum { PONG_ROOM = 8 + 125 };

/* Writes the answer to a ping into `message`, which has PONG_ROOM bytes. */
UNUSED static size_t ws_pong(const struct ws_frame *ping, uint8_t *message, uint8_t **start)
{
    size_t size = ping->size < 125 ? ping->size : 125;
    memcpy(message + 8, ping->payload, size);
    return ws_write(message + 8, size, WS_PONG, 0, start);
}

/* --- sockets ------------------------------------------------------------------------------- */

UNUSED static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

UNUSED static void set_option(int fd, int level, int option, int value)
{
    if (setsockopt(fd, level, option, &value, sizeof value))
        die("setsockopt %d", option);
}

/* 4 MiB of buffers for a UDP socket, beyond the system's limits where we may, as the worker. */
UNUSED static void grow_buffers(int fd)
{
    const int size = 4 << 20;
    set_option(fd, SOL_SOCKET, SO_RCVBUF, size);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, size);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) ||
        setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size))
        errno = 0; /* without CAP_NET_ADMIN */
}

UNUSED static void set_nonblocking(int fd)
{
    if (fcntl(fd, F_SETFL, O_NONBLOCK))
        die("fcntl");
}

/* Returns a socket bound to a free port on loopback, the port in `port`. */
UNUSED static int bound_socket(int type, uint16_t *port)
{
    int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) ||
        getsockname(fd, (struct sockaddr *)&address, &size))
        die("socket");
    *port = ntohs(address.sin_port);
    return fd;
}

/* One read or write of a connection, plain when `tls` is NULL; -1 when it would block. */
UNUSED static ssize_t conn_read(int fd, SSL *tls, void *data, size_t size)
{
    ssize_t got = tls ? SSL_read(tls, data, (int)size) : read(fd, data, size);
    if (got > 0)
        return got;
    if (tls ? SSL_get_error(tls, (int)got) == SSL_ERROR_WANT_READ : got < 0 && errno == EAGAIN)
        return -1;
    return 0;
}

UNUSED static ssize_t conn_write(int fd, SSL *tls, const void *data, size_t size)
{
    return tls ? SSL_write(tls, data, (int)size) : write(fd, data, size);
}

#endif
