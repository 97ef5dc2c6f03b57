"""Asterisk's REST interface: typed operations, typed events, ordered and kept connected.

client = AriClient("http://127.0.0.1:8088", "user", "password", "my-app")
client.on_channel_event("StasisStart", started)
await client.start()
await client.channels.answer(channel_id)
"""

from ari_app.ari.client import AriClient, State
from ari_app.ari.connection import Watch
from ari_app.ari.dispatch import Route
from ari_app.ari.errors import (
    AriError,
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    PreconditionFailed,
    Unauthorized,
    Unavailable,
    Unprocessable,
)
from ari_app.ari.events import Event
from ari_app.ari.reconcile import Snapshot
from ari_app.ari.special import ChannelGone, UnknownEvent
from ari_app.ari.subjects import channels_of

__all__ = [
    "AriClient",
    "AriError",
    "BadRequest",
    "ChannelGone",
    "Conflict",
    "Event",
    "Forbidden",
    "NotFound",
    "PreconditionFailed",
    "Route",
    "Snapshot",
    "State",
    "Unauthorized",
    "Unavailable",
    "UnknownEvent",
    "Unprocessable",
    "Watch",
    "channels_of",
]
