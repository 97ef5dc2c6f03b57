"""SSML inside <Say>: the words for engines that know none, and clean markup for others.

Source: W3C SSML 1.1; Twilio, <Say>, SSML tags.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from twiml.markup import Element
from twiml.messages import cut
from twiml.schema import SCHEMA_VIOLATION, Reader

#: Tags Twilio's helper libraries can write, with their attributes.
TAGS: dict[str, frozenset[str]] = {
    "break": frozenset({"strength", "time"}),
    "emphasis": frozenset({"level"}),
    "lang": frozenset({"xml:lang"}),
    "p": frozenset(),
    "phoneme": frozenset({"alphabet", "ph"}),
    "prosody": frozenset({"volume", "rate", "pitch"}),
    "s": frozenset(),
    "say-as": frozenset({"interpret-as", "format"}),
    "sub": frozenset({"alias"}),
    "w": frozenset({"role"}),
}

# Between these and their neighbours there is a gap in speech, so also between the words.
_APART = frozenset({"break", "p", "s"})
_SPELLED = frozenset({"characters", "spell-out", "digits"})


def words(element: Element) -> str:
    """Return what is to be said as plain text, whitespace collapsed.

    ``sub`` gives its alias, spelled-out text gets spaces, what is to be bleeped is left out.
    """
    return " ".join("".join(_words(element)).split())


def _words(element: Element) -> Iterator[str]:
    for piece in element.content:
        if isinstance(piece, str):
            yield piece
        elif _is_verb(piece):
            continue
        elif piece.name == "sub" and "alias" in piece.attributes:
            yield piece.attributes["alias"]
        elif piece.name == "say-as":
            yield _said_as(words(piece), piece.attributes.get("interpret-as", ""))
        elif piece.name in _APART:
            yield " "
            yield from _words(piece)
            yield " "
        else:
            yield from _words(piece)


def _said_as(text: str, kind: str) -> str:
    if kind == "expletive":
        return ""
    return " ".join(text.replace(" ", "")) if kind in _SPELLED else text


def markup(element: Element) -> str | None:
    """Return ``<speak>…</speak>`` with the known tags only, None when there are none."""
    if not any(child.name in TAGS for child in _all(element)):
        return None
    return f"<speak>{''.join(_markup(element))}</speak>"


def _markup(element: Element) -> Iterator[str]:
    for piece in element.content:
        if isinstance(piece, str):
            yield escape(piece)
        elif _is_verb(piece):
            continue
        elif piece.name not in TAGS:
            yield from _markup(piece)
        else:
            known = TAGS[piece.name]
            kept = (item for item in piece.attributes.items() if item[0] in known)
            written = "".join(f" {name}={quoteattr(value)}" for name, value in kept)
            inside = "".join(_markup(piece))
            yield (
                f"<{piece.name}{written}>{inside}</{piece.name}>"
                if inside
                else (f"<{piece.name}{written}/>")
            )


def check(element: Element, reader: Reader) -> None:
    """Warn about tags and attributes that are not SSML as Twilio takes it."""
    for child in _all(element):
        if _is_verb(child):
            reader.warn(
                SCHEMA_VIOLATION,
                f"<{cut(child.name)}> has no place in <Say>; it is ignored",
                child.line,
            )
        elif child.name not in TAGS:
            reader.warn(
                SCHEMA_VIOLATION,
                f"<{cut(child.name)}> is no SSML tag{reader.suggest(child.name, TAGS)};"
                " its words are said",
                child.line,
            )
        else:
            for name in sorted(child.attributes.keys() - TAGS[child.name]):
                reader.warn(
                    SCHEMA_VIOLATION,
                    f"<{child.name}> has no attribute {cut(name)}; it is ignored",
                    child.line,
                )


def _all(element: Element) -> Iterator[Element]:
    for child in element.children:
        yield child
        if not _is_verb(child):
            yield from _all(child)


def _is_verb(element: Element) -> bool:
    # TwiML names begin with a capital, SSML's do not: an address inside a misplaced <Play>
    # must not be read out.
    return element.name[:1].isupper()
