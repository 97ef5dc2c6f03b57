"""The record that every source makes and every command reads, as lines of JSON.

On disk a `Header` comes first, then one `Item` a line; the tap's unix socket gives items alone.
Members at their default are left out. A reader ignores members that it does not know.

`data` is what was really said, by `kind`:

- ``event``: the event as Asterisk wrote it;
- ``request``: ``{"number": 7, "query": {...}, "body": ...}``; method and path (below `/ari`,
  decoded) are the type: ``POST /channels/c1/answer``;
- ``answer``: ``{"number": 7, "answer": ...}``, to the request of this number;
- ``webhook``, type ``request``: ``{"method": ..., "url": ..., "params": {...}}``; type
  ``answer``: ``{"method": ..., "url": ..., "content_type": ..., "body": ...}``;
- ``twiml``: the type is the verb; ``{"state": "begin", "attributes": {...}}``, later its end;
- ``stream``, ``rtp``, ``sip``: a control message, statistics, a SIP message;
- ``note``: words of the tool or the app itself: ``missed``, ``connected``, ``problem`` ….
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import msgspec

#: Of the format; a reader refuses a greater one.
VERSION = 1


class Item(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One thing that happened.

    `at` is in unix seconds; `seq` grows; `ms` is how long it took. `source` says who saw it
    (`attach`, or the part of ariswitch). `call` is the call's SID, `linked` further ids that
    belong to it (channels, playbacks, Call-IDs). A `status` of 0 means: none. `node` is told where
    the taps of several nodes are read.
    """

    at: float
    seq: int = 0
    source: str = ""
    kind: str
    type: str = ""
    channel: str = ""
    bridge: str = ""
    call: str = ""
    linked: tuple[str, ...] = ()
    caller: str = ""
    app: str = ""
    ms: float | None = None
    status: int = 0
    error: str = ""
    node: str = ""
    data: Any = None


class Header(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The first line: version of the format, and what the records are of."""

    ari_debug: int = msgspec.field(name="ari-debug")
    at: float = 0.0
    source: str = ""
    asterisk: str = ""
    app: str = ""


class RecordError(Exception):
    """What was read is no recording, or one of a newer version; says which line."""


_items: msgspec.json.Decoder[Item] = msgspec.json.Decoder(Item)
_headers: msgspec.json.Decoder[Header] = msgspec.json.Decoder(Header)
_encoder = msgspec.json.Encoder()


def header(*, at: float, source: str, asterisk: str = "", app: str = "") -> Header:
    """Make the first line of a new recording."""
    return Header(ari_debug=VERSION, at=at, source=source, asterisk=asterisk, app=app)


def line(entry: Item | Header) -> bytes:
    """One line of a recording, its end included."""
    return _encoder.encode(entry) + b"\n"


def read_header(text: bytes) -> Header:
    """Read a first line; raises RecordError."""
    try:
        found = _headers.decode(text)
    except msgspec.MsgspecError as error:
        raise RecordError(f"not a recording of ari-debug: {error}") from None
    if found.ari_debug > VERSION:
        raise RecordError(
            f"recorded in version {found.ari_debug}; this ari-debug reads up to {VERSION}"
        )
    return found


def read_item(text: bytes, number: int = 0) -> Item:
    """Read any further line, the `number`-th of its file; raises RecordError."""
    try:
        return _items.decode(text)
    except msgspec.MsgspecError as error:
        place = f"line {number}: " if number else ""
        raise RecordError(f"{place}not a record: {error}") from None


def read(file: IO[bytes]) -> tuple[Header, Iterator[Item]]:
    """Read a whole recording, item by item; raises RecordError, the iterator too.

    A last line without an end, as a killed recorder leaves it, is passed over.
    """
    return read_header(file.readline()), _rest(file)


def _rest(file: IO[bytes]) -> Iterator[Item]:
    for number, text in enumerate(file, 2):
        if text.strip() and text.endswith(b"\n"):
            yield read_item(text, number)
