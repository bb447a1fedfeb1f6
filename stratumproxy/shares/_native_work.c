/* The type Work. */
#include "_native.h"

#include <string.h>

/* ckpool, stratifier.c; as in _reference.py. */
enum { NTIME_ROLL = 7000 };

static bool get_branches(PyObject *branches, struct work *work)
{
    for (size_t i = 0; i < work->branch_count; i++) {
        PyObject *branch = PyTuple_GetItem(branches, (Py_ssize_t)i);
        const uint8_t *hash = branch ? get_exactly(branch, "a branch", 32) : NULL;
        if (hash == NULL)
            return false;
        work_branch(work, i, hash);
    }
    return true;
}

/* What Work() was given, but for the branches. */
static bool get_job(PyObject *const *objects, struct job *job)
{
    uint64_t extranonce_size;
    if (!get_bytes(objects[0], "coinb1", &job->coinb1) ||
        !get_bytes(objects[1], "coinb2", &job->coinb2) ||
        !get_uint32(objects[3], "version", &job->version) ||
        !get_uint32(objects[5], "nbits", &job->nbits) ||
        !get_uint32(objects[6], "ntime", &job->ntime) ||
        !get_number(objects[7], "extranonce_size", WORK_MAX_COINBASE, &extranonce_size))
        return false;
    job->extranonce_size = (size_t)extranonce_size;
    job->ntime_roll = NTIME_ROLL;
    if (objects[10] != NULL && !get_uint32(objects[10], "ntime_roll", &job->ntime_roll))
        return false;
    job->prevhash = get_exactly(objects[4], "prevhash", 32);
    if (job->prevhash == NULL)
        return false;
    job->pool_target = get_exactly(objects[8], "pool_target", 32);
    return job->pool_target != NULL;
}

static bool fill(WorkObject *self, PyObject *const *objects)
{
    struct job job;
    if (!get_job(objects, &job))
        return false;
    PyObject *branches = PySequence_Tuple(objects[2]);
    if (branches == NULL)
        return false;
    job.branch_count = (size_t)PyTuple_Size(branches);
    const char *problem = work_init(&self->work, &job);
    if (problem == work_no_memory)
        PyErr_NoMemory();
    else if (problem != NULL)
        PyErr_SetString(PyExc_ValueError, problem);
    bool filled = problem == NULL && get_branches(branches, &self->work);
    Py_DECREF(branches);
    return filled;
}

static PyObject *work_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {
        "coinb1", "coinb2",          "branches",    "version", "prevhash",   "nbits",
        "ntime",  "extranonce_size", "pool_target", "seen",    "ntime_roll", NULL,
    };
    ModuleState *state = PyType_GetModuleState(type);
    PyObject *o[11] = {NULL};
    if (state == NULL || !PyArg_ParseTupleAndKeywords(
                             args, kwargs, "OOOOOOOOOO!|O:Work", names, &o[0], &o[1], &o[2], &o[3],
                             &o[4], &o[5], &o[6], &o[7], &o[8], state->seen_type, &o[9], &o[10]))
        return NULL;
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    WorkObject *self = (WorkObject *)alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->seen = (SeenObject *)Py_NewRef(o[9]);
    if (!fill(self, o))
        Py_CLEAR(self);
    return (PyObject *)self;
}

static void work_dealloc(WorkObject *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    work_clear(&self->work);
    Py_XDECREF((PyObject *)self->seen);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyObject *result(const struct outcome *outcome)
{
    PyObject *tuple = PyTuple_New(3);
    if (tuple == NULL)
        return NULL;
    /* PyTuple_SetItem takes the reference in any case; a NULL is found below. */
    PyObject *verdict = PyLong_FromLong(outcome->verdict);
    PyObject *difficulty = PyFloat_FromDouble(outcome->difficulty);
    PyObject *hash = PyBytes_FromStringAndSize((const char *)outcome->hash,
                                               outcome->hashed ? sizeof outcome->hash : 0);
    PyTuple_SetItem(tuple, 0, verdict);
    PyTuple_SetItem(tuple, 1, difficulty);
    PyTuple_SetItem(tuple, 2, hash);
    if (verdict == NULL || difficulty == NULL || hash == NULL)
        Py_CLEAR(tuple);
    return tuple;
}

static PyObject *no_room(void)
{
    PyErr_SetString(PyExc_ValueError,
                    "extranonce1 and extranonce2 are longer than the pool's extranonce2");
    return NULL;
}

static PyObject *work_check_share(WorkObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    struct share share = {.has_version_bits = false};
    if (!expect_arguments("check", nargs, 7) ||
        !get_bytes(args[0], "extranonce1", &share.extranonce1) ||
        !get_bytes(args[1], "extranonce2", &share.extranonce2) ||
        !get_uint32(args[2], "ntime", &share.ntime) || !get_uint32(args[3], "nonce", &share.nonce))
        return NULL;
    share.has_version_bits = args[4] != Py_None;
    if (share.has_version_bits && !get_uint32(args[4], "version_bits", &share.version_bits))
        return NULL;
    if (!get_uint32(args[5], "version_mask", &share.version_mask))
        return NULL;
    share.target = get_exactly(args[6], "target", 32);
    if (share.target == NULL)
        return NULL;

    struct outcome outcome = work_check(&self->work, &self->seen->seen, &share);
    if (outcome.verdict == WORK_NO_ROOM)
        return no_room();
    if (outcome.verdict == WORK_NO_MEMORY)
        return PyErr_NoMemory();
    return result(&outcome);
}

static PyObject *work_build_header(WorkObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    struct bytes extranonce1, extranonce2;
    uint32_t ntime, nonce, version;
    uint8_t header[WORK_HEADER];
    if (!expect_arguments("header", nargs, 5) || !get_bytes(args[0], "extranonce1", &extranonce1) ||
        !get_bytes(args[1], "extranonce2", &extranonce2) || !get_uint32(args[2], "ntime", &ntime) ||
        !get_uint32(args[3], "nonce", &nonce) || !get_uint32(args[4], "version", &version))
        return NULL;
    if (!work_header(&self->work, extranonce1, extranonce2, version, ntime, nonce, header))
        return no_room();
    return PyBytes_FromStringAndSize((const char *)header, sizeof header);
}

static PyMethodDef methods[] = {
    {"check", (PyCFunction)(void (*)(void))work_check_share, METH_FASTCALL, NULL},
    {"header", (PyCFunction)(void (*)(void))work_build_header, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "One pool job, prepared; see _native.pyi."},
    {Py_tp_new, work_new},
    {Py_tp_dealloc, work_dealloc},
    {Py_tp_methods, methods},
    {0, NULL},
};

PyType_Spec work_spec = {
    .name = "stratumproxy.shares._native.Work",
    .basicsize = sizeof(WorkObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
