"""What TwiML says of recordings, as the recorder takes it."""

from __future__ import annotations

from typing import Protocol

from ari_app.call.context import CallContext
from ari_app.errors import TwilioError
from ari_app.model import HttpMethod, StatusCallback


class Told(Protocol):
    """A verb or noun with Twilio's attributes ``recordingStatusCallback…``."""

    @property
    def recording_status_callback(self) -> str | None:
        """Where the recording's progress is told."""

    @property
    def recording_status_callback_method(self) -> HttpMethod:
        """How it is told."""

    @property
    def recording_status_callback_event(self) -> tuple[str, ...]:
        """What is told: in-progress, completed, absent."""


def callback(ctx: CallContext, verb: Told) -> StatusCallback | None:
    """Return whom a recording is told to; a URL that cannot be used is reported and told nothing.

    A relative URL is taken relative to the running document.
    """
    if not verb.recording_status_callback:
        return None
    try:
        url = ctx.resolve(verb.recording_status_callback)
    except TwilioError as error:
        ctx.problem(error)
        return None
    return StatusCallback(
        url=url,
        method=verb.recording_status_callback_method,
        events=frozenset(verb.recording_status_callback_event),
    )
