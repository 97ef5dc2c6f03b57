"""Control protocol between the app and a stream worker.

Newline-delimited JSON over a Unix socket, one tagged object a line (``type``). Commands go from
the app to the worker. Events come back with a ``seq`` that counts from 1 in each life of a
worker: the app acknowledges them, and after it was away they are told again.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Codec = Literal["ulaw", "alaw"]
Mode = Literal["connect", "start"]
Track = Literal["inbound", "outbound"]
Outcome = Literal["played", "cleared"]
Cause = Literal["remote", "requested", "error"]

MAX_LINE = 1024 * 1024
"""Longest line either side takes, in bytes."""


class Source(msgspec.Struct, frozen=True):
    """Where Asterisk sends one track of a one-way stream from, µ-law."""

    track: Track
    host: str
    port: int


class Open(msgspec.Struct, tag="open", frozen=True, kw_only=True):
    """Connect a stream: the caller's RTP on one side, the bot's ``url`` on the other.

    In mode ``connect`` audio goes both ways and ``peer_host``/``peer_port`` is Asterisk's end of
    the RTP pair; in mode ``start`` it goes to the bot only, from ``sources``. ``headers`` are
    sent with the upgrade as they are. The query of ``url`` stays behind unless ``keep_query``
    (fact 14). Private addresses are refused but for those in the networks of ``allow``, e.g.
    ``10.0.0.0/8``.
    ``connect_timeout`` in seconds covers DNS, TCP, TLS and the upgrade. With ``news`` the app is
    told of what the bot sends, too: `MarkTaken`, `Cleared`.
    """

    stream_sid: str
    call_sid: str
    account_sid: str
    url: str
    peer_host: str = ""
    peer_port: int = 0
    sources: tuple[Source, ...] = ()
    codec: Codec = "ulaw"
    headers: dict[str, str] = {}
    parameters: dict[str, str] = {}
    name: str = ""
    mode: Mode = "connect"
    allow_private: bool = False
    allow: tuple[str, ...] = ()
    keep_query: bool = False
    connect_timeout: float = 10.0
    news: bool = False


class Stop(msgspec.Struct, tag="stop", frozen=True):
    """End a stream from our side: the bot gets ``stop`` and close code 1000."""

    stream_sid: str


class Dtmf(msgspec.Struct, tag="dtmf", frozen=True):
    """Tell the bot that the caller pressed a key."""

    stream_sid: str
    digit: str


class Ack(msgspec.Struct, tag="ack", frozen=True):
    """Events up to ``seq`` have arrived and need not be kept."""

    seq: int


class Attach(msgspec.Struct, tag="attach", frozen=True):
    """First command of a connection: tell everything after ``last_seq`` (0: all there is).

    ``boot`` is the worker's life that ``last_seq`` belongs to, "" when unknown.
    """

    last_seq: int = 0
    boot: str = ""


class Ping(msgspec.Struct, tag="ping", frozen=True):
    """Ask for a sign of life."""


class Measure(msgspec.Struct, tag="measure", frozen=True):
    """Ask for the counters of all streams that live; the answer is `Measured`."""


Command = Open | Stop | Dtmf | Ack | Attach | Ping | Measure


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream did in its life. Times in ms, audio in bytes of µ-law (8 a ms)."""

    duration_ms: int = 0
    rtp_received: int = 0
    rtp_late: int = 0
    rtp_ignored: int = 0
    rtp_rebased: int = 0
    rtp_sent: int = 0
    silence_filled: int = 0
    media_sent: int = 0
    media_dropped: int = 0
    audio_queued: int = 0
    audio_played: int = 0
    audio_cleared: int = 0
    audio_dropped: int = 0
    marks_played: int = 0
    marks_cleared: int = 0
    ran_dry: int = 0
    messages_received: int = 0
    messages_ignored: int = 0


class Hello(msgspec.Struct, tag="hello", kw_only=True):
    """First event of a connection: who the worker is, and which streams live in it.

    ``boot`` names this life of the worker; ``seq`` is the last event's number, and events from
    ``first_seq`` on are told again. ``owners`` has account and call of each of ``streams``.
    Hello itself is never acknowledged.
    """

    worker: str
    boot: str
    pid: int
    rtp_host: str
    rtp_port: int
    streams: list[str]
    owners: dict[str, tuple[str, str]] = {}
    capacity: int
    seq: int = 0
    first_seq: int = 1


class Connected(msgspec.Struct, tag="connected"):
    """The bot's server accepted the WebSocket."""

    stream_sid: str
    seq: int = 0


class Started(msgspec.Struct, tag="started"):
    """``connected`` and ``start`` have been sent; media follows."""

    stream_sid: str
    seq: int = 0


class Mark(msgspec.Struct, tag="mark"):
    """A mark went back to the bot, because it was heard or because it was cleared.

    ``name`` is cut to 256 characters here; the bot gets it back whole.
    """

    stream_sid: str
    name: str
    outcome: Outcome
    seq: int = 0


class MarkTaken(msgspec.Struct, tag="mark-taken"):
    """The bot has sent a mark; not numbered, and left out for an app that is behind or away."""

    stream_sid: str
    name: str
    seq: int = 0


class Cleared(msgspec.Struct, tag="cleared"):
    """The bot has sent a clear; told as `MarkTaken` is."""

    stream_sid: str
    seq: int = 0


class DtmfSent(msgspec.Struct, tag="dtmf-sent"):
    """A key was told to the bot."""

    stream_sid: str
    digit: str
    seq: int = 0


class Warned(msgspec.Struct, tag="warned"):
    """A Twilio warning, once a stream and code."""

    stream_sid: str
    code: int
    message: str
    seq: int = 0


class Stopped(msgspec.Struct, tag="stopped"):
    """The stream is over. ``code`` is Twilio's error when there was one."""

    stream_sid: str
    cause: Cause
    code: int | None = None
    message: str = ""
    stats: Stats = Stats()
    seq: int = 0


class Replaced(msgspec.Struct, tag="replaced"):
    """Last event of a connection that another app has taken over."""

    seq: int = 0


class Pong(msgspec.Struct, tag="pong"):
    """Sign of life; not numbered."""

    seq: int = 0


class Counts(msgspec.Struct, tag="counts", kw_only=True):
    """What a worker has done in its life, told every few seconds; not numbered.

    Frames are 20 ms of audio of any stream. ``strangers``, ``malformed`` and ``unsent`` are
    datagrams, ``media_dropped`` messages that a bot was too slow for, ``audio_dropped`` frames
    over a full play-out buffer, ``ran_dry`` times that a bot's audio came to its end, speech over
    or late, and ``ticks_skipped`` 20 ms ticks that a stall of the process swallowed.
    """

    frames_received: int = 0
    frames_sent: int = 0
    strangers: int = 0
    malformed: int = 0
    unsent: int = 0
    media_dropped: int = 0
    audio_dropped: int = 0
    ran_dry: int = 0
    ticks_skipped: int = 0
    seq: int = 0


class Measured(msgspec.Struct, tag="measured"):
    """The counters of all streams that live, by their SID, because they were asked for.

    Not numbered.
    """

    streams: dict[str, Stats]
    seq: int = 0


#: What an app can do without.
News = MarkTaken | Cleared
StreamEvent = Connected | Started | Mark | DtmfSent | Warned | Stopped | News
Event = StreamEvent | Hello | Replaced | Pong | Counts | Measured

_commands: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_events: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(message: Command | Event) -> bytes:
    """Return the line of ``message``, newline included."""
    return msgspec.json.encode(message) + b"\n"


def decode_command(line: bytes) -> Command:
    """Return the command in ``line``; raises ``msgspec.MsgspecError`` when it is none."""
    return _commands.decode(line)


def decode_event(line: bytes) -> Event:
    """Return the event in ``line``; raises ``msgspec.MsgspecError`` when it is none."""
    return _events.decode(line)
