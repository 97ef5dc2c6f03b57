"""What calls tell to who watches them: their states, verbs, problems."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Protocol

from ari_app.model import CallRecord
from twiml import Verb

State = Literal["begin", "end", "failed", "cancelled"]


class Trace(Protocol):
    """Sees calls. Must neither wait nor raise."""

    def call(self, record: CallRecord, event: str) -> None:
        """A call begins (``begun``) or is in a new state: Twilio's name of the event."""

    def refused(self, channel_id: str, sip_call_id: str, status: int, reason: str) -> None:
        """A caller was turned away with a SIP status."""

    def verb(self, call_sid: str, verb: Verb, state: State, *, nested: bool) -> None:
        """A verb begins, or is over; ``cancelled`` by a hang-up, an update or an end."""

    def problem(self, call_sid: str, code: int, message: str, url: str) -> None:
        """A problem was reported, with Twilio's code."""


class Unwatched:
    """Nobody looks."""

    def call(self, record: CallRecord, event: str) -> None:
        """Nothing is done with it."""

    def refused(self, channel_id: str, sip_call_id: str, status: int, reason: str) -> None:
        """Nothing is done with it."""

    def verb(self, call_sid: str, verb: Verb, state: State, *, nested: bool) -> None:
        """Nothing is done with it."""

    def problem(self, call_sid: str, code: int, message: str, url: str) -> None:
        """Nothing is done with it."""


@contextmanager
def told(trace: Trace, call_sid: str, verb: Verb, *, nested: bool = False) -> Iterator[None]:
    """Tell the beginning of a verb, and how it is over."""
    trace.verb(call_sid, verb, "begin", nested=nested)
    state: State = "cancelled"
    try:
        yield
        state = "end"
    except Exception:
        state = "failed"
        raise
    finally:
        trace.verb(call_sid, verb, state, nested=nested)
