"""Which of all items belong to one call, by any name that it has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from ari_app.debug.record import Item


class NoCallError(Exception):
    """Nothing that was recorded has that name."""


def pick(items: Sequence[Item], wanted: str | None = None) -> list[Item]:
    """Return what belongs to ``wanted``, in order: a SID, channel id or name, number, Call-ID.

    Or a port of a media leg, as `20010` or `10.0.0.1:20010`. None: the last call that began. A
    number or port means its last call. Children of a call belong to it. Raises NoCallError.
    """
    first = _last(items) if wanted is None else _find(items, wanted)
    if first is None:
        what = "no call" if wanted is None else f"nothing of {wanted!r}"
        raise NoCallError(f"{what} among {len(items)} items")
    return _of_call(items, first.call) if first.call else _of_channel(items, first)


def ids(item: Item) -> Iterator[str]:
    """Every id in the item's own fields."""
    yield from (one for one in (item.call, item.bridge, *item.linked) if one)
    yield from (one for one in item.channel.split(",") if one)


def touches(item: Item, channels: Collection[str]) -> bool:
    """Whether a request, or its answer, is about something that is named after a channel.

    A playback is stopped by its own id alone, which the app makes of the channel's.
    """
    if item.kind not in ("request", "answer"):
        return False
    parts = item.type.split("/")
    return any(part == one or part.startswith(f"{one}-") for part in parts for one in channels)


def _begins(item: Item) -> bool:
    """Whether a call begins: its own note, or a channel that enters without being ours."""
    if item.kind == "note":
        return item.type == "call-begun" and not _member(item, "parent")
    if item.type != "StasisStart" or item.call or _is_media(item):
        return False
    # Who is called enters before anything rings; who calls does not.
    return bool(_in(item.data, "channel", "state") != "Down")


def _is_media(item: Item) -> bool:
    name = str(_in(item.data, "channel", "name"))
    return name.startswith(("UnicastRTP/", "Snoop/", "WebSocket/", "AudioSocket/", "Local/"))


def _last(items: Sequence[Item]) -> Item | None:
    return next((item for item in reversed(items) if _begins(item)), None)


def _find(items: Sequence[Item], wanted: str) -> Item | None:
    """The last beginning that has the name, else the last item that mentions it."""
    number = wanted.lstrip("+")
    for item in reversed(items):
        if _begins(item) and (wanted in _names(item) or number in _numbers(item)):
            return item
    for only_with_call in (True, False):
        for item in reversed(items):
            if (item.call or not only_with_call) and wanted in {*ids(item), *_names(item)}:
                return item
    return _of_port(items, wanted)


def _of_port(items: Sequence[Item], wanted: str) -> Item | None:
    """The last item that tells a media leg's port."""
    host, _, text = wanted.rpartition(":")
    if not text.isdigit():
        return None
    for item in reversed(items):
        for found_host, port in _ports(item):
            if port == text and host in ("", found_host):
                return item
    return None


def _ports(item: Item) -> Iterator[tuple[str, str]]:
    """Asterisk's ends of media legs, as the stream's opening or the channel's variable tells."""
    if item.kind == "stream" and item.type == "open":
        yield _member(item, "peer_host"), _member(item, "peer_port")
    elif item.type == "ChannelVarset" and _member(item, "variable") == "UNICASTRTP_LOCAL_PORT":
        yield "", _member(item, "value")


def _names(item: Item) -> set[str]:
    found = {item.call, item.channel, str(_in(item.data, "channel", "name"))}
    found |= {_member(item, "sip_call_id"), _member(item, "parent")}
    found |= {str(_in(item.data, part, "protocol_id")) for part in ("channel", "peer")}
    args = item.data.get("args") if isinstance(item.data, dict) else None
    if isinstance(args, list):
        found.update(str(arg) for arg in args)
    return found - {""}


def _numbers(item: Item) -> set[str]:
    found = {item.caller, _member(item, "from"), _member(item, "to")}
    found.add(str(_in(item.data, "channel", "dialplan", "exten")))
    return {one.lstrip("+") for one in found} - {""}


def _of_call(items: Iterable[Item], sid: str) -> list[Item]:
    """By SID, those of child calls too; what was told before the SID was known, by channel."""
    items = list(items)
    parents = {item.call: _member(item, "parent") for item in items if item.type == "call-begun"}
    while parent := parents.get(sid):  # from the whole call, not from one leg of it
        sid = parent
    sids = {sid} | {child for child, parent in parents.items() if parent == sid}
    known = {item.channel for item in items if item.call in sids and item.channel}
    channels = {one for name in known for one in name.split(",")}
    return [
        item
        for item in items
        if item.call in sids
        or (not item.call and (channels.intersection(ids(item)) or touches(item, channels)))
    ]


def _of_channel(items: Iterable[Item], first: Item) -> list[Item]:
    """Without SIDs: the channel, the bridges that it is in, and who is in them."""
    items = list(items)
    known = set(ids(first))
    while True:
        more = {
            one
            for item in items
            if item.kind in ("event", "request") and not known.isdisjoint(ids(item))
            for one in ids(item)
        }
        if more <= known:
            break
        known |= more
    return [item for item in items if not known.isdisjoint(ids(item))]


def _member(item: Item, name: str) -> str:
    return str(item.data.get(name) or "") if isinstance(item.data, dict) else ""


def _in(data: Any, *path: str) -> Any:
    for name in path:
        data = data.get(name, "") if isinstance(data, dict) else ""
    return data
