/* Base64, and the `media` message of a bot as nearly every bot writes it. */
#include "core.h"

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static char pairs[4096][2];
static int8_t values[256];

void codec_init(void)
{
    memset(values, -1, sizeof values);
    for (int digit = 0; digit < 64; digit++)
        values[(uint8_t)DIGITS[digit]] = (int8_t)digit;
    for (int bits = 0; bits < 4096; bits++) {
        pairs[bits][0] = DIGITS[bits >> 6];
        pairs[bits][1] = DIGITS[bits & 63];
    }
}

/* Returns the number of digits written, padding included. */
size_t base64_encode(const uint8_t *in, size_t size, char *out)
{
    char *start = out;
    for (; size >= 3; size -= 3, in += 3, out += 4) {
        uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        memcpy(out, pairs[bits >> 12], 2);
        memcpy(out + 2, pairs[bits & 4095], 2);
    }
    if (size) {
        uint32_t bits = (uint32_t)in[0] << 16 | (size == 2 ? (uint32_t)in[1] << 8 : 0);
        memcpy(out, pairs[bits >> 12], 2);
        out[2] = size == 2 ? DIGITS[bits >> 6 & 63] : '=';
        out[3] = '=';
        out += 4;
    }
    return (size_t)(out - start);
}

/* Returns bytes; Py_None for what is no padded base64 to the letter. NULL: out of memory. */
PyObject *base64_decode(const char *in, size_t size)
{
    if (!size || size % 4)
        Py_RETURN_NONE;
    size_t pad = (size_t)(in[size - 1] == '=') + (in[size - 1] == '=' && in[size - 2] == '=');
    size_t whole = size - (pad ? 4 : 0);
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(size / 4 * 3 - pad));
    if (!bytes)
        return NULL;
    uint8_t *out = (uint8_t *)PyBytes_AS_STRING(bytes);
    const uint8_t *at = (const uint8_t *)in;
    int bad = 0;
    for (const uint8_t *end = at + whole; at < end; at += 4, out += 3) {
        int a = values[at[0]], b = values[at[1]], c = values[at[2]], d = values[at[3]];
        bad |= a | b | c | d;
        uint32_t bits = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | (uint32_t)d;
        out[0] = (uint8_t)(bits >> 16);
        out[1] = (uint8_t)(bits >> 8);
        out[2] = (uint8_t)bits;
    }
    if (pad) {
        int a = values[at[0]], b = values[at[1]], c = pad == 2 ? 0 : values[at[2]];
        bad |= a | b | c;
        if (pad == 2 ? b & 15 : c & 3)
            bad = -1; /* bits that belong to no byte: somebody else may judge them */
        uint32_t bits = (uint32_t)a << 12 | (uint32_t)b << 6 | (uint32_t)c;
        out[0] = (uint8_t)(bits >> 10);
        if (pad == 1)
            out[1] = (uint8_t)(bits >> 2);
    }
    if (bad < 0) {
        Py_DECREF(bytes);
        Py_RETURN_NONE;
    }
    return bytes;
}

struct text {
    const char *at, *end;
};

static void skip_space(struct text *text)
{
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\n' || *text->at == '\r' ||
                                    *text->at == '\t'))
        text->at++;
}

static int skip(struct text *text, char wanted)
{
    skip_space(text);
    if (text->at == text->end || *text->at != wanted)
        return 0;
    text->at++;
    return 1;
}

/* Reads a string of printable ASCII without escapes. */
static const char *plain_string(struct text *text, size_t *size)
{
    if (!skip(text, '"'))
        return NULL;
    const char *start = text->at;
    const char *quote = memchr(start, '"', (size_t)(text->end - start));
    if (!quote)
        return NULL;
    unsigned odd = 0;
    for (const char *at = start; at < quote; at++)
        odd |= (unsigned)((uint8_t)*at < 0x20) | (unsigned)((uint8_t)*at > 0x7e) |
               (unsigned)(*at == '\\');
    if (odd)
        return NULL;
    text->at = quote + 1;
    *size = (size_t)(quote - start);
    return start;
}

static int is(const char *text, size_t size, const char *word)
{
    return size == strlen(word) && !memcmp(text, word, size);
}

/* Reads {"payload": "...", ...} with strings only. */
static const char *media_object(struct text *text, size_t *length)
{
    const char *payload = NULL;
    if (!skip(text, '{'))
        return NULL;
    do {
        size_t key_size, size;
        const char *key = plain_string(text, &key_size);
        if (!key || !skip(text, ':'))
            return NULL;
        if (is(key, key_size, "payload")) {
            /* Not looked through here: base64 has no letter that is odd in JSON. */
            if (payload || !skip(text, '"'))
                return NULL;
            payload = text->at;
            const char *quote = memchr(payload, '"', (size_t)(text->end - payload));
            if (!quote)
                return NULL;
            *length = (size_t)(quote - payload);
            text->at = quote + 1;
        } else if (!plain_string(text, &size)) {
            return NULL;
        }
    } while (skip(text, ','));
    return skip(text, '}') ? payload : NULL;
}

/* Returns the payload of a `media` message meant for `sid`; NULL for every other message, and
 * for one that is not in the plainest form: objects of strings, no escapes, no key twice. */
const char *media_payload(const char *start, size_t size, PyObject *sid, size_t *length)
{
    struct text text = {start, start + size};
    const char *payload = NULL;
    int event = 0, stream = 0;
    if (!skip(&text, '{'))
        return NULL;
    do {
        size_t key_size, value_size;
        const char *key = plain_string(&text, &key_size);
        if (!key || !skip(&text, ':'))
            return NULL;
        if (is(key, key_size, "media")) {
            if (payload || !(payload = media_object(&text, length)))
                return NULL;
            continue;
        }
        const char *value = plain_string(&text, &value_size);
        if (!value)
            return NULL;
        if (is(key, key_size, "event")) {
            if (event++ || !is(value, value_size, "media"))
                return NULL;
        } else if (is(key, key_size, "streamSid")) {
            if (stream++ || value_size != (size_t)PyBytes_GET_SIZE(sid) ||
                memcmp(value, PyBytes_AS_STRING(sid), value_size))
                return NULL;
        }
    } while (skip(&text, ','));
    if (!skip(&text, '}') || !event)
        return NULL;
    skip_space(&text);
    return text.at == text.end ? payload : NULL;
}

/* media_payload(text, sid): the audio, or None. For tests against the whole decoder. */
PyObject *core_media_payload(PyObject *module, PyObject *args)
{
    Py_buffer text;
    PyObject *sid;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*S", &text, &sid))
        return NULL;
    size_t length;
    const char *payload = media_payload(text.buf, (size_t)text.len, sid, &length);
    PyObject *audio = payload ? base64_decode(payload, length) : Py_NewRef(Py_None);
    PyBuffer_Release(&text);
    return audio;
}
