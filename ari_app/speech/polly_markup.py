"""Markup as Amazon Polly takes it, without what the chosen engine would refuse.

Source: Amazon Polly, "Supported SSML tags": a tag that an engine has not fails the request.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from ari_app.speech.ssml import Markup, Tag

#: Engine → tags it refuses, and attributes of ``prosody``.
_REFUSED: dict[str, frozenset[str]] = {
    "standard": frozenset(),
    "neural": frozenset({"emphasis", "pitch"}),
    "long-form": frozenset({"emphasis", "pitch"}),
    "generative": frozenset({"emphasis", "pitch", "volume"}),
}
_INVALID = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)]
)


def clean(text: str) -> str:
    """Return text without characters that XML and Polly refuse."""
    return text.translate(_INVALID)


def write(markup: Markup, engine: str) -> str:
    """Return ``<speak>…</speak>`` for one of Polly's engines."""
    refused = _REFUSED.get(engine, _REFUSED["neural"])
    return f"<speak>{''.join(_write(markup, refused))}</speak>"


def _write(markup: Markup, refused: frozenset[str]) -> Iterator[str]:
    for node in markup:
        if isinstance(node, str):
            yield escape(clean(node))
        elif node.name == "break":
            yield f'<break time="{round(node.pause * 1000)}ms"/>'
        else:
            inside = "".join(_write(node.content, refused))
            written = "".join(
                f" {name}={quoteattr(clean(value))}" for name, value in _attributes(node, refused)
            )
            needs = node.name in ("prosody", "lang", "phoneme", "say-as", "sub", "w")
            if node.name in refused or (needs and not written):
                yield inside
            else:
                yield f"<{node.name}{written}>{inside}</{node.name}>"


def _attributes(tag: Tag, refused: frozenset[str]) -> Iterator[tuple[str, str]]:
    given = dict(tag.attributes)
    if tag.name == "phoneme":
        if "ph" not in given:
            return
        given.setdefault("alphabet", "ipa")
    if tag.name == "emphasis":
        given.setdefault("level", "moderate")
    if tag.name == "say-as" and "interpret-as" not in given:
        return
    for name, value in given.items():
        if not (tag.name == "prosody" and name in refused):
            yield name, value
