"""Media Streams messages on the wire: what we send, and what a bot may send.

Twilio: "Media Streams - WebSocket Messages". Numbers are JSON strings except sampleRate and
channels (fact 1). Decoding is strict about meaning and tolerant about form: unknown fields,
a missing streamSid, unpadded or URL-safe base64, marks without a name and numeric mark names
all occur in the field.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping, Sequence

import msgspec

from stream.control import Track
from stream.hot import MediaText

WARN_MALFORMED = 31950
WARN_INVALID = 31951

MAX_MARK_NAME = 1024
"""Longest name of a mark, in bytes of JSON: thousands may be pending."""

CONNECTED = b'{"event":"connected","protocol":"Call","version":"1.0.0"}'

_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_WHITESPACE = b" \t\r\n"


class BadMessage(Exception):  # noqa: N818 - not a failure of ours
    """A message to be ignored: Twilio's warning ``code`` and what was wrong with it."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Payload(msgspec.Struct):
    """Audio of a media message, µ-law."""

    payload: bytes


class Media(msgspec.Struct, tag_field="event", tag="media", rename="camel"):
    """Audio to play."""

    media: Payload
    stream_sid: str | None = None


class MarkBody(msgspec.Struct):
    """Name of a mark as raw JSON, so that it goes back with its own type."""

    name: msgspec.Raw = msgspec.Raw(b"")


class Mark(msgspec.Struct, tag_field="event", tag="mark", rename="camel"):
    """Point in the audio to be told about."""

    mark: MarkBody | None = None
    stream_sid: str | None = None

    @property
    def name(self) -> bytes:
        """The name as JSON text, b"" when there is none."""
        return b"" if self.mark is None else bytes(self.mark.name)


class Clear(msgspec.Struct, tag_field="event", tag="clear", rename="camel"):
    """Throw away what is queued."""

    stream_sid: str | None = None


class _LaxPayload(msgspec.Struct):
    payload: str


class _LaxMedia(msgspec.Struct, tag_field="event", tag="media", rename="camel"):
    media: _LaxPayload
    stream_sid: str | None = None


Incoming = Media | Mark | Clear

_decoder: msgspec.json.Decoder[Media | Mark | Clear] = msgspec.json.Decoder(Media | Mark | Clear)
_lax_decoder = msgspec.json.Decoder(_LaxMedia)
_name_decoder = msgspec.json.Decoder(str | int | float | None)
_ERRORS = (msgspec.MsgspecError, ValueError, RecursionError)


def decode(text: bytes, stream_sid: str) -> Incoming:
    """Return the message in ``text``, meant for ``stream_sid``.

    Raises `BadMessage` with 31950 for what is no UTF-8 and 31951 for everything else that is
    no valid message.
    """
    try:
        message = _decoder.decode(text)
    except _ERRORS as error:
        message = _decode_lax(text, error)
    if message.stream_sid is not None and message.stream_sid != stream_sid:
        raise BadMessage(WARN_INVALID, f"streamSid {message.stream_sid[:40]!r} is another stream")
    if type(message) is Mark and message.name:
        _check_name(message)
    return message


def _decode_lax(text: bytes, error: Exception) -> Media:
    """Return the media message whose base64 is not as the strict decoder wants it."""
    try:
        text.decode()
    except UnicodeDecodeError:
        raise BadMessage(WARN_MALFORMED, "not UTF-8 text") from None
    try:
        lax = _lax_decoder.decode(text)
        code = lax.media.payload.encode("ascii").translate(_URL_SAFE, _WHITESPACE).rstrip(b"=")
        audio = binascii.a2b_base64(code + b"=" * (-len(code) % 4), strict_mode=True)
    except _ERRORS:
        raise BadMessage(WARN_INVALID, _reason(error)) from None
    return Media(Payload(audio), lax.stream_sid)


def _check_name(message: Mark) -> None:
    if len(message.name) > MAX_MARK_NAME:
        raise BadMessage(WARN_INVALID, f"mark name longer than {MAX_MARK_NAME} bytes")
    try:
        name = _name_decoder.decode(message.name)
    except _ERRORS as error:
        raise BadMessage(WARN_INVALID, f"mark name: {_reason(error)}") from None
    if name is None:
        message.mark = None


def _reason(error: Exception) -> str:
    return str(error)[:200] or type(error).__name__


def mark_label(name: bytes) -> str:
    """Return a mark's name as text for people: cut to 256 characters, numbers as written."""
    label = _name_decoder.decode(name)
    return label[:256] if isinstance(label, str) else name.decode()[:256]


class Writer(MediaText):
    """Maker of one stream's outgoing messages; it owns the sequence and chunk counters.

    ``sequenceNumber`` counts every message but `CONNECTED`, ``chunk`` media messages only.
    """

    def __init__(
        self,
        stream_sid: str,
        call_sid: str,
        account_sid: str,
        parameters: Mapping[str, str],
        tracks: Sequence[Track] = ("inbound",),
    ) -> None:
        sid = _json(stream_sid)
        super().__init__(_json(tracks[0]), sid)
        self._call = b'{"accountSid":%b,"callSid":%b}' % (_json(account_sid), _json(call_sid))
        self._start = (
            b'{"event":"start","sequenceNumber":"%%d","start":{"accountSid":%b,"streamSid":%b,'
            b'"callSid":%b,"tracks":%b,"mediaFormat":{"encoding":"audio/x-mulaw",'
            b'"sampleRate":8000,"channels":1},"customParameters":%b},"streamSid":%b}'
            % tuple(
                _escape(part)
                for part in (
                    _json(account_sid),
                    sid,
                    _json(call_sid),
                    _json(tracks),
                    _json(dict(parameters)),
                    sid,
                )
            )
        )
        sid = _escape(sid)
        # Those of one track alone are made by the base.
        self._medias = {
            track: b'{"event":"media","sequenceNumber":"%%d","media":{"track":%b,"chunk":"%%d",'
            b'"timestamp":"%%d","payload":"%%b"},"streamSid":%b}' % (_json(track), sid)
            for track in (tracks if len(tracks) > 1 else ())
        }
        self._dtmf = (
            b'{"event":"dtmf","streamSid":%b,"sequenceNumber":"%%d",'
            b'"dtmf":{"track":"inbound_track","digit":%%b}}' % sid
        )
        self._mark = (
            b'{"event":"mark","sequenceNumber":"%%d","streamSid":%b,"mark":{"name":%%b}}' % sid
        )
        self._stop = b'{"event":"stop","sequenceNumber":"%%d","streamSid":%b,"stop":%%b}' % sid

    def start(self) -> bytes:
        """Return the start message."""
        self.sequence += 1
        return self._start % self.sequence

    def media_of(self, track: Track, timestamp: int, frame: bytes) -> bytes:
        """Return the media message of a frame of one of several tracks; they share counters."""
        if not self._medias:
            return self.media(timestamp, frame)
        self.sequence += 1
        self.chunk += 1
        return self._medias[track] % (
            self.sequence,
            self.chunk,
            timestamp,
            binascii.b2a_base64(frame, newline=False),
        )

    def dtmf(self, digit: str) -> bytes:
        """Return the dtmf message of one key."""
        self.sequence += 1
        return self._dtmf % (self.sequence, _json(digit))

    def mark(self, name: bytes) -> bytes:
        """Return the mark message that gives ``name`` (JSON text) back."""
        self.sequence += 1
        return self._mark % (self.sequence, name)

    def stop(self) -> bytes:
        """Return the last message."""
        self.sequence += 1
        return self._stop % (self.sequence, self._call)


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)


def _escape(text: bytes) -> bytes:
    return text.replace(b"%", b"%%")
