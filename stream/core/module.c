/* stream._core: see core.h. */
#include "core.h"

#ifndef SOURCES /* stream/core_sources.py's fingerprint of what is compiled */
#define SOURCES "unknown"
#endif

static PyMethodDef functions[] = {{"media_payload", core_media_payload, METH_VARARGS, NULL}, {0}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "stream._core", .m_size = -1,
                                    .m_methods = functions};

PyMODINIT_FUNC PyInit__core(void)
{
    PyTypeObject *types[] = {&InboundType, &PlayoutType, &MediaTextType, &SenderType,
                             &LaneType,    &WireType,    &PollerType,    &BatchType};
    PyObject *core = PyModule_Create(&module);
    codec_init();
    if (core && PyModule_AddStringConstant(core, "sources", SOURCES))
        Py_CLEAR(core);
    for (size_t i = 0; core && i < sizeof types / sizeof *types; i++)
        if (PyModule_AddType(core, types[i]))
            Py_CLEAR(core);
    return core;
}
