"""SSML, read into a small tree of known tags with checked values. Nothing else gets to an engine.

Source: W3C SSML 1.1; Twilio, <Say>, SSML tags; Amazon Polly, "Supported SSML tags".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from lxml import etree

SCHEMA_VIOLATION = 12200
MAX_MARKUP = 65536
"""Characters: a TwiML document has no more."""
MAX_DEPTH = 16
"""Tags within tags; deeper ones lose the tag and keep their words (espeak-ng's stack has 20)."""
MAX_BREAK = 10.0
"""Seconds of one break, as Amazon Polly has it."""
MAX_BREAKS = 50

#: Seconds of silence that a strength stands for; Polly: as after a comma, sentence, paragraph.
STRENGTHS = {
    "none": 0.0,
    "x-weak": 0.1,
    "weak": 0.2,
    "medium": 0.4,
    "strong": 0.7,
    "x-strong": 1.0,
}

_LANGUAGE = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}"
_KINDS = (
    "characters|spell-out|cardinal|number|ordinal|digits|fraction|unit|date|time|address"
    "|expletive|telephone"
)
_FORMATS = "mdy|dmy|ymd|md|dm|ym|my|d|m|y|yyyymmdd"
_ALPHABETS = "ipa|x-sampa|x-amazon-(jyutping|pinyin|pron-kana|yomigana)"

#: Tag → attribute → what its value looks like. Values that do not are dropped with a warning.
_TAGS: dict[str, dict[str, re.Pattern[str]]] = {
    tag: {name: re.compile(pattern) for name, pattern in attributes.items()}
    for tag, attributes in {
        "break": {"strength": "|".join(STRENGTHS), "time": r"\+?[0-9]{1,6}(\.[0-9]{1,6})?(ms|s)"},
        "emphasis": {"level": "strong|moderate|reduced|none"},
        "lang": {"xml:lang": _LANGUAGE},
        "p": {},
        "phoneme": {"alphabet": _ALPHABETS, "ph": r"[^\x00-\x1f]{1,200}"},
        "prosody": {
            "volume": r"default|silent|x-soft|soft|medium|loud|x-loud|[+-][0-9]{1,2}(\.[0-9]+)?dB",
            "rate": r"default|x-slow|slow|medium|fast|x-fast|[+-]?[0-9]{1,3}(\.[0-9]+)?%",
            "pitch": r"default|x-low|low|medium|high|x-high|[+-][0-9]{1,3}(\.[0-9]+)?%",
        },
        "s": {},
        "say-as": {"interpret-as": _KINDS, "format": _FORMATS},
        "sub": {"alias": r"[^\x00-\x08\x0b\x0c\x0e-\x1f]{1,1000}"},
        "w": {"role": r"amazon:(VB|VBD|DT|NN|JJ|DEFAULT|SENSE_[0-9])"},
    }.items()
}

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True)
class Tag:
    """One known tag; ``attributes`` are checked, ``content`` is text and tags in order."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    content: tuple[Node, ...] = ()

    @property
    def pause(self) -> float:
        """Seconds of silence, of a ``break``."""
        time = self.attributes.get("time")
        if time is None:
            return STRENGTHS[self.attributes.get("strength", "medium")]
        number = float(time.removesuffix("s").removesuffix("m"))
        return min(number / 1000 if time.endswith("ms") else number, MAX_BREAK)


Node = str | Tag
Markup = tuple[Node, ...]


def read(text: str) -> tuple[Markup, tuple[tuple[int, str], ...]]:
    """Read a ``<speak>`` element; returns its content, and warnings 12200 about bad values.

    What is no XML is all text: never raises.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(text[:MAX_MARKUP].encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        words = re.sub(r"<[^<>]*>", " ", text[:MAX_MARKUP])
        return (words,), ((SCHEMA_VIOLATION, "the SSML is not well formed; its words are said"),)
    warnings: dict[str, None] = {}
    return tuple(_content(root, 0, warnings)), tuple((SCHEMA_VIOLATION, one) for one in warnings)


def _content(element: etree._Element, depth: int, warnings: dict[str, None]) -> Iterator[Node]:
    if element.text:
        yield element.text
    for child in element:
        if isinstance(child.tag, str):
            yield from _tag(child, depth + 1, warnings)
        if child.tail:
            yield child.tail


def _tag(element: etree._Element, depth: int, warnings: dict[str, None]) -> Iterator[Node]:
    name = str(element.tag)
    if name not in _TAGS or depth > MAX_DEPTH:
        yield from _content(element, depth, warnings)
        return
    attributes = {}
    for key, value in element.attrib.items():
        key = "xml:lang" if key == _XML_LANG else str(key)
        pattern = _TAGS[name].get(key)
        if pattern and pattern.fullmatch(str(value).strip()):
            attributes[key] = str(value).strip()
        else:
            warnings[f"<{name} {key[:30]}={str(value)[:40]!r}>: not a value of it; ignored"] = None
    content = () if name == "break" else tuple(_content(element, depth, warnings))
    yield Tag(name, attributes, content)


def has_words(markup: Markup) -> bool:
    """Tell whether there is anything to be spoken, not pauses alone."""
    return any(
        bool(node.strip())
        if isinstance(node, str)
        else "alias" in node.attributes or has_words(node.content)
        for node in markup
    )


def pauses(markup: Markup) -> float:
    """Return the seconds of all breaks together, as far as they count."""
    return sum(piece for piece in split(markup) if isinstance(piece, float))


def split(markup: Markup) -> list[Markup | float]:
    """Cut at the breaks: pieces of markup, and seconds of silence between them.

    A tag that a break divides is opened again behind it. From the 51st break on they count as
    spaces. For engines whose own breaks are inexact or that have none.
    """
    pieces: list[Markup | float] = []
    found = 0
    for piece in _split(markup):
        if not isinstance(piece, float):
            if has_words(piece):
                pieces.append(piece)
        elif found < MAX_BREAKS and piece > 0:
            found += 1
            if pieces and isinstance(pieces[-1], float):
                pieces[-1] += piece
            else:
                pieces.append(piece)
    return pieces


def _split(markup: Markup) -> Iterator[Markup | float]:
    run: list[Node] = []
    for node in markup:
        if isinstance(node, str) or not _breaks(node):
            run.append(node)
            continue
        if node.name == "break":
            yield tuple(run)
            yield node.pause
            run = []
            continue
        for piece in _split(node.content):
            if isinstance(piece, float):
                yield tuple(run)
                yield piece
                run = []
            else:
                run.append(replace(node, content=piece))
    yield tuple(run)


def _breaks(tag: Tag) -> bool:
    return tag.name == "break" or any(
        _breaks(node) for node in tag.content if isinstance(node, Tag)
    )
