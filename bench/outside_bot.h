/* The customer's side: a webhook that answers at once, and the bot it sends callers to.
 *
 * `POST /voice/KIND`: TwiML with a stream to `/KIND/NUMBER`, the number being the last six
 * digits of From. Kind `echo` sends every frame back as it came; kind `clear` speaks ahead and
 * clears, again and again.
 */
#ifndef BENCH_OUTSIDE_BOT_H
#define BENCH_OUTSIDE_BOT_H

#include "outside.h"

static struct conn *clearing; /* streams of kind clear */

static void conn_say(struct conn *conn, const uint8_t *start, size_t size)
{
    if (write(conn->fd, start, size) != (ssize_t)size)
        stalled++;
}

/* --- what the bot sends -------------------------------------------------------------------- */

/* `digits` are base64. */
static void say_media(struct conn *conn, const char *digits, size_t size)
{
    static uint8_t message[READ * 2];
    uint8_t *start;
    char *text = (char *)message + 8, *at = text;
    memcpy(at, conn->prefix, (size_t)conn->prefix_size);
    at += conn->prefix_size;
    memcpy(at, digits, size);
    at += size;
    memcpy(at, "\"}}", 3);
    size_t whole = ws_write((uint8_t *)text, (size_t)(at + 3 - text), WS_TEXT, 0, &start);
    conn_say(conn, start, whole);
}

static void say_clear(struct conn *conn)
{
    uint8_t message[256], *start;
    char *text = (char *)message + 8, sid[64];
    const char *from = strstr(conn->prefix, "MZ");
    snprintf(sid, sizeof sid, "%.34s", from);
    int size = snprintf(text, sizeof message - 8, "{\"event\":\"clear\",\"streamSid\":\"%s\"}", sid);
    size_t whole = ws_write((uint8_t *)text, (size_t)size, WS_TEXT, 0, &start);
    conn->cleared_at = real_ns();
    conn_say(conn, start, whole);
}

/* One frame of silence: from its packet the caller learns where Asterisk is. */
static void say_hello(struct conn *conn)
{
    uint8_t frame[FRAME];
    char digits[FRAME_B64 + 1];
    memset(frame, 0xff, sizeof frame);
    say_media(conn, digits, b64_encode(frame, FRAME, digits));
}

static void say_ahead(struct conn *conn)
{
    char digits[FRAME_B64 + 1];
    uint8_t frame[FRAME];
    memcpy(frame, conn->caller->frame, FRAME);
    for (uint32_t i = 0; i < AHEAD; i++) {
        stamp(frame, conn->caller, BOT_MAGIC, i);
        say_media(conn, digits, b64_encode(frame, FRAME, digits));
    }
}

/* Rounds of the streams of kind clear; called every slot. */
static void clear_rounds(void)
{
    uint64_t now = real_ns();
    for (struct conn *conn = clearing; conn; conn = conn->next) {
        if (conn->clear_due && now >= conn->clear_due) {
            say_clear(conn);
            conn->clear_due = 0;
        }
        if (now < conn->round_from + ROUND_MS * 1000000ull)
            continue;
        if (conn->cleared_at) {
            uint64_t end = conn->caller->last_sound + FRAME_NS;
            if (conn->caller->last_sound < conn->round_from)
                mute++;
            else
                sample(&silence, end > conn->cleared_at ? end - conn->cleared_at : 0);
        }
        conn->round_from = now;
        conn->cleared_at = 0;
        conn->clear_due = now + CLEAR_AFTER_MS * 1000000ull +
                          (uint64_t)random() % (CLEAR_SPREAD_MS * 1000000ull);
        say_ahead(conn);
    }
}

/* --- what the bot hears -------------------------------------------------------------------- */

static void bot_started(struct conn *conn, const char *text, size_t size)
{
    static const char SID[] = "\"streamSid\":\"";
    const char *sid = memmem(text, size, SID, sizeof SID - 1);
    if (!sid)
        die("start without a streamSid");
    tell("{\"start\":%zu,\"at\":%.6f}", (size_t)(conn->caller - callers), (double)real_ns() / 1e9);
    conn->prefix_size = snprintf(
        conn->prefix, sizeof conn->prefix,
        "{\"event\":\"media\",\"streamSid\":\"%.34s\",\"media\":{\"payload\":\"", sid + sizeof SID - 1);
    conn->caller->open = 1;
    say_hello(conn);
    if (conn->clears) {
        conn->round_from = real_ns();
        conn->next = clearing;
        clearing = conn;
    }
}

static void bot_heard(struct conn *conn, const char *text, size_t size)
{
    static const char MEDIA[] = "{\"event\":\"media\"", START[] = "{\"event\":\"start\"";
    static const char PAYLOAD[] = "\"payload\":\"";
    if (size > sizeof MEDIA && !memcmp(text, MEDIA, sizeof MEDIA - 1)) {
        if (conn->clears)
            return;
        const char *payload = memmem(text, size, PAYLOAD, sizeof PAYLOAD - 1);
        payload += sizeof PAYLOAD - 1;
        const char *end = memchr(payload, '"', size - (size_t)(payload - text));
        say_media(conn, payload, (size_t)(end - payload));
    } else if (size > sizeof START && !memcmp(text, START, sizeof START - 1)) {
        bot_started(conn, text, size);
    }
}

/* --- HTTP ---------------------------------------------------------------------------------- */

static void upgrade(struct conn *conn, char *text)
{
    static const char KEY[] = "Sec-WebSocket-Key: ", GUID[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char joined[128], answer[256], accept[32] = {0}, kind[16];
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size;
    size_t number;
    char *key = strcasestr(text, KEY);
    if (!key || sscanf(text, "GET /%15[a-z]/%zu", kind, &number) != 2 || number >= count)
        die("no WebSocket upgrade of the bench: %s", text);
    snprintf(joined, sizeof joined, "%.24s%s", key + sizeof KEY - 1, GUID);
    EVP_Digest(joined, strlen(joined), digest, &size, EVP_sha1(), NULL);
    b64_encode(digest, size, accept);
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept);
    conn_say(conn, (uint8_t *)answer, (size_t)length);
    conn->caller = &callers[number];
    conn->clears = !strcmp(kind, "clear");
    conn->upgraded = 1;
}

static void answer_webhook(struct conn *conn, const char *head, const char *body, int port)
{
    char kind[16], answer[512], twiml[256], *from = strstr(body, "&From=");
    if (sscanf(head, "POST /voice/%15[a-z]", kind) != 1 || !(from || !strncmp(body, "From=", 5)))
        die("no webhook of the bench: %s", head);
    from = from ? from + 6 : (char *)body + 5;
    size_t digits = strcspn(from, "&");
    unsigned long number = strtoul(from + (digits > 6 ? digits - 6 : 0), NULL, 10);
    int size = snprintf(twiml, sizeof twiml,
                        "<Response><Connect><Stream url=\"ws://127.0.0.1:%d/%s/%lu\"/></Connect>"
                        "</Response>", port, kind, number);
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n"
                          "\r\n%s", size, twiml);
    conn_say(conn, (uint8_t *)answer, (size_t)length);
}

/* Returns how many bytes of requests it has used. */
static size_t http_in(struct conn *conn, int port)
{
    char *text = (char *)conn->in, *end = memmem(text, conn->have, "\r\n\r\n", 4);
    if (!end)
        return 0;
    size_t head = (size_t)(end + 4 - text), body = 0;
    text[conn->have] = 0;
    *end = 0; /* the head is a string of its own while it is read */
    char *length = strcasestr(text, "\r\nContent-Length:");
    if (length)
        body = strtoul(length + 17, NULL, 10);
    if (conn->have < head + body) {
        *end = '\r';
        return 0;
    }
    if (!strncmp(text, "GET", 3))
        upgrade(conn, text);
    else
        answer_webhook(conn, text, end + 4, port);
    return head + body;
}

/* --- connections --------------------------------------------------------------------------- */

static void conn_gone(struct conn *conn)
{
    for (struct conn **at = &clearing; *at; at = &(*at)->next)
        if (*at == conn) {
            *at = conn->next;
            break;
        }
    if (conn->caller)
        conn->caller->open = 0;
    close(conn->fd);
    free(conn);
}

static void conn_readable(struct conn *conn, int port)
{
    ssize_t got = conn_read(conn->fd, NULL, conn->in + conn->have, READ - 1 - conn->have);
    if (got < 0)
        return;
    if (!got) {
        conn_gone(conn);
        return;
    }
    conn->have += (size_t)got;
    size_t used = 0;
    if (!conn->upgraded)
        used = http_in(conn, port);
    struct ws_frame frame;
    while (conn->upgraded && ws_read(conn->in + used, conn->have - used, &frame)) {
        if (frame.opcode == WS_TEXT)
            bot_heard(conn, (char *)frame.payload, frame.size);
        if (frame.opcode == WS_PING) { /* else the worker takes the bot for dead after 75 s */
            uint8_t pong[PONG_ROOM], *start;
            size_t whole = ws_pong(&frame, pong, &start);
            conn_say(conn, start, whole);
        }
        used += frame.whole;
    }
    conn->have -= used;
    memmove(conn->in, conn->in + used, conn->have);
}

#endif
