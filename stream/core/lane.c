/* One stream's frames: the caller's packet to a message, the bot's message to a frame. */
#include "core.h"

static PyObject *str_rtp, *str_tick, *str_media, *str_message, *str_popleft, *str_append, *str_take,
    *str_play, *parse;

static int names_made(void)
{
    if (parse)
        return 1;
    str_rtp = PyUnicode_InternFromString("rtp");
    str_tick = PyUnicode_InternFromString("tick");
    str_media = PyUnicode_InternFromString("media");
    str_message = PyUnicode_InternFromString("message");
    str_popleft = PyUnicode_InternFromString("popleft");
    str_append = PyUnicode_InternFromString("append");
    str_take = PyUnicode_InternFromString("take");
    str_play = PyUnicode_InternFromString("play");
    PyObject *module = PyImport_ImportModule("stream.rtp");
    parse = module ? PyObject_GetAttrString(module, "parse") : NULL;
    Py_XDECREF(module);
    return parse != NULL;
}

/* Tells `self` of the exception that is set: one broken stream must not stop the others. */
void report_failure(PyObject *self, const char *method)
{
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    if (traceback)
        PyException_SetTraceback(error, traceback);
    if (done(PyObject_CallMethod(self, method, "O", error)))
        PyErr_WriteUnraisable(self);
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(traceback);
}

static const uint8_t *translation(PyObject *table)
{
    return table && PyBytes_CheckExact(table) && PyBytes_GET_SIZE(table) == 256
               ? (const uint8_t *)PyBytes_AS_STRING(table)
               : NULL;
}

static int empty(PyObject *bytes)
{
    return bytes && PyBytes_CheckExact(bytes) && !PyBytes_GET_SIZE(bytes);
}

/* Tells whether the lane was made ready; sets an exception when not. */
static int ready(Lane *self)
{
    if (self->sid)
        return 1;
    PyErr_SetString(PyExc_RuntimeError, "a lane that was not made ready");
    return 0;
}

/* --- up ------------------------------------------------------------------------------------- */

/* Sends a frame of µ-law on; media time goes on also while messages are dropped. */
static int send_media(Lane *self, const uint8_t *frame)
{
    MediaText *writer = (MediaText *)self->writer;
    Wire *wire = PyObject_TypeCheck(self->link, &WireType) ? (Wire *)self->link : NULL;
    uint8_t room[1024];
    if (!wire || wire_unsent(wire) > SLOW_BYTES ||
        media_text_room(writer, FRAME) + WS_HEAD > sizeof room) {
        PyObject *bytes = PyBytes_FromStringAndSize((const char *)frame, FRAME);
        if (!bytes)
            return -1;
        int failed = done(PyObject_CallMethodOneArg((PyObject *)self, str_media, bytes));
        Py_DECREF(bytes);
        return failed;
    }
    uint8_t *text = room + WS_HEAD;
    unsigned long long timestamp = (unsigned long long)self->frames++ * FRAME_MS;
    self->media_sent++;
    return wire_send(wire, WS_TEXT, text, media_text(writer, timestamp, frame, FRAME, (char *)text));
}

/* Takes a datagram; returns 0 for one that is no RTP. */
int lane_datagram(Lane *self, const uint8_t *data, size_t size)
{
    if (!ready(self))
        return -1;
    Inbound *in = (Inbound *)self->inbound;
    if (self->is_open && size == PACKET && data[0] == 0x80 && (data[1] & 0x7f) == in->payload_type &&
        get16(data + 2) == in->next_sequence && get32(data + 4) == in->next_timestamp &&
        get32(data + 8) == in->ssrc && empty(in->carry)) {
        in->next_sequence++;
        in->next_timestamp += FRAME;
        in->idle = 0;
        in->packets++;
        const uint8_t *table = translation(in->table), *payload = data + RTP_HEADER;
        uint8_t translated[FRAME];
        if (table) {
            for (int at = 0; at < FRAME; at++)
                translated[at] = table[payload[at]];
            payload = translated;
        }
        return send_media(self, payload) ? -1 : 1;
    }
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)data, (Py_ssize_t)size);
    PyObject *packet = bytes ? PyObject_CallOneArg(parse, bytes) : NULL;
    Py_XDECREF(bytes);
    if (!packet || packet == Py_None) {
        Py_XDECREF(packet);
        return packet ? 0 : -1;
    }
    int failed = done(PyObject_CallMethodOneArg((PyObject *)self, str_rtp, packet));
    Py_DECREF(packet);
    return failed ? -1 : 1;
}

/* --- down ----------------------------------------------------------------------------------- */

/* Takes a text message of the bot. */
int lane_text(Lane *self, const char *text, size_t size)
{
    if (!ready(self))
        return -1;
    Playout *playout = (Playout *)self->playout;
    size_t length;
    const char *payload = self->is_open ? media_payload(text, size, self->sid, &length) : NULL;
    PyObject *audio = payload ? base64_decode(payload, length) : Py_NewRef(Py_None);
    if (!audio)
        return -1;
    int failed;
    if (audio == Py_None) {
        PyObject *bytes = PyBytes_FromStringAndSize(text, (Py_ssize_t)size);
        failed = !bytes || done(PyObject_CallMethodOneArg((PyObject *)self, str_message, bytes));
        Py_XDECREF(bytes);
    } else {
        self->received++;
        if (PyBytes_GET_SIZE(audio) == FRAME && empty(playout->rest) && playout->frames &&
            playout->queued - playout->taken + FRAME <= playout->max_bytes) {
            playout->queued += FRAME;
            failed = done(PyObject_CallMethodOneArg(playout->frames, str_append, audio));
        } else {
            failed = done(PyObject_CallMethodOneArg((PyObject *)self, str_play, audio));
        }
    }
    Py_DECREF(audio);
    return failed ? -1 : 0;
}

/* Makes silence for a caller who has gone quiet, when it is time. */
static int tick_inbound(Lane *self)
{
    Inbound *in = (Inbound *)self->inbound;
    if (in->idle < IDLE_TICKS) {
        in->idle++;
        return 0;
    }
    PyObject *silence = PyObject_CallMethodNoArgs(self->inbound, str_tick);
    if (!silence || silence == Py_None)
        return done(silence);
    int failed = -1;
    if (PyBytes_Check(silence) && PyBytes_GET_SIZE(silence) == FRAME)
        failed = send_media(self, (uint8_t *)PyBytes_AS_STRING(silence));
    else
        PyErr_SetString(PyExc_ValueError, "a frame has 160 bytes");
    Py_DECREF(silence);
    return failed;
}

/* Takes note that the bot has kept us waiting. */
static void spend_wait(Lane *self)
{
    self->calm = self->calm > CALM ? self->calm - CALM : 0;
}

/* Returns the next frame of the bot, None for silence. */
static PyObject *take_frame(Lane *self)
{
    Playout *playout = (Playout *)self->playout;
    Py_ssize_t waiting = PyObject_Size(playout->frames);
    if (waiting < 0)
        return NULL;
    if (waiting) {
        if (playout->speaking && self->dry > 1)
            spend_wait(self);
        self->dry = 0;
        playout->taken += FRAME;
        playout->speaking = 1;
        return PyObject_CallMethodNoArgs(playout->frames, str_popleft);
    }
    if (empty(playout->rest)) {
        playout->ran_dry += playout->speaking;
        playout->speaking = 0;
        Py_RETURN_NONE;
    }
    return PyObject_CallMethodNoArgs(self->playout, str_take);
}

/* Writes the frame to be sent now, in the caller's codec. */
static int write_frame(Lane *self, uint8_t *out)
{
    PyObject *frame = self->is_open ? take_frame(self) : Py_NewRef(Py_None);
    if (!frame)
        return -1;
    self->rtp_sent++;
    const uint8_t *table = NULL;
    if (frame == Py_None)
        Py_SETREF(frame, Py_NewRef(self->silence));
    else
        table = translation(self->table);
    if (!PyBytes_Check(frame) || PyBytes_GET_SIZE(frame) != FRAME) {
        Py_DECREF(frame);
        PyErr_SetString(PyExc_ValueError, "a frame has 160 bytes");
        return -1;
    }
    const uint8_t *samples = (const uint8_t *)PyBytes_AS_STRING(frame);
    if (table)
        for (int at = 0; at < FRAME; at++)
            out[at] = table[samples[at]];
    else
        memcpy(out, samples, FRAME);
    Py_DECREF(frame);
    return 1;
}

/* How many ticks the bot may be late by. */
static int patience(const Lane *self)
{
    const Playout *playout = (Playout *)self->playout;
    int waits = playout->speaking && empty(playout->rest) && !self->ahead && self->calm >= CALM;
    return waits ? PATIENCE : 1;
}

/* Lets go the ticks waited for in vain: this one is silence, or what is left of a frame. */
static void give_up(Lane *self)
{
    int let_go = 0;
    if (((Playout *)self->playout)->speaking && self->dry > 1) {
        let_go = self->dry - 1;
        spend_wait(self);
    }
    if (self->dry < LINGER) {
        self->dry++;
    } else {
        let_go = self->owes - 1;
        self->swallowed = 0;
    }
    if (let_go > 0) {
        sender_skip((Sender *)self->sender, (unsigned)let_go);
        self->owes = (unsigned char)(self->owes - let_go);
    }
}

/* Writes the frame due now, or owes it while there is none: stream/twin.py says why. */
int lane_tick(Lane *self, uint8_t *out)
{
    if (!ready(self) || (self->is_open && tick_inbound(self)))
        return -1;
    if (self->is_open) {
        if (self->calm < WAITS * CALM)
            self->calm++;
        Playout *playout = (Playout *)self->playout;
        if (!playout->speaking)
            self->ahead = 0;
        Py_ssize_t waiting = PyObject_Size(playout->frames);
        if (waiting < 0)
            return -1;
        if (waiting) {
            self->ahead |= waiting > AHEAD;
        } else if (self->dry < patience(self) && self->owes < PATIENCE) {
            self->dry++;
            self->owes++;
            return 0;
        } else {
            give_up(self);
        }
    }
    return write_frame(self, out);
}

/* Writes the frame that the last tick owes, when it has come. */
int lane_late(Lane *self, uint8_t *out)
{
    if (!(self->owes || self->swallowed) || !self->is_open)
        return 0;
    if (!ready(self))
        return -1;
    Py_ssize_t waiting = PyObject_Size(((Playout *)self->playout)->frames);
    if (waiting <= 0)
        return (int)waiting;
    if (self->owes)
        self->owes--;
    else
        self->swallowed--;
    return write_frame(self, out);
}

/* --- the type ------------------------------------------------------------------------------- */

static PyObject *lane_datagram_method(PyObject *object, PyObject *data)
{
    char *bytes;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(data, &bytes, &size))
        return NULL;
    int known = lane_datagram((Lane *)object, (uint8_t *)bytes, (size_t)size);
    return known < 0 ? NULL : PyBool_FromLong(known);
}

static PyObject *lane_text_method(PyObject *object, PyObject *text)
{
    char *bytes;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(text, &bytes, &size) ||
        lane_text((Lane *)object, bytes, (size_t)size))
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *frame_or_none(int written, const uint8_t *frame)
{
    if (written < 0)
        return NULL;
    return written ? PyBytes_FromStringAndSize((const char *)frame, FRAME) : Py_NewRef(Py_None);
}

static PyObject *lane_tick_method(PyObject *object, PyObject *Py_UNUSED(none))
{
    uint8_t frame[FRAME];
    return frame_or_none(lane_tick((Lane *)object, frame), frame);
}

static PyObject *lane_late_method(PyObject *object, PyObject *Py_UNUSED(none))
{
    uint8_t frame[FRAME];
    return frame_or_none(lane_late((Lane *)object, frame), frame);
}

static PyMethodDef lane_methods[] = {{"datagram", lane_datagram_method, METH_O, NULL},
                                     {"text", lane_text_method, METH_O, NULL},
                                     {"tick", lane_tick_method, METH_NOARGS, NULL},
                                     {"late", lane_late_method, METH_NOARGS, NULL},
                                     {0}};

static int lane_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
    Lane *self = (Lane *)object;
    static char *names[] = {"sid", "inbound", "playout", "writer", "sender", "link",
                            "silence", "table", NULL};
    PyObject *sid, *inbound, *playout, *writer, *sender, *link, *silence, *table;
    if (!names_made() ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, "SO!O!O!O!OSO", names, &sid, &InboundType,
                                     &inbound, &PlayoutType, &playout, &MediaTextType, &writer,
                                     &SenderType, &sender, &link, &silence, &table))
        return -1;
    if (!((MediaText *)writer)->after_payload || !((Playout *)playout)->frames) {
        PyErr_SetString(PyExc_ValueError, "parts of a lane must have been made ready");
        return -1;
    }
    Py_XSETREF(self->sid, Py_NewRef(sid));
    Py_XSETREF(self->inbound, Py_NewRef(inbound));
    Py_XSETREF(self->playout, Py_NewRef(playout));
    Py_XSETREF(self->writer, Py_NewRef(writer));
    Py_XSETREF(self->sender, Py_NewRef(sender));
    self->calm = WAITS * CALM;
    Py_XSETREF(self->link, Py_NewRef(link));
    Py_XSETREF(self->silence, Py_NewRef(silence));
    Py_XSETREF(self->table, Py_NewRef(table));
    return 0;
}

static int lane_traverse(PyObject *object, visitproc visit, void *arg)
{
    Lane *self = (Lane *)object;
    Py_VISIT(self->inbound);
    Py_VISIT(self->playout);
    Py_VISIT(self->writer);
    Py_VISIT(self->sender);
    Py_VISIT(self->link);
    Py_VISIT(self->peer);
    Py_VISIT(self->table);
    Py_VISIT(self->silence);
    Py_VISIT(self->sid);
    return 0;
}

static int lane_clear(PyObject *object)
{
    Lane *self = (Lane *)object;
    Py_CLEAR(self->inbound);
    Py_CLEAR(self->playout);
    Py_CLEAR(self->writer);
    Py_CLEAR(self->sender);
    Py_CLEAR(self->link);
    Py_CLEAR(self->peer);
    Py_CLEAR(self->table);
    Py_CLEAR(self->silence);
    Py_CLEAR(self->sid);
    return 0;
}

static void lane_dealloc(PyObject *object)
{
    PyObject_GC_UnTrack(object);
    lane_clear(object);
    Py_TYPE(object)->tp_free(object);
}

#define MEMBER(name, kind, flags) {#name, kind, offsetof(Lane, name), flags, NULL}

static PyMemberDef lane_members[] = {
    MEMBER(inbound, T_OBJECT, READONLY), MEMBER(playout, T_OBJECT, READONLY),
    MEMBER(writer, T_OBJECT, READONLY), MEMBER(sender, T_OBJECT, READONLY),
    MEMBER(link, T_OBJECT, READONLY), MEMBER(peer, T_OBJECT, 0),
    MEMBER(is_open, T_BOOL, 0), MEMBER(owes, T_UBYTE, 0),
    MEMBER(swallowed, T_UBYTE, 0),
    MEMBER(frames, T_LONGLONG, 0), MEMBER(media_sent, T_LONGLONG, 0),
    MEMBER(media_dropped, T_LONGLONG, 0), MEMBER(received, T_LONGLONG, 0),
    MEMBER(rtp_sent, T_LONGLONG, 0), {0}};

PyTypeObject LaneType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "stream._core.Lane",
    .tp_basicsize = sizeof(Lane),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_init = lane_init,
    .tp_dealloc = lane_dealloc,
    .tp_traverse = lane_traverse,
    .tp_clear = lane_clear,
    .tp_members = lane_members,
    .tp_methods = lane_methods,
};
