/* The module: functions, constants, and which kernel hashes. */
#include "_native.h"

#include "sha256.h"

#include <string.h>

static PyObject *native_kernels(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    Py_ssize_t count = 0;
    while (sha256_listed((size_t)count) != NULL)
        count++;
    PyObject *names = PyTuple_New(count);
    for (Py_ssize_t i = 0; names != NULL && i < count; i++) {
        PyObject *name = PyUnicode_FromString(sha256_listed((size_t)i)->name);
        if (name == NULL || PyTuple_SetItem(names, i, name) < 0)
            Py_CLEAR(names);
    }
    return names;
}

static PyObject *native_kernel(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyUnicode_FromString(sha256_current->name);
}

static PyObject *native_use_kernel(PyObject *Py_UNUSED(module), PyObject *name)
{
    if (!PyUnicode_Check(name)) {
        PyErr_SetString(PyExc_TypeError, "the kernel's name must be a str");
        return NULL;
    }
    for (size_t i = 0; sha256_listed(i) != NULL; i++)
        if (PyUnicode_CompareWithASCIIString(name, sha256_listed(i)->name) == 0) {
            sha256_current = sha256_listed(i);
            Py_RETURN_NONE;
        }
    PyErr_Format(PyExc_ValueError, "no kernel %R here", name);
    return NULL;
}

static PyObject *native_sha256d(PyObject *Py_UNUSED(module), PyObject *data)
{
    struct bytes bytes;
    uint32_t H[8];
    uint8_t digest[SHA256_DIGEST];
    if (!get_bytes(data, "data", &bytes))
        return NULL;
    sha256_hash(sha256_current, H, bytes.at, bytes.size);
    sha256_again(sha256_current, H);
    sha256_bytes(digest, H, 8);
    return PyBytes_FromStringAndSize((const char *)digest, sizeof digest);
}

static PyObject *native_share_difficulty(PyObject *Py_UNUSED(module), PyObject *hash)
{
    const uint8_t *bytes = get_exactly(hash, "hash", 32);
    if (bytes == NULL)
        return NULL;
    struct u256 value = u256_load(bytes);
    return PyFloat_FromDouble(u256_difficulty(&value));
}

static PyObject *native_scan(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    const uint64_t nonces = (uint64_t)1 << 32;
    uint64_t start, count;
    if (!expect_arguments("scan", nargs, 4))
        return NULL;
    const uint8_t *header = get_exactly(args[0], "header", WORK_HEADER);
    const uint8_t *target = header ? get_exactly(args[1], "target", 32) : NULL;
    if (target == NULL || !get_number(args[2], "start", nonces - 1, &start) ||
        !get_number(args[3], "count", nonces, &count))
        return NULL;

    uint64_t end = count < nonces - start ? start + count : nonces, found;
    struct u256 limit = u256_load(target);
    Py_BEGIN_ALLOW_THREADS
    found = work_scan(header, &limit, start, end);
    Py_END_ALLOW_THREADS
    if (found == end)
        Py_RETURN_NONE;
    return PyLong_FromUnsignedLongLong(found);
}

static PyMethodDef functions[] = {
    {"kernels", native_kernels, METH_NOARGS, NULL},
    {"kernel", native_kernel, METH_NOARGS, NULL},
    {"use_kernel", native_use_kernel, METH_O, NULL},
    {"sha256d", native_sha256d, METH_O, NULL},
    {"share_difficulty", native_share_difficulty, METH_O, NULL},
    {"scan", (PyCFunction)(void (*)(void))native_scan, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static int add_type(PyObject *module, PyType_Spec *spec, PyTypeObject **type)
{
    PyObject *made = PyType_FromModuleAndSpec(module, spec, NULL);
    if (made == NULL)
        return -1;
    int status = PyModule_AddType(module, (PyTypeObject *)made);
    if (status == 0 && type != NULL)
        *type = (PyTypeObject *)made; /* the state keeps this reference */
    else
        Py_DECREF(made);
    return status;
}

static int draw(uint64_t *number)
{
    PyObject *os = PyImport_ImportModule("os");
    PyObject *drawn = os ? PyObject_CallMethod(os, "urandom", "i", (int)sizeof *number) : NULL;
    const uint8_t *bytes =
        drawn ? get_exactly(drawn, "what os.urandom gave", sizeof *number) : NULL;
    if (bytes != NULL)
        memcpy(number, bytes, sizeof *number);
    Py_XDECREF(drawn);
    Py_XDECREF(os);
    return bytes != NULL ? 0 : -1;
}

static int native_exec(PyObject *module)
{
    ModuleState *state = PyModule_GetState(module);
    sha256_detect();
    if (draw(&state->mixer) < 0 || PyModule_AddIntConstant(module, "ABI", 3) < 0 ||
        add_type(module, &seen_spec, &state->seen_type) < 0)
        return -1;
    return add_type(module, &work_spec, NULL);
}

static int native_traverse(PyObject *module, visitproc visit, void *arg)
{
    ModuleState *state = PyModule_GetState(module);
    Py_VISIT(state->seen_type);
    return 0;
}

static int native_clear(PyObject *module)
{
    ModuleState *state = PyModule_GetState(module);
    Py_CLEAR(state->seen_type);
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, native_exec},
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "stratumproxy.shares._native",
    .m_doc = "The share check in C; see _native.pyi.",
    .m_size = sizeof(ModuleState),
    .m_methods = functions,
    .m_slots = slots,
    .m_traverse = native_traverse,
    .m_clear = native_clear,
};

PyMODINIT_FUNC PyInit__native(void)
{
    return PyModuleDef_Init(&definition);
}
