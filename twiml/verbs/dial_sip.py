"""A SIP address to dial (Twilio: <Sip>)."""

from __future__ import annotations

from dataclasses import dataclass, field

from twiml.markup import Element
from twiml.messages import cut
from twiml.schema import SCHEMA_VIOLATION, Attribute, Reader, Spec
from twiml.values import Method, link, method, short, string, whole
from twiml.verbs.answering import AMD
from twiml.verbs.recorded import STATUS_CALLBACK

TOO_MANY_URIS = 13250
TOO_MANY_HEADERS = 13251
BAD_HEADER = 13252
#: Addresses and headers of one noun.
MAX_URIS = 10
MAX_HEADERS = 50

USERNAME: Attribute[str | None] = Attribute("username", short(256), None, 13249)
PASSWORD: Attribute[str | None] = Attribute("password", short(256), None, 13249)
PRIORITY = Attribute("priority", whole(0, 65_535), 0, note="the lowest is tried first")
WEIGHT = Attribute("weight", whole(0, 65_535), 10, note="the highest of one priority first")
NAME = Attribute("name", string, "", shown="required")
VALUE = Attribute("value", string, "", shown="empty")


@dataclass(frozen=True, slots=True)
class SipUri:
    """One of several addresses of the same party."""

    uri: str
    priority: int = 0
    weight: int = 10
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class DialSip:
    """Dial ``uri`` as written, query included (it holds headers to send).

    ``others`` are further addresses of the same party, in the order to be tried; ``headers``
    those of a ``<Headers>`` element, for all addresses.
    """

    uri: str
    username: str | None = None
    password: str | None = None
    url: str | None = None
    method: Method = "POST"
    status_callback: str | None = None
    status_callback_method: Method = "POST"
    status_callback_event: tuple[str, ...] = ("completed",)
    machine_detection: str | None = None
    amd_status_callback: str | None = None
    amd_status_callback_method: Method = "POST"
    machine_detection_timeout: int = 30
    machine_detection_speech_threshold: int = 2400
    machine_detection_speech_end_threshold: int = 1200
    machine_detection_silence_timeout: int = 5000
    headers: tuple[tuple[str, str], ...] = ()
    others: tuple[SipUri, ...] = ()
    line: int = field(default=0, compare=False, kw_only=True)


URI = Spec(
    "Uri",
    (PRIORITY, WEIGHT, USERNAME, PASSWORD),
    text="a SIP URI, instead of the noun's own text",
    note="the next is tried when one fails, in a Dial without further nouns",
)
HEADER = Spec("Header", (NAME, VALUE))
HEADERS = Spec("Headers", children=(HEADER,))
SPEC = Spec(
    "Sip",
    (
        USERNAME,
        PASSWORD,
        Attribute("url", link, None, note="TwiML that the callee hears first"),
        Attribute("method", method, "POST", 13241),
        *STATUS_CALLBACK,
        *AMD,
    ),
    text="a SIP URI; X- headers may follow in its query",
    children=(URI, HEADERS),
)


def build(element: Element, reader: Reader) -> DialSip:
    """Make the noun; whether the address can be dialled shows when it is."""
    fields = reader.read(element, SPEC).fields()
    uris = _uris(element, reader)
    uri = element.text
    if not uri and uris:
        first, *uris = uris
        uri = first.uri
        fields["username"] = first.username or fields["username"]
        fields["password"] = first.password or fields["password"]
    return DialSip(
        uri, **fields, headers=_headers(element, reader), others=tuple(uris), line=element.line
    )


def _uris(element: Element, reader: Reader) -> list[SipUri]:
    found: list[SipUri] = []
    for child in element.children:
        if child.name != URI.name:
            continue
        values = reader.read(child, URI)
        if len(found) == MAX_URIS:
            reader.warn(TOO_MANY_URIS, f"more than {MAX_URIS} <Uri> in <Sip>", child.line)
            break
        found.append(SipUri(child.text, **values.fields()))
    return sorted(found, key=lambda item: (item.priority, -item.weight))


def _headers(element: Element, reader: Reader) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for child in element.children:
        if child.name != HEADERS.name:
            continue
        reader.read(child, HEADERS)
        for header in child.children:
            if header.name != HEADER.name:
                continue
            values = reader.read(header, HEADER)
            name, value = values[NAME].strip(), values[VALUE]
            if not name:
                reader.warn(BAD_HEADER, "<Header> without a name is ignored", header.line)
            elif len(found) == MAX_HEADERS:
                reader.warn(
                    TOO_MANY_HEADERS, f"<Header> {cut(name)!r}: too many headers", header.line
                )
            else:
                found.append((name, value))
    return tuple(found)


REFER_SPEC = Spec("Sip", text="a SIP URI; X- headers may follow in its query")


def target(element: Element, reader: Reader) -> str | None:
    """Return the address of a ``<Sip>`` without attributes, None and a warning when empty."""
    reader.read(element, REFER_SPEC)
    if not element.text:
        reader.warn(SCHEMA_VIOLATION, "<Sip> has no address", element.line)
    return element.text or None
