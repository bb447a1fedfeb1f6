/* The type Seen. */
#include "_native.h"

static PyObject *seen_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"limit", NULL};
    PyObject *limit_object = NULL;
    uint64_t limit = (uint64_t)1 << 19;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:Seen", names, &limit_object))
        return NULL;
    if (limit_object != NULL && !get_number(limit_object, "limit", SEEN_MAX_LIMIT, &limit))
        return NULL;
    if (limit == 0) {
        PyErr_SetString(PyExc_ValueError, "limit must not be 0");
        return NULL;
    }
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    SeenObject *self = (SeenObject *)alloc(type, 0);
    ModuleState *state = PyType_GetModuleState(type);
    if (self != NULL)
        seen_init(&self->seen, (size_t)limit, state->mixer);
    return (PyObject *)self;
}

static void seen_dealloc(SeenObject *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    seen_clear(&self->seen);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyObject *seen_add_hash(SeenObject *self, PyObject *hash)
{
    const uint8_t *bytes = get_exactly(hash, "hash", 32);
    if (bytes == NULL)
        return NULL;
    switch (seen_add(&self->seen, u256_load(bytes).words[0])) {
    case SEEN_NEW:
        Py_RETURN_TRUE;
    case SEEN_BEFORE:
        Py_RETURN_FALSE;
    default:
        return PyErr_NoMemory();
    }
}

static PyObject *seen_forget(SeenObject *self, PyObject *Py_UNUSED(ignored))
{
    seen_clear(&self->seen);
    Py_RETURN_NONE;
}

static Py_ssize_t seen_length(SeenObject *self)
{
    return (Py_ssize_t)seen_count(&self->seen);
}

static PyMethodDef methods[] = {
    {"add", (PyCFunction)seen_add_hash, METH_O, NULL},
    {"clear", (PyCFunction)seen_forget, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "Header hashes that were accepted; see _native.pyi."},
    {Py_tp_new, seen_new},
    {Py_tp_dealloc, seen_dealloc},
    {Py_tp_methods, methods},
    {Py_sq_length, seen_length},
    {0, NULL},
};

PyType_Spec seen_spec = {
    .name = "stratumproxy.shares._native.Seen",
    .basicsize = sizeof(SeenObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
