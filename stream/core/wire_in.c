/* What comes over the connection of a WebSocket: TLS records, frames of RFC 6455. */
#include "core.h"

enum { READ_BYTES = 64 * 1024, RECORD = 16 * 1024, SLICE = 2 * 1024 };

static uint8_t received[READ_BYTES];
static PyObject *str_write, *str_read, *str_pending, *str_on_frame, *want_read, *zero_return,
    *record, *record_size;

int wire_in_ready(void)
{
    if (record_size)
        return 1;
    PyObject *module = PyImport_ImportModule("ssl");
    if (!module)
        return 0;
    want_read = PyObject_GetAttrString(module, "SSLWantReadError");
    zero_return = PyObject_GetAttrString(module, "SSLZeroReturnError");
    Py_DECREF(module);
    str_write = PyUnicode_InternFromString("write");
    str_read = PyUnicode_InternFromString("read");
    str_pending = PyUnicode_InternFromString("pending");
    str_on_frame = PyUnicode_InternFromString("on_frame");
    record = PyByteArray_FromStringAndSize(NULL, RECORD);
    if (want_read && zero_return && record)
        record_size = PyLong_FromLong(RECORD);
    return record_size != NULL;
}

static int violation(Wire *self, int close_code, const char *reason)
{
    self->broken = 1;
    return done(PyObject_CallMethod((PyObject *)self, "on_violation", "is", close_code, reason));
}

static int reserved_opcode(Wire *self, int opcode)
{
    char reason[32];
    snprintf(reason, sizeof reason, "reserved opcode %d", opcode);
    return violation(self, 1002, reason);
}

static int hand_over(Wire *self, int opcode, int fin, const uint8_t *payload, size_t size)
{
    PyObject *arguments[] = {(PyObject *)self, PyLong_FromLong(opcode), fin ? Py_True : Py_False,
                             PyBytes_FromStringAndSize((const char *)payload, (Py_ssize_t)size)};
    int failed = !arguments[1] || !arguments[3] ||
                 done(PyObject_VectorcallMethod(str_on_frame, arguments, 4, NULL));
    Py_XDECREF(arguments[1]);
    Py_XDECREF(arguments[3]);
    return failed ? -1 : 0;
}

/* Takes the whole frames at the start of `data`; returns how many bytes they have, -1 with an
 * exception set. Stops when a frame had the connection ended. */
static ssize_t take_frames(Wire *self, const uint8_t *data, size_t size)
{
    size_t used = 0;
    while (!self->broken && self->fd >= 0) {
        const uint8_t *at = data + used;
        size_t left = size - used, head = 2, length;
        self->wanted = 2;
        if (left < 2)
            break;
        length = at[1];
        if (length == 126 || length == 127) {
            head = length == 126 ? 4 : 10;
            self->wanted = head;
            if (left < head)
                break;
            length = 0;
            for (size_t byte = 2; byte < head; byte++)
                length = length << 8 | at[byte];
        } else if (length > 127) {
            return violation(self, 1002, "masked frame from the server");
        }
        int opcode = at[0] & 15, fin = at[0] >> 7, failed;
        if (at[0] & 0x70)
            return violation(self, 1002, "reserved bits in a frame");
        if ((opcode > WS_BINARY && opcode < WS_CLOSE) || opcode > WS_PONG)
            return reserved_opcode(self, opcode);
        if (opcode >= WS_CLOSE && (length > 125 || !fin))
            return violation(self, 1002, "control frame too long or in fragments");
        if (length > MAX_MESSAGE)
            return violation(self, 1009, "frame over 16777216 bytes");
        self->wanted = head + length;
        if (left < self->wanted)
            break;
        used += head + length;
        if (opcode == WS_TEXT && fin && !self->fragmented && self->lane &&
            PyObject_TypeCheck(self->lane, &LaneType)) {
            PyObject *lane = Py_NewRef(self->lane);
            failed = lane_text((Lane *)lane, (const char *)at + head, length);
            Py_DECREF(lane);
        } else {
            failed = hand_over(self, opcode, fin, at + head, length);
        }
        if (failed)
            return -1;
    }
    return (ssize_t)used;
}

/* Takes bytes of the WebSocket. */
int wire_take(Wire *self, const uint8_t *data, size_t size)
{
    /* What is kept is ours alone meanwhile: a frame may end the connection. */
    uint8_t *kept = self->kept;
    if (kept) {
        size_t have = self->kept_size;
        uint8_t *larger = PyMem_Realloc(kept, have + size);
        if (!larger) {
            PyErr_NoMemory();
            return -1;
        }
        memcpy(larger + have, data, size);
        self->kept = kept = larger;
        self->kept_size = size += have;
        data = kept;
        if (size < self->wanted)
            return 0;
        self->kept = NULL;
        self->kept_size = 0;
    }
    ssize_t used = take_frames(self, data, size);
    size_t left = used < 0 ? 0 : size - (size_t)used;
    if (used >= 0 && left && self->fd >= 0 && !self->broken) {
        self->kept = PyMem_Malloc(left);
        if (self->kept) {
            memcpy(self->kept, data + used, left);
            self->kept_size = left;
        } else {
            PyErr_NoMemory();
            used = -1;
        }
    }
    PyMem_Free(kept);
    return used < 0 ? -1 : 0;
}

/* Reads what the records that OpenSSL has hold; returns 1 at their end. */
static int read_records(Wire *self, int *ended)
{
    while (self->fd >= 0) {
        PyObject *pending = PyObject_GetAttr(self->incoming, str_pending);
        long some = pending ? PyLong_AsLong(pending) : -1;
        Py_XDECREF(pending);
        if (some <= 0)
            return (int)some;
        /* Room for a whole record, so that nothing waits inside OpenSSL. */
        PyObject *arguments[] = {self->tls_object, record_size, record};
        PyObject *count = PyObject_VectorcallMethod(str_read, arguments, 3, NULL);
        long plain = count ? PyLong_AsLong(count) : 0;
        Py_XDECREF(count);
        if (!count) {
            int waits = PyErr_ExceptionMatches(want_read);
            if (!waits && !PyErr_ExceptionMatches(zero_return))
                return wire_tls_failed(self);
            PyErr_Clear();
            if (waits)
                return 0;
        }
        if (plain <= 0) {
            *ended = 1;
            return 0;
        }
        if (wire_take(self, (const uint8_t *)PyByteArray_AS_STRING(record), (size_t)plain))
            return -1;
    }
    return 0;
}

/* Takes bytes of the wire under TLS. */
static int take_records(Wire *self, const uint8_t *data, size_t size)
{
    int ended = 0;
    /* Bit by bit: OpenSSL's buffer stays as large as it ever was. */
    while (size && !ended && self->fd >= 0) {
        size_t bit = size < SLICE ? size : SLICE;
        PyObject *bytes = PyBytes_FromStringAndSize((const char *)data, (Py_ssize_t)bit);
        int failed = !bytes || done(PyObject_CallMethodOneArg(self->incoming, str_write, bytes));
        Py_XDECREF(bytes);
        if (failed || read_records(self, &ended))
            return -1;
        data += bit;
        size -= bit;
    }
    if (self->fd >= 0) {
        /* Key updates and alerts. */
        PyObject *pending = PyObject_GetAttr(self->outgoing, str_pending);
        long some = pending ? PyLong_AsLong(pending) : -1;
        Py_XDECREF(pending);
        if (some < 0 || (some && wire_send_records(self)))
            return -1;
    }
    return ended && self->fd >= 0 ? wire_gone(self, "") : 0;
}

int wire_readable(Wire *self)
{
    if (self->fd < 0)
        return 0;
    ssize_t size = recv(self->fd, received, sizeof received, 0);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : wire_gone(self, strerror(errno));
    if (!size)
        return wire_gone(self, self->deaf ? strerror(self->deaf) : "");
    return self->tls_object ? take_records(self, received, (size_t)size)
                            : wire_take(self, received, (size_t)size);
}
