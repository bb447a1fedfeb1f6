/* Python's view of submit_scan: see _submit.pyi. */
#include <Python.h>

#include "submit_scan.h"

static PyObject *bytes_of(const void *at, size_t size)
{
    return PyBytes_FromStringAndSize(at, (Py_ssize_t)size);
}

static PyObject *string_of(const struct piece *piece)
{
    return PyUnicode_FromStringAndSize(piece->at, (Py_ssize_t)piece->length);
}

static PyObject *tuple_of(const struct submit *submit)
{
    enum { PARTS = 7 };
    PyObject *parts[PARTS] = {
        bytes_of(submit->id.at, submit->id.length),
        string_of(&submit->worker),
        string_of(&submit->job_id),
        bytes_of(submit->extranonce2, submit->extranonce2_size),
        PyLong_FromUnsignedLong(submit->ntime),
        PyLong_FromUnsignedLong(submit->nonce),
        submit->has_bits ? PyLong_FromUnsignedLong(submit->bits) : Py_NewRef(Py_None),
    };
    PyObject *tuple = PyTuple_New(PARTS);
    bool whole = tuple != NULL;
    for (int i = 0; i < PARTS; i++) {
        whole = whole && parts[i] != NULL;
        if (tuple != NULL)
            PyTuple_SetItem(tuple, i, parts[i]); /* takes the reference */
        else
            Py_XDECREF(parts[i]);
    }
    if (!whole)
        Py_CLEAR(tuple);
    return tuple;
}

static PyObject *scan(PyObject *module, PyObject *line)
{
    char *data;
    Py_ssize_t length;
    struct submit submit;
    (void)module;
    if (PyBytes_AsStringAndSize(line, &data, &length) < 0)
        return NULL;
    if (!submit_scan(data, (size_t)length, &submit))
        Py_RETURN_NONE;
    return tuple_of(&submit);
}

static PyMethodDef methods[] = {
    {"scan", scan, METH_O, "The parts of a plain mining.submit line, or None."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "_submit",
    "The plain mining.submit, taken apart in C.",
    0,
    methods,
    NULL,
    NULL,
    NULL,
    NULL,
};

PyMODINIT_FUNC PyInit__submit(void)
{
    return PyModule_Create(&definition);
}
