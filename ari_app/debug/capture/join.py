"""SIP dialogs and RTP flows of a capture → items of the call that they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ari_app.debug.capture.read import Datagram
from ari_app.debug.capture.rtp import Flow, flows
from ari_app.debug.capture.sip import SipMessage, dialogs
from ari_app.debug.record import Item

#: Seconds around a leg's beginning in which its INVITE without a known Call-ID is looked for.
_BEFORE, _AFTER = 2.0, 10.0
#: Seconds after its last SIP message in which a call's audio may still come.
_AUDIO_AFTER = 1.0


def join(items: Sequence[Item], datagrams: Sequence[Datagram]) -> list[Item]:
    """Return the items of one call together with what a capture holds of it, in order of time.

    A leg's dialog is found by its Call-ID; of a leg that nothing tells it of, by the number and
    the time of its INVITE.
    """
    found = dialogs(datagrams)
    more: list[Item] = []
    taken: set[str] = set()
    for leg in _legs(items):
        messages = found.get(leg.call_id) if leg.call_id else _by_number(found, taken, leg)
        if not messages or messages[0].call_id in taken:
            continue
        taken.add(messages[0].call_id)
        more.extend(_of_leg(messages, datagrams, leg))
    return sorted([*items, *more], key=lambda item: item.at)


def alone(datagrams: Sequence[Datagram], wanted: str | None) -> list[Item]:
    """Return what a capture holds of a call that nobody else tells of; [] when it has none.

    ``wanted`` is its Call-ID, a number or an RTP port; None means the last call. Asterisk is taken
    to be whom the last hop of the INVITE goes to.
    """
    chosen: list[SipMessage] = []
    for messages in dialogs(datagrams).values():
        if wanted is None or _is_named(messages, wanted):
            chosen = messages
    if not chosen:
        return []
    first = chosen[0]
    leg = _Leg(f"SIP {first.call_id}", "", first.call_id, first.uri_user, first.at, inbound=True)
    return sorted(_of_leg(chosen, datagrams, leg), key=lambda item: item.at)


def _is_named(messages: Sequence[SipMessage], wanted: str) -> bool:
    first = messages[0]
    users = {one.lstrip("+") for one in (first.from_user, first.to_user, first.uri_user) if one}
    ports = {str(one.audio[1]) for one in messages if one.audio is not None}
    number = wanted.lstrip("+")
    return wanted == first.call_id or number in users or wanted.rpartition(":")[2] in ports


class _Leg(NamedTuple):
    """A SIP leg as the items tell of it; ``call_id`` "" when they do not say it."""

    channel: str
    call_sid: str
    call_id: str
    number: str
    at: float
    inbound: bool


def call_id_of_port(datagrams: Sequence[Datagram], port: int) -> str:
    """Return the Call-ID of the last dialog whose SDP names this port, "" when there is none."""
    found = ""
    for call_id, messages in dialogs(datagrams).items():
        if any(one.audio is not None and one.audio[1] in (port, port - 1) for one in messages):
            found = call_id
    return found


def _call_ids(items: Sequence[Item]) -> dict[str, str]:
    """The Call-ID of every channel that says it: a SIP channel's `protocol_id`."""
    found: dict[str, str] = {}
    for item in items:
        data = item.data if isinstance(item.data, dict) else {}
        for part in ("channel", "peer"):
            channel = data.get(part)
            if isinstance(channel, dict) and channel.get("protocol_id"):
                found[str(channel.get("id", ""))] = str(channel["protocol_id"])
    return found


def _legs(items: Sequence[Item]) -> Iterator[_Leg]:
    seen: set[str] = set()
    told = _call_ids(items)
    for item in items:
        data = item.data if isinstance(item.data, dict) else {}
        if item.channel in seen:
            continue
        if item.type == "call-begun":
            call_id = str(data.get("sip_call_id") or "") or told.get(item.channel, "")
            inbound = data.get("direction") == "inbound"
            yield _Leg(item.channel, item.call, call_id, str(data.get("to", "")), item.at, inbound)
        elif item.type == "StasisStart" and not item.call:
            args = [str(arg) for arg in data.get("args") or []]
            call_id = told.get(item.channel, "")
            call_id = call_id or next((arg for arg in args if "@" in arg or len(arg) > 24), "")
            channel = data.get("channel", {})
            exten = str(channel.get("dialplan", {}).get("exten", ""))
            inbound = channel.get("state") == "Ring"
            yield _Leg(item.channel, "", call_id, exten, item.at, inbound)
        else:
            continue
        seen.add(item.channel)


def _by_number(
    found: dict[str, list[SipMessage]], taken: set[str], leg: _Leg
) -> list[SipMessage] | None:
    number = leg.number
    user = number.partition(":")[2].partition("@")[0] if ":" in number else number
    for call_id, messages in found.items():
        first = messages[0]
        near = leg.at - _BEFORE <= first.at <= leg.at + _AFTER
        if call_id not in taken and near and user in (first.uri_user, first.to_user):
            return messages
    return None


def _of_leg(
    messages: Sequence[SipMessage], datagrams: Sequence[Datagram], leg: _Leg
) -> Iterator[Item]:
    # A gateway on the way hands an INVITE on: the hop at Asterisk's end is the call's.
    invites = [m for m in messages if m.method == "INVITE" and not m.status]
    ours = invites[-1].target if leg.inbound else invites[0].source
    seen: set[tuple[str, str, str, int]] = set()
    for message in messages:
        if ours not in (message.source, message.target):
            continue  # another hop
        key = (message.title, message.cseq, message.branch, message.source[1])
        about = f"{message.from_user} → {message.uri_user}" if message.method == "INVITE" else ""
        yield Item(
            at=message.at,
            source="capture",
            kind="sip",
            type=message.title,
            channel=leg.channel,
            call=leg.call_sid,
            linked=(message.call_id,),
            status=message.status,
            data={
                "way": "in" if message.target == ours else "out",
                "source": "{}:{}".format(*message.source),
                "target": "{}:{}".format(*message.target),
                "cseq": message.cseq,
                "audio": "{}:{}".format(*message.audio) if message.audio else "",
                "about": about if not message.status else "",
                "repeated": key in seen,
            },
        )
        seen.add(key)
    # A port is another call's soon after.
    within = [one for one in datagrams if messages[0].at <= one.at <= _until(messages)]
    theirs = {m.audio for m in messages if m.audio and m.source == ours}
    others = {m.audio for m in messages if m.audio and m.target == ours}
    for flow in flows(within, theirs | others):
        yield from _of_flow(flow, "in" if flow.target in theirs else "out", leg)


def _until(messages: Sequence[SipMessage]) -> float:
    """When a dialog's audio is over; for ever, when its end was not captured."""
    last = messages[-1]
    over = last.method == "BYE" or (last.method == "ACK" and any(m.status >= 300 for m in messages))
    return last.at + _AUDIO_AFTER if over else float("inf")


def _of_flow(flow: Flow, way: str, leg: _Leg) -> Iterator[Item]:
    common = {
        "way": way,
        "ssrc": f"{flow.ssrc:08x}",
        "source": "{}:{}".format(*flow.source),
        "target": "{}:{}".format(*flow.target),
    }
    for gap in flow.gaps:
        yield Item(
            at=gap.at,
            source="capture",
            kind="rtp",
            type="gap",
            channel=leg.channel,
            call=leg.call_sid,
            ms=round(gap.seconds * 1000, 1),
            error=gap.words,
            data={**common, "lost": gap.lost},
        )
    yield Item(
        at=flow.last,
        source="capture",
        kind="rtp",
        type="flow",
        channel=leg.channel,
        call=leg.call_sid,
        data={
            **common,
            "packets": flow.packets,
            "lost": flow.lost,
            "gaps": len(flow.gaps),
            "jitter_ms": round(flow.jitter * 1000, 2),
            "seconds": round(flow.last - flow.first, 2),
        },
    )
