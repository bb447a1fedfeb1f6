/* What the files of the extension share. The limited API of Python 3.11: one build serves all
 * later versions. What the functions mean is written in _native.pyi. */
#ifndef STRATUMPROXY_NATIVE_H
#define STRATUMPROXY_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "seen.h"
#include "work.h"

/* Both types are final and have nothing in them that could refer back to them (a Work holds a
 * Seen, a Seen holds no objects), so there are no cycles and the collector needs not know them. */
typedef struct {
    PyObject_HEAD
    struct seen seen;
} SeenObject;

typedef struct {
    PyObject_HEAD
    struct work work;
    SeenObject *seen;
} WorkObject;

typedef struct {
    PyTypeObject *seen_type;
    uint64_t mixer; /* of every Seen; drawn once */
} ModuleState;

extern PyType_Spec seen_spec, work_spec;

/* A number from 0 to max, or false with a TypeError or a ValueError that names it. */
static inline bool get_number(PyObject *object, const char *name, uint64_t max, uint64_t *value)
{
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (number == -1 && PyErr_Occurred())
        return false;
    if (overflow != 0 || number < 0 || (uint64_t)number > max) {
        PyErr_Format(PyExc_ValueError, "%s must be from 0 to %llu", name, (unsigned long long)max);
        return false;
    }
    *value = (uint64_t)number;
    return true;
}

static inline bool get_uint32(PyObject *object, const char *name, uint32_t *value)
{
    uint64_t number;
    if (!get_number(object, name, UINT32_MAX, &number))
        return false;
    *value = (uint32_t)number;
    return true;
}

/* The content of a bytes object, or false with a TypeError. It lives as long as the object. */
static inline bool get_bytes(PyObject *object, const char *name, struct bytes *bytes)
{
    if (!PyBytes_Check(object)) {
        PyErr_Format(PyExc_TypeError, "%s must be bytes", name);
        return false;
    }
    bytes->at = (const uint8_t *)PyBytes_AsString(object);
    bytes->size = (size_t)PyBytes_Size(object);
    return true;
}

/* The same of a size that is known. */
static inline const uint8_t *get_exactly(PyObject *object, const char *name, size_t size)
{
    struct bytes bytes;
    if (!get_bytes(object, name, &bytes))
        return NULL;
    if (bytes.size != size) {
        PyErr_Format(PyExc_ValueError, "%s must be %zu bytes", name, size);
        return NULL;
    }
    return bytes.at;
}

static inline bool expect_arguments(const char *function, Py_ssize_t found, Py_ssize_t expected)
{
    if (found == expected)
        return true;
    PyErr_Format(PyExc_TypeError, "%s expects %zd arguments, not %zd", function, expected, found);
    return false;
}

#endif
