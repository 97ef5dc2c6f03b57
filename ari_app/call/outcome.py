"""What a verb leads to: the next verb, another document, or the end of the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ari_app.model import CallStatus, Endpoint


@dataclass(frozen=True, slots=True)
class Fetch:
    """A document to be asked for; ``params`` are the verb's own beside the standard ones."""

    endpoint: Endpoint
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inline:
    """A document given as text (REST parameter ``Twiml``); it has no base URL."""

    twiml: str


@dataclass(frozen=True, slots=True)
class Resume:
    """A document that an earlier process was in the middle of: go on at verb number ``verb``."""

    endpoint: Endpoint | None
    text: str
    verb: int


Source = Fetch | Inline | Resume


@dataclass(frozen=True, slots=True)
class Goto:
    """Leave this document and run another."""

    source: Source


@dataclass(frozen=True, slots=True)
class End:
    """End the call with a hangup ``cause`` (Q.850) and, unanswered, this ``status``.

    ``sip_code`` is how SIP says so; None where that follows from the call's direction.
    """

    cause: int = 16
    status: CallStatus = CallStatus.COMPLETED
    sip_code: int | None = None


#: ``None`` means: go on with the next verb.
Outcome = Goto | End | None
