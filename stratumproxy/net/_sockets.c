/* Python's view of what the system does to many sockets in a row: see _sockets.pyi.
 *
 * No call here waits, so none gives up the GIL: taking it back for each socket would cost more than
 * what other threads could do meanwhile. */
#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_EVENTS = 1024, MOST_BYTES = 16384 };

/* Append an item, and let go of it; it may be NULL, for an error that is raised already. */
static bool append(PyObject *list, PyObject *item)
{
    bool done = item != NULL && PyList_Append(list, item) == 0;
    Py_XDECREF(item);
    return done;
}

static bool would_wait(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* Tell what one socket has to read. */
static bool fetch(PyObject *told, int fd, size_t size)
{
    char bytes[MOST_BYTES];
    ssize_t got = recv(fd, bytes, size, MSG_DONTWAIT);
    if (got >= 0)
        return append(told, Py_BuildValue("(iy#)", fd, bytes, (Py_ssize_t)got));
    return would_wait(errno) || append(told, Py_BuildValue("(ii)", fd, -errno));
}

static bool tell(PyObject *told, const struct epoll_event *event, size_t size, PyObject *apart)
{
    int fd = event->data.fd;
    uint32_t what = event->events;
    if (what & EPOLLIN) {
        PyObject *number = PyLong_FromLong(fd);
        int is_apart = number == NULL ? -1 : PySet_Contains(apart, number);
        Py_XDECREF(number);
        if (is_apart < 0 || (!is_apart && !fetch(told, fd, size)))
            return false;
        if (!is_apart)
            what &= EPOLLOUT; /* its end, too, was fetched, or will be */
    }
    return what == 0 || append(told, Py_BuildValue("(iI)", fd, what));
}

static PyObject *receive_each(PyObject *module, PyObject *args)
{
    struct epoll_event events[MOST_EVENTS];
    int epoll, at_most, size;
    PyObject *apart;
    (void)module;
    if (!PyArg_ParseTuple(args, "iiiO", &epoll, &at_most, &size, &apart))
        return NULL;
    if (at_most < 1 || at_most > MOST_EVENTS || size < 1 || size > MOST_BYTES)
        return PyErr_Format(PyExc_ValueError, "from 1 to %d sockets and 1 to %d bytes", MOST_EVENTS,
                            MOST_BYTES);
    int count = epoll_wait(epoll, events, at_most, 0);
    if (count < 0 && errno != EINTR)
        return PyErr_SetFromErrno(PyExc_OSError);
    PyObject *told = PyList_New(0);
    for (int i = 0; told != NULL && i < count; i++)
        if (!tell(told, &events[i], (size_t)size, apart))
            Py_CLEAR(told);
    return told;
}

/* Send what goes to one socket; tell if it did not take all. */
static bool send_one(PyObject *left, PyObject *number, PyObject *data)
{
    char *bytes;
    Py_ssize_t length;
    long fd = PyLong_AsLong(number);
    if ((fd == -1 && PyErr_Occurred()) || PyBytes_AsStringAndSize(data, &bytes, &length) < 0)
        return false;
    if (fd != (int)fd) {
        PyErr_SetString(PyExc_OverflowError, "no descriptor is so large");
        return false;
    }
    ssize_t sent = send((int)fd, bytes, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == length)
        return true;
    if (sent < 0)
        sent = would_wait(errno) ? 0 : -errno;
    return append(left, Py_BuildValue("(ln)", fd, (Py_ssize_t)sent));
}

static PyObject *send_each(PyObject *module, PyObject *gathered)
{
    PyObject *number, *data;
    Py_ssize_t position = 0;
    (void)module;
    if (!PyDict_Check(gathered))
        return PyErr_Format(PyExc_TypeError, "a dict by descriptor is needed");
    PyObject *left = PyList_New(0);
    while (left != NULL && PyDict_Next(gathered, &position, &number, &data))
        if (!send_one(left, number, data))
            Py_CLEAR(left);
    return left;
}

/* Who connected: (descriptor, host, port). */
static PyObject *newcomer(int fd, const struct sockaddr_storage *peer)
{
    char host[INET6_ADDRSTRLEN] = "";
    in_port_t port = 0;
    if (peer->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)peer;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        port = v4->sin_port;
    } else if (peer->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        port = v6->sin6_port;
    }
    return Py_BuildValue("(isi)", fd, host, (int)ntohs(port));
}

static PyObject *accept_each(PyObject *module, PyObject *args)
{
    PyObject *socket;
    int at_most, on = 1;
    (void)module;
    if (!PyArg_ParseTuple(args, "Oi", &socket, &at_most))
        return NULL;
    int listener = PyObject_AsFileDescriptor(socket);
    if (listener < 0)
        return NULL;
    PyObject *came = PyList_New(0);
    while (came != NULL && at_most-- > 0) {
        struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
        socklen_t size = sizeof peer;
        int fd = accept4(listener, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK)
                break;
            if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
                continue; /* that one was gone before it was accepted */
            if (PyList_Size(came) > 0)
                break; /* the next call will say so */
            PyErr_SetFromErrno(PyExc_OSError);
            Py_DECREF(came);
            return NULL;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (!append(came, newcomer(fd, &peer))) {
            close(fd);
            if (PyList_Size(came) > 0) { /* they have descriptors, which nobody else knows */
                PyErr_Clear();
                break;
            }
            Py_CLEAR(came);
        }
    }
    return came;
}

static PyMethodDef methods[] = {
    {"accept_each", accept_each, METH_VARARGS, "Accept who waits."},
    {"receive_each", receive_each, METH_VARARGS, "What is ready now, and what it has to read."},
    {"send_each", send_each, METH_O, "Send to each; say which took less."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "_sockets",
    "What the system does to many sockets in a row.",
    0,
    methods,
    NULL,
    NULL,
    NULL,
    NULL,
};

PyMODINIT_FUNC PyInit__sockets(void)
{
    return PyModule_Create(&definition);
}
