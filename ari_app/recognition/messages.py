"""What the app and the recogniser process say to each other, as JSON over a WebSocket.

The app sends one `Wanted`; the process answers `Ready` with the address that takes the audio, or
`Failed`. Then come `Began`, `Partial` and `Final`, utterance after utterance, until the app hangs
up. With ``file`` the app sends the audio itself, as binary messages of 16-bit PCM at 8 kHz, and an
empty one at its end.
"""

from __future__ import annotations

import msgspec

RATE = 8000
"""Samples a second of all audio here."""


class Wanted(msgspec.Struct, tag="wanted", frozen=True, kw_only=True):
    """What is to be heard: language (BCP 47), hints, and how an utterance ends.

    ``silence`` seconds without speech end it, and so do ``longest`` seconds of it. ``numbers``
    says that numbers and short commands are expected.
    """

    language: str = "en-US"
    hints: tuple[str, ...] = ()
    silence: float = 1.0
    longest: float = 60.0
    numbers: bool = False
    partials: bool = False
    file: bool = False
    tracks: tuple[str, ...] = ("inbound",)


class Ready(msgspec.Struct, tag="ready", frozen=True):
    """``url`` takes the audio of this recognition, once, as Media Streams."""

    url: str


class Failed(msgspec.Struct, tag="failed", frozen=True):
    """Nothing (more) is recognised; ``code`` is Twilio's."""

    code: int
    message: str


class Began(msgspec.Struct, tag="began", frozen=True):
    """Somebody begins to speak on a track (``inbound`` or ``outbound``)."""

    track: str


class Partial(msgspec.Struct, tag="partial", frozen=True):
    """What an utterance sounds like so far; ``stability`` from 0 to 1."""

    track: str
    text: str
    stability: float


class Final(msgspec.Struct, tag="final", frozen=True):
    """An utterance is over; ``text`` is empty when it was no speech."""

    track: str
    text: str
    confidence: float | None = None


Event = Ready | Failed | Began | Partial | Final

_wanted = msgspec.json.Decoder(Wanted)
_events: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(message: Wanted | Event) -> str:
    """Return the text of a message."""
    return msgspec.json.encode(message).decode()


def decode_wanted(text: str) -> Wanted:
    """Return what the app wants; raises ``msgspec.MsgspecError``."""
    return _wanted.decode(text)


def decode_event(text: str) -> Event:
    """Return what the process tells; raises ``msgspec.MsgspecError``."""
    return _events.decode(text)
