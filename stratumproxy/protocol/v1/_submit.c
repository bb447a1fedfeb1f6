/* Python's view of submit_scan: see _submit.pyi. */
#include <Python.h>

#include "submit_scan.h"

static PyObject *string_of(const struct piece *piece) {
    return PyUnicode_FromStringAndSize(piece->at, (Py_ssize_t)piece->length);
}

static PyObject *scan_submit(PyObject *module, PyObject *line) {
    char *data;
    Py_ssize_t length;
    struct submit submit;
    (void)module;
    if (PyBytes_AsStringAndSize(line, &data, &length) < 0) return NULL;
    if (!submit_scan(data, (size_t)length, &submit)) Py_RETURN_NONE;
    PyObject *parts = PyTuple_New(1 + SUBMIT_FIELDS);
    if (parts == NULL) return NULL;
    PyObject *part = PyBytes_FromStringAndSize(submit.id.at, (Py_ssize_t)submit.id.length);
    for (int i = 0; part != NULL; i++) {
        PyTuple_SetItem(parts, i, part); /* takes the reference */
        if (i == SUBMIT_FIELDS) return parts;
        part = submit.fields[i].at == NULL ? Py_NewRef(Py_None) : string_of(&submit.fields[i]);
    }
    Py_DECREF(parts);
    return NULL;
}

static PyMethodDef methods[] = {
    {"scan_submit", scan_submit, METH_O, "The parts of a plain mining.submit line, or None."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_submit", "The plain mining.submit, taken apart in C.", 0, methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__submit(void) { return PyModule_Create(&definition); }
