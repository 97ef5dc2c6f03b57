"""Which channels an event concerns."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

import msgspec

from ari_app.ari import events
from ari_app.ari.events import Event
from ari_app.ari.models import Channel, LiveRecording, Playback
from ari_app.ari.special import ChannelGone, UnknownEvent

_Getter = Callable[[Any], Any]


def channels_of(event: Event) -> tuple[str, ...]:
    """Ids of all channels named by the event, each once, the main one first.

    A Dial concerns caller and peer; a playback or recording the channel of its `target_uri`.
    """
    if isinstance(event, ChannelGone):
        return (event.channel_id,)
    if isinstance(event, UnknownEvent):
        return tuple(_ids_of_unknown(event.raw))
    ids: dict[str, None] = {}
    for get, kind in _PATHS.get(type(event), ()):
        try:
            found = get(event)
        except AttributeError:  # an optional part on the way is absent
            continue
        if found is None:
            continue
        if kind is Channel:
            ids[found] = None
        elif found.startswith("channel:"):
            ids[found.removeprefix("channel:")] = None
    return tuple(ids)


def _paths(struct: type, prefix: str = "") -> Iterator[tuple[_Getter, type]]:
    """Getters of everything in a struct that names a channel, found from its types."""
    hints = typing.get_type_hints(struct)
    for name in hints:
        options = typing.get_args(hints[name]) or (hints[name],)
        for kind in options:
            if kind is Channel:
                yield attrgetter(f"{prefix}{name}.id"), Channel
            elif kind in (Playback, LiveRecording):
                yield attrgetter(f"{prefix}{name}.target_uri"), kind
            elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                yield from _paths(kind, f"{prefix}{name}.")


def _ids_of_unknown(raw: dict[str, Any]) -> Iterator[str]:
    for value in raw.values():
        if isinstance(value, dict):
            if isinstance(value.get("id"), str) and "dialplan" in value:
                yield value["id"]
            target = value.get("target_uri")
            if isinstance(target, str) and target.startswith("channel:"):
                yield target.removeprefix("channel:")


_PATHS: dict[type, tuple[tuple[_Getter, type], ...]] = {
    kind: tuple(_paths(kind)) for kind in typing.get_args(events.AnyEvent)
}
