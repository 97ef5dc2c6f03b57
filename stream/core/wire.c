/* The open connection of one WebSocket: frames of RFC 6455, with TLS by Python's ssl. */
#include "core.h"

#include <sys/random.h>

static PyObject *str_write, *str_read, *str_on_gone, *str_on_blocked;

static int names_made(void)
{
    if (!str_on_blocked) {
        str_write = PyUnicode_InternFromString("write");
        str_read = PyUnicode_InternFromString("read");
        str_on_gone = PyUnicode_InternFromString("on_gone");
        str_on_blocked = PyUnicode_InternFromString("on_blocked");
    }
    return str_on_blocked && wire_in_ready();
}

/* Says why the connection is gone. */
int wire_gone(Wire *self, const char *reason)
{
    PyObject *text = PyUnicode_DecodeUTF8(reason, (Py_ssize_t)strlen(reason), "replace");
    int failed = !text || done(PyObject_CallMethodOneArg((PyObject *)self, str_on_gone, text));
    Py_XDECREF(text);
    return failed ? -1 : 0;
}

/* Says that TLS failed, when that is the exception that is set. */
int wire_tls_failed(Wire *self)
{
    PyObject *type, *error, *traceback;
    if (!PyErr_ExceptionMatches(PyExc_OSError)) /* SSLError is one */
        return -1;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    PyObject *reason = error ? PyObject_GetAttrString(error, "reason") : NULL;
    PyErr_Clear();
    PyObject *text = PyUnicode_FromFormat("TLS failed: %S", reason ? reason : Py_None);
    int failed = !text || done(PyObject_CallMethodOneArg((PyObject *)self, str_on_gone, text));
    Py_XDECREF(text);
    Py_XDECREF(reason);
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(traceback);
    return failed ? -1 : 0;
}

/* --- out ------------------------------------------------------------------------------------ */

/* Keeps what the socket does not take. */
static int keep_waiting(Wire *self, const uint8_t *data, size_t size)
{
    size_t unsent = wire_unsent(self);
    if (self->sent) {
        memmove(self->waiting, self->waiting + self->sent, unsent);
        self->sent = 0;
        self->waiting_size = unsent;
    }
    uint8_t *larger = PyMem_Realloc(self->waiting, unsent + size);
    if (!larger) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(larger + unsent, data, size);
    self->waiting = larger;
    self->waiting_size = unsent + size;
    return unsent ? 0
                  : done(PyObject_CallMethodOneArg((PyObject *)self, str_on_blocked, Py_True));
}

/* A write has failed. When the server is gone, what it sent before is still to be read: its close
 * perhaps. The end of that is where the connection is found to be gone. */
static int write_failed(Wire *self)
{
    if (errno != EPIPE && errno != ECONNRESET)
        return wire_gone(self, strerror(errno));
    self->deaf = errno;
    return 0;
}

static int send_bytes(Wire *self, const uint8_t *data, size_t size)
{
    if (self->fd < 0 || self->deaf || !size)
        return 0;
    if (!wire_unsent(self)) {
        ssize_t sent = send(self->fd, data, size, MSG_NOSIGNAL);
        if (sent == (ssize_t)size)
            return 0;
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return write_failed(self);
        if (sent > 0) {
            data += sent;
            size -= (size_t)sent;
        }
    }
    return keep_waiting(self, data, size);
}

/* Sends what TLS has to say. */
int wire_send_records(Wire *self)
{
    PyObject *records = PyObject_CallMethodNoArgs(self->outgoing, str_read);
    if (!records)
        return -1;
    int failed = -1;
    if (PyBytes_Check(records))
        failed = send_bytes(self, (uint8_t *)PyBytes_AS_STRING(records),
                            (size_t)PyBytes_GET_SIZE(records));
    Py_DECREF(records);
    return failed;
}

static uint32_t mask_key(void)
{
    static uint64_t state;
    while (!state) /* it need not be a secret: stream/frames.py says why */
        if (getrandom(&state, sizeof state, 0) != sizeof state)
            state = 0x9e3779b97f4a7c15u;
    state ^= state << 13; /* xorshift64 (Marsaglia 2003) */
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

/* Sends a frame of `size` bytes at `payload`, which has WS_HEAD bytes of room before it and is
 * masked in place. */
int wire_send(Wire *self, int opcode, uint8_t *payload, size_t size)
{
    uint8_t *at = payload - 4;
    uint32_t key = mask_key();
    uint64_t wide = (uint64_t)key << 32 | key;
    size_t whole = size & ~(size_t)7;
    if (self->fd < 0)
        return 0;
    for (size_t byte = 0; byte < whole; byte += 8) {
        uint64_t word;
        memcpy(&word, payload + byte, 8);
        word ^= wide;
        memcpy(payload + byte, &word, 8);
    }
    memcpy(at, &key, 4);
    for (size_t byte = whole; byte < size; byte++)
        payload[byte] ^= at[byte & 3];
    if (size < 126) {
        *--at = (uint8_t)(0x80 | size);
    } else {
        int bytes = size < 0x10000 ? 2 : 8;
        for (int shift = 0; shift < bytes; shift++)
            *--at = (uint8_t)(size >> 8 * shift);
        *--at = bytes == 2 ? 0xfe : 0xff;
    }
    *--at = (uint8_t)(0x80 | opcode);
    size += (size_t)(payload - at);
    if (!self->tls_object)
        return send_bytes(self, at, size);
    PyObject *frame = PyBytes_FromStringAndSize((char *)at, (Py_ssize_t)size);
    if (!frame)
        return -1;
    int failed = done(PyObject_CallMethodOneArg(self->tls_object, str_write, frame));
    Py_DECREF(frame);
    return failed ? wire_tls_failed(self) : wire_send_records(self);
}

int wire_writable(Wire *self)
{
    size_t unsent = wire_unsent(self);
    if (self->fd < 0 || !unsent)
        return 0;
    ssize_t sent = send(self->fd, self->waiting + self->sent, unsent, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno == EAGAIN || errno == EINTR)
            return 0;
        if (write_failed(self))
            return -1;
    } else {
        self->sent += (size_t)sent;
    }
    if (self->fd < 0 || (wire_unsent(self) && !self->deaf))
        return 0;
    PyMem_Free(self->waiting);
    self->waiting = NULL;
    self->sent = self->waiting_size = 0;
    return done(PyObject_CallMethodOneArg((PyObject *)self, str_on_blocked, Py_False));
}

/* --- the type ------------------------------------------------------------------------------- */

static int release(PyObject *object)
{
    Wire *self = (Wire *)object;
    self->fd = -1;
    Py_CLEAR(self->tls_object);
    Py_CLEAR(self->incoming);
    Py_CLEAR(self->outgoing);
    Py_CLEAR(self->lane);
    PyMem_Free(self->waiting);
    PyMem_Free(self->kept);
    self->waiting = self->kept = NULL;
    self->sent = self->waiting_size = self->kept_size = 0;
    return 0;
}

static PyObject *wire_attach(PyObject *object, PyObject *args)
{
    Wire *self = (Wire *)object;
    PyObject *sock, *tls;
    if (!names_made() || !PyArg_ParseTuple(args, "OO", &sock, &tls))
        return NULL;
    int fd = PyObject_AsFileDescriptor(sock);
    if (fd < 0)
        return NULL;
    release(object);
    if (tls != Py_None) {
        self->tls_object = PyObject_GetAttrString(tls, "object");
        self->incoming = PyObject_GetAttrString(tls, "incoming");
        self->outgoing = PyObject_GetAttrString(tls, "outgoing");
        if (!self->tls_object || !self->incoming || !self->outgoing)
            return NULL;
    }
    self->broken = 0;
    self->deaf = 0;
    self->fd = fd;
    Py_RETURN_NONE;
}

static PyObject *wire_detach(PyObject *object, PyObject *Py_UNUSED(none))
{
    release(object);
    Py_RETURN_NONE;
}

static PyObject *wire_send_frame(PyObject *object, PyObject *args)
{
    Wire *self = (Wire *)object;
    int opcode;
    Py_buffer payload;
    if (!PyArg_ParseTuple(args, "iy*", &opcode, &payload))
        return NULL;
    size_t size = (size_t)payload.len;
    uint8_t small[2048], *room = small;
    int failed = -1;
    if (self->fd < 0)
        failed = 0;
    else if (size + WS_HEAD > sizeof small && !(room = PyMem_Malloc(size + WS_HEAD)))
        PyErr_NoMemory();
    else {
        memcpy(room + WS_HEAD, payload.buf, size);
        failed = wire_send(self, opcode, room + WS_HEAD, size);
    }
    if (room != small)
        PyMem_Free(room);
    PyBuffer_Release(&payload);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *wire_take_method(PyObject *object, PyObject *args)
{
    Py_buffer data;
    if (!PyArg_ParseTuple(args, "y*", &data))
        return NULL;
    int failed = wire_take((Wire *)object, data.buf, (size_t)data.len);
    PyBuffer_Release(&data);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *wire_readable_method(PyObject *object, PyObject *Py_UNUSED(none))
{
    return wire_readable((Wire *)object) ? NULL : Py_NewRef(Py_None);
}

static PyObject *wire_writable_method(PyObject *object, PyObject *Py_UNUSED(none))
{
    return wire_writable((Wire *)object) ? NULL : Py_NewRef(Py_None);
}

static PyObject *wire_get_unsent(PyObject *object, void *Py_UNUSED(closure))
{
    return PyLong_FromSize_t(wire_unsent((Wire *)object));
}

static PyObject *wire_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *self = PyType_GenericNew(type, args, kwargs);
    if (self)
        ((Wire *)self)->fd = -1;
    return self;
}

static int wire_traverse(PyObject *object, visitproc visit, void *arg)
{
    Wire *self = (Wire *)object;
    Py_VISIT(self->tls_object);
    Py_VISIT(self->incoming);
    Py_VISIT(self->outgoing);
    Py_VISIT(self->lane);
    return 0;
}

static void wire_dealloc(PyObject *object)
{
    PyObject_GC_UnTrack(object);
    release(object);
    Py_TYPE(object)->tp_free(object);
}

static PyMethodDef wire_methods[] = {{"attach", wire_attach, METH_VARARGS, NULL},
                                     {"detach", wire_detach, METH_NOARGS, NULL},
                                     {"send_frame", wire_send_frame, METH_VARARGS, NULL},
                                     {"take", wire_take_method, METH_VARARGS, NULL},
                                     {"readable", wire_readable_method, METH_NOARGS, NULL},
                                     {"writable", wire_writable_method, METH_NOARGS, NULL},
                                     {0}};

static PyMemberDef wire_members[] = {{"lane", T_OBJECT, offsetof(Wire, lane), 0, NULL},
                                     {"fragmented", T_BOOL, offsetof(Wire, fragmented), 0, NULL},
                                     {0}};

static PyGetSetDef wire_getters[] = {{"unsent", wire_get_unsent, NULL, NULL, NULL}, {0}};

PyTypeObject WireType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "stream._core.Wire",
    .tp_basicsize = sizeof(Wire),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = wire_new,
    .tp_dealloc = wire_dealloc,
    .tp_traverse = wire_traverse,
    .tp_clear = release,
    .tp_members = wire_members,
    .tp_getset = wire_getters,
    .tp_methods = wire_methods,
};
