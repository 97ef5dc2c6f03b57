"""What is known of one call, as the rules ask for it. All times are unix seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Verb:
    """A TwiML verb; ``state`` "" while it runs, else end, failed or cancelled."""

    name: str
    begin: float
    end: float = 0.0
    state: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    nested: bool = False


@dataclass(slots=True)
class Webhook:
    """A request to the customer; ``ms`` None while it is not answered."""

    at: float
    url: str
    params: Mapping[str, Any]
    #: Whether its answer is TwiML.
    document: bool
    ms: float | None = None
    status: int = 0
    code: int = 0
    error: str = ""

    @property
    def over(self) -> float:
        """When it was answered or given up."""
        return self.at + (self.ms or 0.0) / 1000


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem with Twilio's code, as the app reported it."""

    at: float
    code: int
    message: str
    url: str = ""


@dataclass(slots=True)
class Stream:
    """A stream to a bot; ``stopped`` 0 while it runs, ``code`` 0 without an error."""

    sid: str
    url: str
    opened: float
    mode: str = "connect"
    connected: float = 0.0
    stopped: float = 0.0
    cause: str = ""
    code: int = 0
    message: str = ""
    stats: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Leg:
    """Somebody who was called: by `Dial`, or by REST. ``status`` is Twilio's, "" when not told."""

    to: str
    at: float
    over: float = 0.0
    status: str = ""
    sip: int = 0
    #: ISDN cause (Q.850) of the channel's end.
    cause: int = 0
    rang: bool = False
    answered: float = 0.0


@dataclass(frozen=True, slots=True)
class Sound:
    """What Asterisk counted of a SIP leg's RTP when it ended; jitter in ms."""

    channel: str
    leg: str
    received: int
    sent: int
    lost_in: int
    lost_out: int
    jitter: float


@dataclass(frozen=True, slots=True)
class Hole:
    """A gap that a capture shows."""

    at: float
    seconds: float
    words: str


@dataclass(slots=True)
class Case:
    """One call. ``start`` and ``over`` are its first and last moment, as far as seen."""

    start: float = 0.0
    over: float = 0.0
    sid: str = ""
    channel: str = ""
    caller: str = ""
    called: str = ""
    direction: str = ""
    status: str = ""
    sip: int = 0
    duration: str = ""
    answered: float = 0.0
    #: When the phone's channel was asked to end, and by whom: far (the phone), app or "".
    ended: float = 0.0
    ended_by: str = ""
    #: SIP status and words with which the caller was turned away.
    refused: int = 0
    refusal: str = ""
    #: Whether its beginning was seen.
    complete: bool = True
    #: Times at which the app went away, and when it was there again.
    away: list[tuple[float, float]] = field(default_factory=list)
    missed: int = 0
    verbs: list[Verb] = field(default_factory=list)
    webhooks: list[Webhook] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
    sounds: list[Sound] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)
    #: Whether something was played or bridged to the phone, and whether anybody listened to it.
    spoken_to: bool = False
    listened_to: bool = False
    #: Times of keys that were pressed.
    keys: list[float] = field(default_factory=list)
    #: Slowest answer of Asterisk: when, ms, to what.
    slowest: tuple[float, float, str] = (0.0, 0.0, "")
    #: How much later than the quickest the latest event came: when, seconds.
    lag: tuple[float, float] = (0.0, 0.0)
    #: Requests that Asterisk refused: when, what, status, why.
    denied: list[tuple[float, str, int, str]] = field(default_factory=list)
    #: SIP answers of 400 and more of the phone's own leg, from a capture: when, status, words.
    sip_answers: list[tuple[float, int, str]] = field(default_factory=list)

    @property
    def inbound(self) -> bool:
        """Whether somebody called us."""
        return not self.direction.startswith("outbound")

    def verb_at(self, at: float) -> Verb | None:
        """The innermost verb that ran at that time."""
        running = [verb for verb in self.verbs if verb.begin <= at <= (verb.end or at)]
        return running[-1] if running else None

    def follows(self, at: float) -> Verb | None:
        """The verb that began next."""
        return next((verb for verb in self.verbs if verb.begin >= at and not verb.nested), None)
