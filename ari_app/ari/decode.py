"""Bytes of one WebSocket message → typed event."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog

from ari_app.ari.events import AnyEvent, Event
from ari_app.ari.special import UnknownEvent

_UNREADABLE = (msgspec.DecodeError, RecursionError)

log = structlog.get_logger(__name__)

# A union as a value has no type that mypy could follow.
_typed: msgspec.json.Decoder[Event] = msgspec.json.Decoder(AnyEvent)
_plain = msgspec.json.Decoder(dict[str, Any])


def decode(message: bytes | str) -> Event | None:
    """The event; UnknownEvent if its type or shape is new to us; None if it is no event at all."""
    try:
        return _typed.decode(message)
    except _UNREADABLE as error:
        reason = str(error)
    try:
        raw = _plain.decode(message)
    except _UNREADABLE as error:
        log.warning("ari_message_unreadable", reason=str(error), size=len(message))
        return None
    kind = raw.get("type")
    log.warning("ari_event_unknown", type=kind, reason=reason)
    application = raw.get("application")
    return UnknownEvent(
        type=kind if isinstance(kind, str) else "",
        application=application if isinstance(application, str) else "",
        raw=raw,
    )
