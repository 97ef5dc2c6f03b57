"""What a web server's answer means, by its content type.

Source: Twilio, TwiML for Programmable Voice, "TwiML MIME types"; RFC 9110, 8.3.
"""

from __future__ import annotations

import codecs
import re

from twiml.messages import cut
from twiml.model import Document, Problem, TwimlError
from twiml.parser import EMPTY, check_size, parse
from twiml.schema import Reader
from twiml.verbs.play import Play
from twiml.verbs.say import Say, shorten

INVALID_CONTENT_TYPE = 12300

TWIML_TYPES = frozenset({"text/xml", "application/xml", "text/html"})

#: Types that are played (Twilio: <Play>, supported audio types).
AUDIO_TYPES = frozenset(
    {
        "audio/aiff",
        "audio/gsm",
        "audio/mpeg",
        "audio/ulaw",
        "audio/wav",
        "audio/wave",
        "audio/x-aifc",
        "audio/x-aiff",
        "audio/x-gsm",
        "audio/x-wav",
    }
)

_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([\w.:-]{1,40})", re.IGNORECASE)
# The one-byte encodings web servers still announce; XML itself knows the others.
_LEGACY = frozenset({"iso8859-1", "iso8859-15", "cp1252"})


def interpret(content_type: str | None, body: bytes, url: str) -> Document:
    """Return the document a response stands for; ``url`` is where it came from.

    XML types are parsed, audio is played once, plain text is TwiML if it parses and else
    spoken. Raises TwimlError: 12300 for any other type or none, and what ``parse`` raises.
    """
    if content_type is None or not content_type.strip():
        raise TwimlError(INVALID_CONTENT_TYPE, "the response has no Content-Type")
    kind = content_type.partition(";")[0].strip().lower()
    if kind in AUDIO_TYPES:
        return Document((Play(url),))
    if kind not in TWIML_TYPES and kind != "text/plain":
        raise TwimlError(
            INVALID_CONTENT_TYPE, f"content type {cut(kind)!r}: send text/xml or application/xml"
        )
    check_size(body)
    text = _decoded(body, content_type)
    if kind in TWIML_TYPES:
        return parse(text)
    try:
        return parse(text)
    except TwimlError as error:
        if error.code == EMPTY:
            raise
        return _spoken(text if isinstance(text, str) else text.decode("utf-8", "replace"), error)


def _decoded(body: bytes, content_type: str) -> bytes | str:
    """Apply the header's charset where the XML parser would not find out by itself."""
    named = _CHARSET.search(content_type)
    if named is None:
        return body
    try:
        encoding = codecs.lookup(named[1]).name
    except LookupError:
        return body
    return body.decode(encoding, "replace") if encoding in _LEGACY else body


def _spoken(text: str, error: TwimlError) -> Document:
    reader = Reader()
    words, _ = shorten(" ".join(text.split()), None, reader, 1)
    problems: tuple[Problem, ...] = tuple(reader.problems)
    if words.startswith("<"):
        # Meant as TwiML, surely: say why the caller hears angle brackets.
        problems = (Problem(error.code, f"spoken as text: {error.message}", error.line), *problems)
    return Document((Say(words),), problems)
