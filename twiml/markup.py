"""XML bytes to a plain element tree: no DTD, no entities, no network, bounded.

The only module that knows lxml. Source: W3C XML 1.0; Twilio, TwiML for Programmable Voice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from lxml import etree

from twiml.messages import cut

XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"
SCHEMA_NAMESPACE = "http://www.w3.org/2001/XMLSchema-instance"

# libxml2's numbers (xmlerror.h) for faults whose own text does not tell what to do.
ERR_NAME_REQUIRED = 68
ERR_ENTITYREF_SEMICOLON = 23
ERR_RESERVED_XML_NAME = 64
ERR_UNKNOWN_VERSION = 108

# TwiML needs 4 levels, marked-up speech a few more; the rest is an attack on the stack.
MAX_DEPTH = 32

HINTS = {
    ERR_RESERVED_XML_NAME: "nothing, not even a space, may stand before <?xml",
    ERR_NAME_REQUIRED: "write & as &amp; and < as &lt;",
    ERR_ENTITYREF_SEMICOLON: "write & as &amp;",
}


class MarkupError(Exception):
    """Not usable as XML: ``reason`` and the line; ``bad_version`` for anything but XML 1.0."""

    def __init__(self, reason: str, line: int, *, bad_version: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.bad_version = bad_version


@dataclass(frozen=True, slots=True)
class Element:
    """One element: attributes as written, content as text pieces and elements in order."""

    name: str
    line: int
    attributes: Mapping[str, str]
    content: tuple[str | Element, ...]

    @property
    def text(self) -> str:
        """The element's own text, without its children's, trimmed."""
        return "".join(piece for piece in self.content if isinstance(piece, str)).strip()

    @property
    def children(self) -> tuple[Element, ...]:
        """The elements directly inside."""
        return tuple(piece for piece in self.content if isinstance(piece, Element))


def load(body: bytes, *, encoding: str | None = None) -> Element:
    """Parse one XML 1.0 document; raises MarkupError.

    ``encoding`` overrides what the document declares.

    Any DOCTYPE is refused: TwiML has none, and it is the door for entity bombs and files.
    Comments and processing instructions are dropped.
    """
    parser = etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise _explain(body, error) from error
    info = root.getroottree().docinfo
    if info.internalDTD is not None:
        raise MarkupError("a DOCTYPE is not allowed in TwiML", 1)
    if info.xml_version != "1.0":
        raise MarkupError(f"XML version {info.xml_version!r}", 1, bad_version=True)
    return _convert(root, etree.QName(root).namespace, 1)


def _explain(body: bytes, error: etree.XMLSyntaxError) -> MarkupError:
    line = error.lineno or 0
    code = int(getattr(error, "code", None) or 0)
    if code == ERR_UNKNOWN_VERSION:
        return MarkupError("unknown XML version", line, bad_version=True)
    start = body[:256].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return MarkupError("this is an HTML page, not TwiML", line)
    reason = cut(error.msg or "no XML", 160)
    hint = HINTS.get(code)
    return MarkupError(f"{reason}: {hint}" if hint else reason, line)


def _convert(node: etree._Element, namespace: str | None, depth: int) -> Element:
    line = cast("int | None", node.sourceline) or 0
    if depth > MAX_DEPTH:
        raise MarkupError(f"elements are nested more than {MAX_DEPTH} deep", line)
    return Element(
        name=_local(str(node.tag), namespace),
        line=line,
        attributes=dict(_attributes(node)),
        content=tuple(_content(node, namespace, depth)),
    )


def _local(tag: str, namespace: str | None) -> str:
    # A document that declares a default namespace still means the plain names.
    return tag.removeprefix(f"{{{namespace}}}") if namespace else tag


def _attributes(node: etree._Element) -> Iterator[tuple[str, str]]:
    for key, value in node.attrib.items():
        name = str(key)
        if name.startswith(f"{{{SCHEMA_NAMESPACE}}}"):
            continue  # xsi:noNamespaceSchemaLocation and the like are for editors
        yield name.replace(f"{{{XML_NAMESPACE}}}", "xml:"), str(value)


def _content(node: etree._Element, namespace: str | None, depth: int) -> Iterator[str | Element]:
    if node.text:
        yield node.text
    for child in node:
        yield _convert(child, namespace, depth + 1)
        if child.tail:
            yield child.tail
