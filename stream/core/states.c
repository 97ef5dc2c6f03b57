/* The counters of a stream, as base types of the Python classes that hold the logic. */
#include "core.h"

/* --- Inbound -------------------------------------------------------------------------------- */

static int inbound_traverse(PyObject *object, visitproc visit, void *arg)
{
    Inbound *self = (Inbound *)object;
    Py_VISIT(self->table);
    Py_VISIT(self->carry);
    return 0;
}

static int inbound_clear(PyObject *object)
{
    Inbound *self = (Inbound *)object;
    Py_CLEAR(self->table);
    Py_CLEAR(self->carry);
    return 0;
}

#define MEMBER(type, name, kind) {#name, kind, offsetof(type, name), 0, NULL}

static void inbound_dealloc(PyObject *object)
{
    PyObject_GC_UnTrack(object);
    inbound_clear(object);
    Py_TYPE(object)->tp_free(object);
}

static PyMemberDef inbound_members[] = {
    MEMBER(Inbound, table, T_OBJECT), MEMBER(Inbound, carry, T_OBJECT),
    MEMBER(Inbound, ssrc, T_LONGLONG), MEMBER(Inbound, payload_type, T_UBYTE),
    MEMBER(Inbound, next_sequence, T_USHORT), MEMBER(Inbound, next_timestamp, T_UINT),
    MEMBER(Inbound, idle, T_LONGLONG), MEMBER(Inbound, ahead, T_LONGLONG),
    MEMBER(Inbound, packets, T_LONGLONG), MEMBER(Inbound, late, T_LONGLONG),
    MEMBER(Inbound, ignored, T_LONGLONG), MEMBER(Inbound, rebased, T_LONGLONG),
    MEMBER(Inbound, filled, T_LONGLONG), {0}};

PyTypeObject InboundType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "stream._core.InboundState",
    .tp_basicsize = sizeof(Inbound),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_dealloc = inbound_dealloc,
    .tp_traverse = inbound_traverse,
    .tp_clear = inbound_clear,
    .tp_members = inbound_members,
};

/* --- Playout -------------------------------------------------------------------------------- */

static int playout_traverse(PyObject *object, visitproc visit, void *arg)
{
    Playout *self = (Playout *)object;
    Py_VISIT(self->frames);
    Py_VISIT(self->rest);
    Py_VISIT(self->marks);
    return 0;
}

static int playout_clear(PyObject *object)
{
    Playout *self = (Playout *)object;
    Py_CLEAR(self->frames);
    Py_CLEAR(self->rest);
    Py_CLEAR(self->marks);
    return 0;
}

static void playout_dealloc(PyObject *object)
{
    PyObject_GC_UnTrack(object);
    playout_clear(object);
    Py_TYPE(object)->tp_free(object);
}

static PyMemberDef playout_members[] = {
    MEMBER(Playout, frames, T_OBJECT), MEMBER(Playout, rest, T_OBJECT),
    MEMBER(Playout, marks, T_OBJECT), MEMBER(Playout, speaking, T_BOOL),
    MEMBER(Playout, held, T_BOOL), MEMBER(Playout, max_bytes, T_LONGLONG),
    MEMBER(Playout, queued, T_LONGLONG), MEMBER(Playout, taken, T_LONGLONG),
    MEMBER(Playout, padded, T_LONGLONG), MEMBER(Playout, cleared, T_LONGLONG),
    MEMBER(Playout, dropped, T_LONGLONG), MEMBER(Playout, ran_dry, T_LONGLONG), {0}};

PyTypeObject PlayoutType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "stream._core.PlayoutState",
    .tp_basicsize = sizeof(Playout),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_dealloc = playout_dealloc,
    .tp_traverse = playout_traverse,
    .tp_clear = playout_clear,
    .tp_members = playout_members,
};

/* --- MediaText ------------------------------------------------------------------------------ */

#define HEAD "{\"event\":\"media\",\"sequenceNumber\":\""
#define TIMESTAMP "\",\"timestamp\":\""
#define PAYLOAD "\",\"payload\":\""

static char *put(char *at, const char *text, size_t size)
{
    memcpy(at, text, size);
    return at + size;
}

static char *put_number(char *at, unsigned long long number)
{
    char digits[20];
    size_t size = 0;
    do
        digits[sizeof digits - ++size] = (char)('0' + number % 10);
    while (number /= 10);
    return put(at, digits + sizeof digits - size, size);
}

size_t media_text_room(MediaText *self, size_t size)
{
    return sizeof HEAD + sizeof TIMESTAMP + sizeof PAYLOAD + 3 * 20 + size / 3 * 4 + 4 +
           (size_t)PyBytes_GET_SIZE(self->before_chunk) +
           (size_t)PyBytes_GET_SIZE(self->after_payload);
}

/* Writes the message of a frame, at most media_text_room() bytes; returns how many. */
size_t media_text(MediaText *self, unsigned long long timestamp, const uint8_t *frame, size_t size,
                  char *out)
{
    char *at = put(out, HEAD, sizeof HEAD - 1);
    at = put_number(at, ++self->sequence);
    at = put(at, PyBytes_AS_STRING(self->before_chunk),
             (size_t)PyBytes_GET_SIZE(self->before_chunk));
    at = put_number(at, ++self->chunk);
    at = put(at, TIMESTAMP, sizeof TIMESTAMP - 1);
    at = put_number(at, timestamp);
    at = put(at, PAYLOAD, sizeof PAYLOAD - 1);
    at += base64_encode(frame, size, at);
    at = put(at, PyBytes_AS_STRING(self->after_payload),
             (size_t)PyBytes_GET_SIZE(self->after_payload));
    return (size_t)(at - out);
}

static PyObject *media_text_media(PyObject *object, PyObject *args)
{
    MediaText *self = (MediaText *)object;
    unsigned long long timestamp;
    Py_buffer frame;
    if (!PyArg_ParseTuple(args, "Ky*", &timestamp, &frame))
        return NULL;
    PyObject *text = NULL;
    size_t size = (size_t)frame.len;
    if (!self->after_payload)
        PyErr_SetString(PyExc_RuntimeError, "a writer that was not made ready");
    else if ((text = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)media_text_room(self, size))))
        _PyBytes_Resize(&text, (Py_ssize_t)media_text(self, timestamp, frame.buf, size,
                                                      PyBytes_AS_STRING(text)));
    PyBuffer_Release(&frame);
    return text;
}

static int media_text_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
    MediaText *self = (MediaText *)object;
    PyObject *track, *sid;
    if (kwargs && PyDict_GET_SIZE(kwargs)) {
        PyErr_SetString(PyExc_TypeError, "no keywords");
        return -1;
    }
    if (!PyArg_ParseTuple(args, "SS", &track, &sid))
        return -1;
    Py_XSETREF(self->before_chunk,
               PyBytes_FromFormat("\",\"media\":{\"track\":%s,\"chunk\":\"",
                                  PyBytes_AS_STRING(track)));
    Py_XSETREF(self->after_payload,
               PyBytes_FromFormat("\"},\"streamSid\":%s}", PyBytes_AS_STRING(sid)));
    return self->before_chunk && self->after_payload ? 0 : -1;
}

static void media_text_dealloc(PyObject *object)
{
    MediaText *self = (MediaText *)object;
    Py_CLEAR(self->before_chunk);
    Py_CLEAR(self->after_payload);
    Py_TYPE(object)->tp_free(object);
}

static PyMemberDef media_text_members[] = {MEMBER(MediaText, sequence, T_ULONGLONG),
                                           MEMBER(MediaText, chunk, T_ULONGLONG), {0}};

static PyMethodDef media_text_methods[] = {{"media", media_text_media, METH_VARARGS, NULL}, {0}};

PyTypeObject MediaTextType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "stream._core.MediaText",
    .tp_basicsize = sizeof(MediaText),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = PyType_GenericNew,
    .tp_init = media_text_init,
    .tp_dealloc = media_text_dealloc,
    .tp_members = media_text_members,
    .tp_methods = media_text_methods,
};

/* --- Sender --------------------------------------------------------------------------------- */

static void put32(uint8_t *at, uint32_t value)
{
    for (int byte = 0; byte < 4; byte++)
        at[byte] = (uint8_t)(value >> (24 - 8 * byte));
}

/* Writes the header of the next packet, which holds a frame. */
void sender_header(Sender *self, uint8_t *out)
{
    out[0] = 0x80;
    out[1] = self->second;
    out[2] = (uint8_t)(self->sequence >> 8);
    out[3] = (uint8_t)self->sequence;
    put32(out + 4, self->timestamp);
    put32(out + 8, self->ssrc);
    self->second = self->payload_type;
    self->sequence++;
    self->timestamp += FRAME;
}

/* Lets time pass without a packet. */
void sender_skip(Sender *self, unsigned ticks)
{
    self->timestamp += ticks * FRAME;
}

static PyObject *sender_packet(PyObject *object, PyObject *frame)
{
    if (!PyBytes_Check(frame) || PyBytes_GET_SIZE(frame) != FRAME) {
        PyErr_SetString(PyExc_ValueError, "a frame has 160 bytes");
        return NULL;
    }
    uint8_t packet[PACKET];
    sender_header((Sender *)object, packet);
    memcpy(packet + RTP_HEADER, PyBytes_AS_STRING(frame), FRAME);
    return PyBytes_FromStringAndSize((char *)packet, PACKET);
}

static int sender_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
    Sender *self = (Sender *)object;
    static char *names[] = {"payload_type", "ssrc", "sequence", "timestamp", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "bIHI", names, &self->payload_type,
                                     &self->ssrc, &self->sequence, &self->timestamp))
        return -1;
    self->second = self->payload_type | 0x80; /* the first packet carries the marker bit */
    return 0;
}

static PyObject *sender_skip_method(PyObject *object, PyObject *ticks)
{
    long count = PyLong_AsLong(ticks);
    if (count == -1 && PyErr_Occurred())
        return NULL;
    sender_skip((Sender *)object, (unsigned)count);
    Py_RETURN_NONE;
}

static PyMethodDef sender_methods[] = {{"packet", sender_packet, METH_O, NULL},
                                       {"skip", sender_skip_method, METH_O, NULL},
                                       {0}};

PyTypeObject SenderType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "stream._core.Sender",
    .tp_basicsize = sizeof(Sender),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = PyType_GenericNew,
    .tp_init = sender_init,
    .tp_methods = sender_methods,
};
