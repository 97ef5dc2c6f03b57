/* A turn of the worker: all connections read at one go, all datagrams in and out by the batch. */
#include "core.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 256, BATCH = 128, DATAGRAM = 16 * 1024, ROUNDS = 16 };

/* --- Poller --------------------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    int epoll;
    PyObject **wires; /* by fd */
    Py_ssize_t room, count;
} Poller;

static PyObject *poller_add(PyObject *object, PyObject *args)
{
    Poller *self = (Poller *)object;
    int fd;
    PyObject *wire;
    if (!PyArg_ParseTuple(args, "iO!", &fd, &WireType, &wire))
        return NULL;
    if (fd >= self->room) {
        Py_ssize_t room = fd + 256;
        PyObject **wires = PyMem_Realloc(self->wires, (size_t)room * sizeof *wires);
        if (!wires)
            return PyErr_NoMemory();
        memset(wires + self->room, 0, (size_t)(room - self->room) * sizeof *wires);
        self->wires = wires;
        self->room = room;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(self->epoll, EPOLL_CTL_ADD, fd, &event))
        return PyErr_SetFromErrno(PyExc_OSError);
    self->count += self->wires[fd] == NULL;
    Py_XSETREF(self->wires[fd], Py_NewRef(wire));
    Py_RETURN_NONE;
}

static PyObject *poller_block(PyObject *object, PyObject *args)
{
    Poller *self = (Poller *)object;
    int fd, blocked;
    if (!PyArg_ParseTuple(args, "ip", &fd, &blocked))
        return NULL;
    struct epoll_event event = {.events = EPOLLIN | (blocked ? EPOLLOUT : 0), .data.fd = fd};
    if (fd >= 0 && fd < self->room && self->wires[fd] &&
        epoll_ctl(self->epoll, EPOLL_CTL_MOD, fd, &event))
        return PyErr_SetFromErrno(PyExc_OSError);
    Py_RETURN_NONE;
}

static PyObject *poller_remove(PyObject *object, PyObject *number)
{
    Poller *self = (Poller *)object;
    long fd = PyLong_AsLong(number);
    if (fd == -1 && PyErr_Occurred())
        return NULL;
    if (fd >= 0 && fd < self->room && self->wires[fd]) {
        epoll_ctl(self->epoll, EPOLL_CTL_DEL, (int)fd, NULL);
        self->count--;
        Py_CLEAR(self->wires[fd]);
    }
    Py_RETURN_NONE;
}

static PyObject *poller_poll(PyObject *object, PyObject *Py_UNUSED(none))
{
    Poller *self = (Poller *)object;
    struct epoll_event events[EVENTS];
    /* Each connection once: those that are ready come by turns, the ones behind them first. */
    for (Py_ssize_t seen = 0; seen < self->count; seen += EVENTS) {
        int got = epoll_wait(self->epoll, events, EVENTS, 0);
        for (int i = 0; i < got; i++) {
            int fd = events[i].data.fd;
            PyObject *wire = fd < self->room ? self->wires[fd] : NULL;
            if (!wire)
                continue;
            Py_INCREF(wire);
            int failed = 0;
            if (events[i].events & EPOLLOUT)
                failed = wire_writable((Wire *)wire);
            if (!failed && events[i].events & ~(uint32_t)EPOLLOUT)
                failed = wire_readable((Wire *)wire);
            if (failed)
                report_failure(wire, "on_failure");
            Py_DECREF(wire);
        }
        if (got < EVENTS)
            break;
    }
    Py_RETURN_NONE;
}

static PyObject *poller_close(PyObject *object, PyObject *Py_UNUSED(none))
{
    Poller *self = (Poller *)object;
    for (Py_ssize_t fd = 0; fd < self->room; fd++) {
        PyObject *wire = self->wires[fd];
        if (!wire)
            continue;
        Py_INCREF(wire);
        PyObject *result = PyObject_CallMethod(wire, "disconnect", NULL);
        Py_DECREF(wire);
        if (!result)
            return NULL;
        Py_DECREF(result);
    }
    if (self->epoll >= 0)
        close(self->epoll);
    self->epoll = -1;
    Py_RETURN_NONE;
}

static Py_ssize_t poller_length(PyObject *object)
{
    return ((Poller *)object)->count;
}

static int poller_init(PyObject *object, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    Poller *self = (Poller *)object;
    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (self->epoll >= 0)
        return 0;
    PyErr_SetFromErrno(PyExc_OSError);
    return -1;
}

static void poller_dealloc(PyObject *object)
{
    Poller *self = (Poller *)object;
    for (Py_ssize_t fd = 0; fd < self->room; fd++)
        Py_CLEAR(self->wires[fd]);
    PyMem_Free(self->wires);
    if (self->epoll >= 0)
        close(self->epoll);
    Py_TYPE(object)->tp_free(object);
}

static PyMethodDef poller_methods[] = {{"add", poller_add, METH_VARARGS, NULL},
                                       {"block", poller_block, METH_VARARGS, NULL},
                                       {"remove", poller_remove, METH_O, NULL},
                                       {"poll", poller_poll, METH_NOARGS, NULL},
                                       {"close", poller_close, METH_NOARGS, NULL},
                                       {0}};

static PySequenceMethods poller_sequence = {.sq_length = poller_length};

PyTypeObject PollerType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "stream._core.Poller",
    .tp_basicsize = sizeof(Poller),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = PyType_GenericNew,
    .tp_init = poller_init,
    .tp_dealloc = poller_dealloc,
    .tp_methods = poller_methods,
    .tp_as_sequence = &poller_sequence,
};

/* --- Batch ---------------------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    int fd;
    unsigned long long unknown, malformed, unsent, received, sent;
    struct mmsghdr in[BATCH], out[BATCH];
    struct iovec in_vectors[BATCH], out_vectors[BATCH];
    struct sockaddr_in6 from[BATCH], to[BATCH];
    uint8_t packets[BATCH][PACKET];
    uint8_t *datagrams;
} Batch;

static int batch_init(PyObject *object, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    Batch *self = (Batch *)object;
    PyObject *sock;
    if (!PyArg_ParseTuple(args, "O", &sock) || (self->fd = PyObject_AsFileDescriptor(sock)) < 0)
        return -1;
    if (!self->datagrams && !(self->datagrams = PyMem_RawMalloc((size_t)BATCH * DATAGRAM))) {
        PyErr_NoMemory();
        return -1;
    }
    for (int row = 0; row < BATCH; row++) {
        self->in_vectors[row] = (struct iovec){self->datagrams + row * DATAGRAM, DATAGRAM};
        self->in[row].msg_hdr = (struct msghdr){.msg_name = &self->from[row],
                                                .msg_iov = &self->in_vectors[row],
                                                .msg_iovlen = 1};
        self->out_vectors[row] = (struct iovec){self->packets[row], PACKET};
        self->out[row].msg_hdr = (struct msghdr){.msg_name = &self->to[row],
                                                 .msg_iov = &self->out_vectors[row],
                                                 .msg_iovlen = 1};
    }
    return 0;
}

static void take_datagram(Batch *self, PyObject *peers, int row)
{
    PyObject *address = PyBytes_FromStringAndSize((char *)&self->from[row],
                                                  self->in[row].msg_hdr.msg_namelen);
    PyObject *lane = address ? PyDict_GetItemWithError(peers, address) : NULL;
    Py_XDECREF(address);
    if (!lane) {
        if (PyErr_Occurred())
            PyErr_WriteUnraisable((PyObject *)self);
        self->unknown++;
        return;
    }
    const uint8_t *data = self->datagrams + row * DATAGRAM;
    int known;
    Py_INCREF(lane);
    if (PyObject_TypeCheck(lane, &LaneType)) {
        known = lane_datagram((Lane *)lane, data, self->in[row].msg_len);
    } else {
        PyObject *result = PyObject_CallMethod(lane, "datagram", "y#", (const char *)data,
                                               (Py_ssize_t)self->in[row].msg_len);
        known = result ? PyObject_IsTrue(result) : -1;
        Py_XDECREF(result);
    }
    if (known < 0)
        report_failure(lane, "failed");
    self->malformed += known == 0;
    Py_DECREF(lane);
}

/* receive(peers): gives all that waits, within reason, to whom it is for. */
static PyObject *batch_receive(PyObject *object, PyObject *peers)
{
    Batch *self = (Batch *)object;
    if (!PyDict_Check(peers)) {
        PyErr_SetString(PyExc_TypeError, "peers: a dict of lanes by address");
        return NULL;
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int row = 0; row < BATCH; row++)
            self->in[row].msg_hdr.msg_namelen = sizeof self->from[row];
        int got = recvmmsg(self->fd, self->in, BATCH, MSG_DONTWAIT, NULL);
        for (int row = 0; row < got; row++)
            take_datagram(self, peers, row);
        if (got > 0)
            self->received += (unsigned)got;
        if (got < BATCH)
            break;
    }
    Py_RETURN_NONE;
}

static void flush(Batch *self, int count)
{
    int at = 0;
    while (at < count) {
        int sent = sendmmsg(self->fd, self->out + at, (unsigned)(count - at), MSG_DONTWAIT);
        if (sent <= 0) { /* the first one is refused: go on with those after it */
            sent = 1;
            self->unsent++;
        } else {
            self->sent += (unsigned)sent;
        }
        at += sent;
    }
}

/* Sends the frame that `write` gives of each lane, or calls `other` of what is none; returns lanes
 * with marks pending that have sent something. */
static PyObject *send_each(Batch *self, PyObject *lanes, int (*write)(Lane *, uint8_t *),
                           const char *other)
{
    if (!PyList_Check(lanes)) {
        PyErr_SetString(PyExc_TypeError, "lanes: a list");
        return NULL;
    }
    PyObject *marked = PyList_New(0);
    int ready = 0;
    for (Py_ssize_t i = 0; marked && i < PyList_GET_SIZE(lanes); i++) {
        PyObject *item = PyList_GET_ITEM(lanes, i);
        Lane *lane = (Lane *)item;
        Py_INCREF(item);
        if (!PyObject_TypeCheck(item, &LaneType) || !lane->peer || !PyBytes_Check(lane->peer) ||
            (size_t)PyBytes_GET_SIZE(lane->peer) > sizeof self->to[ready]) {
            PyObject *result = other ? PyObject_CallMethod(item, other, NULL) : Py_NewRef(Py_None);
            if (!result)
                report_failure(item, "failed");
            Py_XDECREF(result);
            Py_DECREF(item);
            continue;
        }
        uint8_t *packet = self->packets[ready];
        int written = write(lane, packet + RTP_HEADER);
        if (written < 0) {
            report_failure(item, "failed");
        } else if (written) {
            sender_header((Sender *)lane->sender, packet);
            self->out[ready].msg_hdr.msg_namelen = (socklen_t)PyBytes_GET_SIZE(lane->peer);
            memcpy(&self->to[ready], PyBytes_AS_STRING(lane->peer),
                   self->out[ready].msg_hdr.msg_namelen);
            PyObject *marks = ((Playout *)lane->playout)->marks;
            if (marks && PyObject_Size(marks) > 0 && PyList_Append(marked, item))
                Py_CLEAR(marked);
            if (++ready == BATCH) {
                flush(self, ready);
                ready = 0;
            }
        }
        Py_DECREF(item);
    }
    flush(self, ready);
    return marked;
}

/* tick(lanes): a frame of each lane is due; what is no lane ticks too. */
static PyObject *batch_tick(PyObject *object, PyObject *lanes)
{
    return send_each((Batch *)object, lanes, lane_tick, "tick");
}

/* late(lanes): those that owe a frame may have it by now. */
static PyObject *batch_late(PyObject *object, PyObject *lanes)
{
    return send_each((Batch *)object, lanes, lane_late, NULL);
}

static void batch_dealloc(PyObject *object)
{
    PyMem_RawFree(((Batch *)object)->datagrams);
    Py_TYPE(object)->tp_free(object);
}

static PyMethodDef batch_methods[] = {{"receive", batch_receive, METH_O, NULL},
                                      {"tick", batch_tick, METH_O, NULL},
                                      {"late", batch_late, METH_O, NULL},
                                      {0}};

#define MEMBER(name) {#name, T_ULONGLONG, offsetof(Batch, name), READONLY, NULL}

static PyMemberDef batch_members[] = {MEMBER(unknown), MEMBER(malformed), MEMBER(unsent),
                                      MEMBER(received), MEMBER(sent), {0}};

PyTypeObject BatchType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "stream._core.Batch",
    .tp_basicsize = sizeof(Batch),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = PyType_GenericNew,
    .tp_init = batch_init,
    .tp_dealloc = batch_dealloc,
    .tp_methods = batch_methods,
    .tp_members = batch_members,
};
