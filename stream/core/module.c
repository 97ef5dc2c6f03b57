/* stream._core: see core.h. */
#include "core.h"

static PyMethodDef functions[] = {{"media_payload", core_media_payload, METH_VARARGS, NULL}, {0}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "stream._core", .m_size = -1,
                                    .m_methods = functions};

PyMODINIT_FUNC PyInit__core(void)
{
    PyTypeObject *types[] = {&InboundType, &PlayoutType, &MediaTextType, &SenderType,
                             &LaneType,    &WireType,    &PollerType,    &BatchType};
    PyObject *core = PyModule_Create(&module);
    codec_init();
    for (size_t i = 0; core && i < sizeof types / sizeof *types; i++)
        if (PyModule_AddType(core, types[i]))
            Py_CLEAR(core);
    return core;
}
