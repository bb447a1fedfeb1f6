/* The type Seen. */
#include "_native.h"

static PyObject *seen_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, ":Seen", names))
        return NULL;
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    SeenObject *self = (SeenObject *)alloc(type, 0);
    ModuleState *state = PyType_GetModuleState(type);
    if (self != NULL)
        seen_init(&self->seen, state->mixer);
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

static PyObject *seen_add_hash(SeenObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    uint32_t ntime;
    if (!expect_arguments("add", nargs, 2))
        return NULL;
    const uint8_t *bytes = get_exactly(args[0], "hash", 32);
    if (bytes == NULL || !get_uint32(args[1], "ntime", &ntime))
        return NULL;
    switch (seen_add(&self->seen, ntime, u256_load(bytes).words[0])) {
    case SEEN_NEW: Py_RETURN_TRUE;
    case SEEN_BEFORE: Py_RETURN_FALSE;
    default: return PyErr_NoMemory();
    }
}

static PyObject *seen_forget_before(SeenObject *self, PyObject *ntime)
{
    uint32_t before;
    if (!get_uint32(ntime, "ntime", &before))
        return NULL;
    seen_forget(&self->seen, before);
    Py_RETURN_NONE;
}

static Py_ssize_t seen_length(SeenObject *self)
{
    return (Py_ssize_t)seen_count(&self->seen);
}

static PyMethodDef methods[] = {
    {"add", (PyCFunction)(void (*)(void))seen_add_hash, METH_FASTCALL, NULL},
    {"forget", (PyCFunction)seen_forget_before, METH_O, NULL},
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
