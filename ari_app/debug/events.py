"""An event of Asterisk as an item, whoever received it: an attached ari-debug, or the app's tap.

Knows no version: what is unknown is passed on as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ari_app.debug.record import Item

_CHANNELS = (
    "channel",
    "caller",
    "peer",
    "forwarded",
    "replace_channel",
    "transferee",
    "transfer_target",
    "transferer_first_leg",
    "transferer_second_leg",
)
_BRIDGES = ("bridge", "bridge_from", "destination_bridge", "transferer_first_leg_bridge")
_TARGETS = ("playback", "recording")


def event_item(raw: dict[str, Any], *, at: float, seq: int = 0, source: str = "attach") -> Item:
    """Make the item of an event as it was received at `at` (unix seconds)."""
    channels = list(dict.fromkeys(_channels(raw)))
    bridges = list(dict.fromkeys(_bridges(raw)))
    main = raw.get("channel", raw.get("caller"))
    caller = main.get("caller") if isinstance(main, dict) else None
    return Item(
        at=at,
        seq=seq,
        source=source,
        kind="event",
        type=str(raw.get("type", "")),
        channel=channels[0] if channels else "",
        bridge=bridges[0] if bridges else "",
        linked=(*channels[1:], *bridges[1:], *_media(raw)),
        caller=str(caller.get("number", "")) if isinstance(caller, dict) else "",
        app=_stasis(main) if source == "attach" else str(raw.get("application", "")),
        data=raw,
    )


def _stasis(channel: Any) -> str:
    """The application that a channel is in; the event itself names the one it was sent to: us."""
    plan = channel.get("dialplan") if isinstance(channel, dict) else None
    if not isinstance(plan, dict) or plan.get("app_name") != "Stasis":
        return ""
    return str(plan.get("app_data", "")).partition(",")[0]


def _channels(raw: dict[str, Any]) -> Iterator[str]:
    for part in _CHANNELS:
        if isinstance(found := raw.get(part), dict) and isinstance(found.get("id"), str):
            yield found["id"]
    yield from _targets(raw, "channel:")


def _bridges(raw: dict[str, Any]) -> Iterator[str]:
    for part in _BRIDGES:
        found = raw.get(part)
        if isinstance(found, dict) and isinstance(found.get("id"), str):
            yield found["id"]
        elif isinstance(found, str) and found:
            yield found
    yield from _targets(raw, "bridge:")


def _targets(raw: dict[str, Any], prefix: str) -> Iterator[str]:
    for part in _TARGETS:
        if isinstance(found := raw.get(part), dict):
            target = found.get("target_uri")
            if isinstance(target, str) and target.startswith(prefix):
                yield target.removeprefix(prefix)


def _media(raw: dict[str, Any]) -> Iterator[str]:
    for part, key in (("playback", "id"), ("recording", "name")):
        if isinstance(found := raw.get(part), dict) and isinstance(found.get(key), str):
            yield found[key]
