"""A TwiML document: text in, typed verbs and warnings out.

Source: Twilio, TwiML for Programmable Voice; error dictionary 11750 to 12200.
"""

from __future__ import annotations

from twiml import markup
from twiml.markup import Element, MarkupError
from twiml.messages import cut
from twiml.model import Document, TwimlError, Unsupported, Verb
from twiml.registry import UNSUPPORTED, VERBS
from twiml.schema import SCHEMA_VIOLATION, Reader, Spec
from twiml.verbs.unsupported import MISPLACED

#: Bytes of a fetched document (Twilio: limits).
MAX_BODY = 64 * 1024
#: Characters of the REST parameter ``Twiml`` (Twilio: Call resource).
MAX_PARAMETER = 4000

TOO_LARGE = 11750
EMPTY = 11770
NOT_WELL_FORMED = 12100
BAD_VERSION = 12101
BAD_ROOT = 12102
PARAMETER_TOO_LONG = 32018

RESPONSE = Spec("Response", children=None)


def parse(body: bytes | str, *, trim: bool = False) -> Document:
    """Parse one document.

    ``trim`` drops whitespace around it, for the REST parameter ``Twiml``. A fetched document
    is taken as it is: whitespace before ``<?xml`` is fatal.

    Raises TwimlError: 11750 too large, 11770 empty, 12100 not well formed, 12101 not XML
    1.0, 12102 another root than Response. Everything else is a warning in the document.
    """
    check_size(body)
    raw = _as_utf8(body) if isinstance(body, str) else body
    if not raw.strip():
        raise TwimlError(EMPTY, "the document is empty")
    try:
        # A str is decoded already: whatever encoding its declaration names is moot.
        encoding = "utf-8" if isinstance(body, str) else None
        root = markup.load(raw.strip() if trim else raw, encoding=encoding)
    except MarkupError as error:
        if error.bad_version:
            raise TwimlError(BAD_VERSION, f"{error.reason}: use 1.0", error.line) from error
        raise TwimlError(NOT_WELL_FORMED, error.reason, error.line) from error
    if root.name != RESPONSE.name:
        raise TwimlError(
            BAD_ROOT, f"the root element is <{cut(root.name)}>, not <Response>", root.line
        )
    reader = Reader()
    verbs = _verbs(root, reader)
    return Document(tuple(verbs), tuple(reader.problems))


def check_size(body: bytes | str) -> None:
    """Raise TwimlError 11750 for a body over the limit, before anybody looks into it."""
    if len(body) > MAX_BODY or (isinstance(body, str) and len(_as_utf8(body)) > MAX_BODY):
        raise TwimlError(TOO_LARGE, f"the document is larger than {MAX_BODY // 1024} kB")


def check_parameter(twiml: str) -> None:
    """Raise TwimlError 32018 for a REST parameter ``Twiml`` over its 4000 characters."""
    if len(twiml) > MAX_PARAMETER:
        raise TwimlError(
            PARAMETER_TOO_LONG, f"Twiml has {len(twiml)} characters, {MAX_PARAMETER} are allowed"
        )


def _as_utf8(text: str) -> bytes:
    # Lone surrogates are no characters; as bytes they fail as any bad UTF-8 does.
    return text.encode("utf-8", "surrogatepass")


def _verbs(root: Element, reader: Reader) -> list[Verb]:
    reader.read(root, RESPONSE)
    if root.text:
        reader.warn(
            SCHEMA_VIOLATION, f"text {cut(root.text)!r} between verbs is ignored", root.line
        )
    found: list[Verb] = []
    for element in root.children:
        verb = _verb(element, reader)
        if verb is not None:
            found.append(verb)
    return found


def _verb(element: Element, reader: Reader) -> Verb | None:
    name = element.name
    if name in VERBS:
        spec = VERBS[name]
        return spec.build(element, reader.read(element, spec), reader)
    if name in UNSUPPORTED:
        return Unsupported(name, UNSUPPORTED[name], line=element.line)
    hint = (
        f": it belongs inside <{MISPLACED[name]}>"
        if name in MISPLACED
        else reader.suggest(name, (*VERBS, *UNSUPPORTED))
    )
    reader.warn(SCHEMA_VIOLATION, f"unknown verb <{cut(name)}>{hint}; it is ignored", element.line)
    return None
