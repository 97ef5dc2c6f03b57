"""Events that Asterisk's description does not know."""

from __future__ import annotations

from typing import Any

import msgspec

from ari_app.ari.events import Event


class UnknownEvent(Event, kw_only=True, frozen=True):
    """An event of a type this client was not generated for, or one that does not fit its type."""

    type: str
    raw: dict[str, Any] = msgspec.field(default_factory=dict)


class ChannelGone(Event, kw_only=True, frozen=True):
    """Our own: the channel ended while the connection was down (found by reconciling)."""

    channel_id: str
