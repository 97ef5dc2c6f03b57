/* The compiled core of a stream worker: what every frame passes, and nothing else.
 *
 * A stream's Python objects derive from the types here, which hold the counters of the hot path.
 * A frame that is as it should be passes in C; whatever is out of the ordinary is left untouched
 * and handed to the Python method that knows what to do. stream/twin.py is the same in Python,
 * for machines without a compiler, and says what each function has to do.
 */
#ifndef STREAM_CORE_H
#define STREAM_CORE_H

#define PY_SSIZE_T_CLEAN
#define _GNU_SOURCE
#include <Python.h>
#include <structmember.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

enum { FRAME = 160, FRAME_MS = 20, RTP_HEADER = 12, PACKET = RTP_HEADER + FRAME };
/* How late a bot may be: stream/late.py says why. */
enum { PATIENCE = 10, AHEAD = 10, CALM = 100, WAITS = 20, LINGER = 20, MAX_OWED = 6 };
enum { IDLE_TICKS = 10, SLOW_BYTES = 64 * 1024, MAX_MESSAGE = 16 * 1024 * 1024 };
enum { WS_CONTINUATION, WS_TEXT, WS_BINARY, WS_CLOSE = 8, WS_PING, WS_PONG, WS_HEAD = 14 };

/* Sequencer of the caller's packets: stream/inbound.py has the logic. */
typedef struct {
    PyObject_HEAD
    PyObject *table, *carry;
    long long ssrc; /* -1 before the first packet */
    unsigned char payload_type;
    unsigned short next_sequence;
    unsigned int next_timestamp;
    long long idle, ahead, packets, late, ignored, rebased, filled;
} Inbound;

/* Play-out buffer: stream/playout.py has the logic. */
typedef struct {
    PyObject_HEAD
    PyObject *frames, *rest, *marks;
    char speaking, held;
    long long max_bytes, queued, taken, padded, cleared, dropped, ran_dry;
} Playout;

/* The `media` message's fixed parts, and the counters: stream/messages.py has the others. */
typedef struct {
    PyObject_HEAD
    PyObject *before_chunk, *after_payload;
    unsigned long long sequence, chunk;
} MediaText;

/* RTP out: header fields of the next packet. */
typedef struct {
    PyObject_HEAD
    unsigned char payload_type, second;
    unsigned short sequence;
    unsigned int ssrc, timestamp;
} Sender;

/* What every frame of a session passes: stream/session.py has the rest. */
typedef struct {
    PyObject_HEAD
    PyObject *inbound, *playout, *writer, *sender, *link, *peer, *table, *silence, *sid;
    char is_open;
    unsigned char owes, swallowed, dry, ahead;
    unsigned short calm;
    long long frames, media_sent, media_dropped, received, rtp_sent;
} Lane;

/* The open connection of a WebSocket: stream/ws_link.py has the manners. */
typedef struct {
    PyObject_HEAD
    int fd; /* -1 when there is none */
    int deaf; /* errno of the write that failed: the server hears no more */
    char fragmented, broken;
    PyObject *tls_object, *incoming, *outgoing; /* NULL without TLS */
    PyObject *lane;
    uint8_t *waiting; /* unsent, from `sent` on */
    size_t sent, waiting_size;
    uint8_t *kept; /* the beginning of a frame */
    size_t kept_size, wanted;
} Wire;

extern PyTypeObject InboundType, PlayoutType, MediaTextType, SenderType, LaneType, WireType,
    PollerType, BatchType;

/* codec.c */
void codec_init(void);
size_t base64_encode(const uint8_t *in, size_t size, char *out);
PyObject *base64_decode(const char *in, size_t size);
const char *media_payload(const char *text, size_t size, PyObject *sid, size_t *length);
PyObject *core_media_payload(PyObject *module, PyObject *args);

/* states.c */
size_t media_text(MediaText *self, unsigned long long timestamp, const uint8_t *frame, size_t size,
                  char *out);
size_t media_text_room(MediaText *self, size_t size);
void sender_header(Sender *self, uint8_t *out);
void sender_skip(Sender *self, unsigned ticks);

/* lane.c: each returns -1 with an exception set; tick and late 0 when nothing is to be sent. */
int lane_datagram(Lane *self, const uint8_t *data, size_t size);
int lane_tick(Lane *self, uint8_t *out);
int lane_late(Lane *self, uint8_t *out);
int lane_text(Lane *self, const char *text, size_t size);
void report_failure(PyObject *self, const char *method);

/* wire.c */
int wire_send(Wire *self, int opcode, uint8_t *frame, size_t size);
static inline size_t wire_unsent(const Wire *self)
{
    return self->waiting_size - self->sent;
}
int wire_writable(Wire *self);
int wire_gone(Wire *self, const char *reason);
int wire_tls_failed(Wire *self);
int wire_send_records(Wire *self);

/* wire_in.c */
int wire_in_ready(void);
int wire_readable(Wire *self);
int wire_take(Wire *self, const uint8_t *data, size_t size);

/* Drops a result; returns -1 for none. */
static inline int done(PyObject *result)
{
    Py_XDECREF(result);
    return result ? 0 : -1;
}

static inline uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

#endif
