"""Rows of what Asterisk and the app say to each other: requests with their answers, events."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ari_app.debug.ladder.scene import Scene, member, took, took_ms
from ari_app.debug.ladder.story import Lane, Row
from ari_app.debug.record import Item

#: Events that say little, or what another row says.
_QUIET = frozenset(
    {"ChannelVarset", "ChannelDialplan", "ChannelCallerId", "ChannelConnectedLine"}
    | {"DeviceStateChanged", "PeerStatusChange", "EndpointStateChange", "ContactStatusChange"}
    | {"ChannelLeftBridge", "BridgeDestroyed", "BridgeCreated", "StasisEnd", "ChannelCreated"}
    | {"ChannelTalkingStarted", "ChannelTalkingFinished", "BridgeVideoSourceChanged"}
)
Ends = tuple[Lane, Lane]

_ID = re.compile(r"/(channels|bridges|playbacks|recordings/live|applications)/([^/]+)(.*)")
_STATISTIC = re.compile(r"(\w+)=\s*([0-9.]+)")


def request(scene: Scene, item: Item) -> Iterator[Row]:
    """A request and, in the same row, what came of it."""
    number = int(member(item.data, "number") or 0)
    answer = scene.answers.get(number)
    label, tone, items = _asked(scene, item), "plain", [item]
    if answer is None:
        label += "  (no answer yet)"
        tone = "warn"
    else:
        items.append(answer)
        outcome = str(answer.status or "failed")
        label += f"  {outcome} {took_ms(answer.ms)}"
        if answer.error:
            label += f": {answer.error}"
            tone = "bad" if answer.status != 404 else "warn"
    method, _, path = item.type.partition(" ")
    if method == "GET" and not scene.everything and tone == "plain":
        return
    if method == "DELETE" and path.startswith("/channels/") and path.count("/") == 2:
        scene.hung_up.add(item.channel)
    yield Row(
        item.at,
        label,
        "app",
        "asterisk",
        tone="bad" if tone == "bad" else "warn" if tone == "warn" else "plain",
        items=tuple(items),
    )


def _asked(scene: Scene, item: Item) -> str:
    """A request in few words: what is done, to which leg, with what."""
    method, _, path = item.type.partition(" ")
    query = member(item.data, "query") or {}
    found = _ID.match(path)
    if path.startswith("/rawman"):
        return path.removeprefix("/rawman ").strip() or "manager"
    if found is None or found[2] == "externalMedia":
        what = path.rsplit("/", 1)[-1]
        extra = member(query, "external_host") or member(query, "endpoint")
        return f"{what} {extra}".strip()
    kind, some_id, rest = found.groups()
    word = rest.strip("/").split("/")[0]
    if kind == "bridges":
        word = {"": "destroy" if method == "DELETE" else "create"}.get(word, word)
        legs = ", ".join(scene.leg(one) for one in str(member(query, "channel")).split(",") if one)
        return f"bridge {word} {legs}".strip()
    if kind == "playbacks":
        return {"DELETE": "stop playback"}.get(method, f"playback {member(query, 'operation')}")
    if kind == "recordings/live":
        return f"recording {word or method}"
    if not word:
        word = {"DELETE": "hangup", "POST": f"originate {member(query, 'endpoint')}"}.get(
            method, method
        )
        reason = member(query, "reason_code") or member(query, "reason")
        word = f"{word} (cause {reason})" if reason and method == "DELETE" else word
    if method == "DELETE" and rest:
        word = f"stop {word}"
    media = str(member(query, "media") or member(item.data, "body", "media") or "")
    leg = "" if scene.leg(some_id) == "phone" else scene.leg(some_id)
    name = member(query, "name") if word == "record" else ""
    return " ".join(part for part in (word, _short(media), str(name), leg) if part)


def event(scene: Scene, item: Item) -> Iterator[Row]:
    """An event, in the words of who looks at a call."""
    handler = _EVENTS.get(item.type)
    if handler is not None:
        yield from handler(scene, item)
    elif item.type == "ChannelVarset" and not scene.everything:
        yield from _varset(scene, item)
    elif scene.everything or item.type not in _QUIET:
        yield Row(item.at, item.type, "asterisk", "app", tone="quiet")


def _stasis_start(scene: Scene, item: Item) -> Iterator[Row]:
    lane = scene.lane(item.channel)
    args = [str(arg) for arg in member(item.data, "args") or []]
    if lane == "media":
        yield Row(item.at, "media channel is there", "asterisk", "media", tone="quiet")
        return
    exten = member(item.data, "channel", "dialplan", "exten")
    name = str(member(item.data, "channel", "name"))
    inbound = member(item.data, "channel", "state") in ("Ring", "Down")
    scene.facts.setdefault(f"channel ({lane})", f"{item.channel} {name}".strip())
    if inbound and lane == "phone":
        to = args[1] if len(args) > 1 and args[0] == "inbound" else str(exten)
        if scene.title == "call":
            scene.title = f"{item.caller or 'anonymous'} → {to}"
        if args[:1] == ["inbound"] and len(args) > 4:
            scene.facts["SIP Call-ID"] = args[4]
        if not scene.has_sip:
            label = f"INVITE {item.caller or 'anonymous'} → {to}"
            yield Row(item.at, label, "phone", "asterisk", tone="good", inferred=True)
    yield Row(item.at, "StasisStart", "asterisk", "app")


def _state(scene: Scene, item: Item) -> Iterator[Row]:
    state, lane = str(member(item.data, "channel", "state")), scene.lane(item.channel)
    if lane == "media":
        if scene.everything:
            yield Row(item.at, f"media channel is {state}", "asterisk", tone="quiet")
        return
    if not scene.has_sip and state in ("Up", "Ringing"):
        label = {"Up": "200 OK", "Ringing": "180 Ringing"}[state]
        ours = scene.since.get(f"INVITE {item.channel}") is None
        ends: Ends = ("asterisk", lane) if ours else (lane, "asterisk")
        yield Row(item.at, label, *ends, tone="good" if state == "Up" else "plain", inferred=True)
    if scene.everything:
        yield Row(item.at, f"ChannelStateChange {state}", "asterisk", "app", tone="quiet")


def _dial(scene: Scene, item: Item) -> Iterator[Row]:
    peer = str(member(item.data, "peer", "id")) or item.channel
    status, lane = str(member(item.data, "dialstatus")), scene.lane(peer)
    if lane == "media":
        return
    if not status:
        scene.since[f"INVITE {peer}"] = item.at
        if not scene.has_sip:
            to = str(member(item.data, "dialstring"))
            yield Row(item.at, f"INVITE {to}", "asterisk", lane, tone="good", inferred=True)
        return
    tone = {"ANSWER": "good", "RINGING": "plain", "PROGRESS": "plain"}.get(status, "bad")
    yield Row(
        item.at,
        f"Dial {status}",
        lane,
        "asterisk",
        tone="good" if tone == "good" else "bad" if tone == "bad" else "plain",
    )


def _playback_started(scene: Scene, item: Item) -> Iterator[Row]:
    some_id = str(member(item.data, "playback", "id"))
    scene.since[some_id] = item.at
    media = _short(str(member(item.data, "playback", "media_uri")))
    yield Row(item.at, f"♪ {media}", "asterisk", scene.lane(item.channel))


def _playback_finished(scene: Scene, item: Item) -> Iterator[Row]:
    since = scene.since.get(str(member(item.data, "playback", "id")))
    state = str(member(item.data, "playback", "state"))
    label = f"♪ {state}" + (f" after {took(item.at - since)}" if since else "")
    tone = "bad" if state == "failed" else "plain"
    yield Row(item.at, label, "asterisk", "app", tone="bad" if tone == "bad" else "plain")


def _key(scene: Scene, item: Item) -> Iterator[Row]:
    label = f"key {member(item.data, 'digit')}"
    yield Row(item.at, label, scene.lane(item.channel), "asterisk", tone="good")


def _entered(scene: Scene, item: Item) -> Iterator[Row]:
    scene.since.setdefault(item.bridge, item.at)
    count = len(member(item.data, "bridge", "channels") or ())
    label = f"bridge: {scene.leg(item.channel)} joins ({count} in it)"
    yield Row(item.at, label, "asterisk", tone="quiet")


def _recording(scene: Scene, item: Item) -> Iterator[Row]:
    name, state = member(item.data, "recording", "name"), item.type.removeprefix("Recording")
    tone = "bad" if state == "Failed" else "plain"
    cause = member(item.data, "recording", "cause")
    label = f"● recording {state.lower()} {name} {cause}".strip()
    yield Row(item.at, label, "asterisk", "app", tone="bad" if tone == "bad" else "plain")


def _hangup_request(scene: Scene, item: Item) -> Iterator[Row]:
    lane = scene.lane(item.channel)
    if lane == "media" or item.channel in scene.hung_up:
        if scene.everything:
            yield Row(item.at, "ChannelHangupRequest", "asterisk", "app", tone="quiet")
        return
    cause = member(item.data, "cause")
    if not scene.has_sip:
        up = member(item.data, "channel", "state") == "Up"
        went = "BYE" if up else "CANCEL" if lane == "phone" else "final answer"
        yield Row(item.at, went, lane, "asterisk", tone="good", inferred=True)
    label = "ChannelHangupRequest" + (f", cause {cause}" if cause else "")
    yield Row(item.at, label, "asterisk", "app")


def _stasis_end(scene: Scene, item: Item) -> Iterator[Row]:
    """A leg that the app hung up leaves: the last that is told of it."""
    lane = scene.lane(item.channel)
    if lane != "media" and item.channel in scene.hung_up and not scene.has_sip:
        answered = member(item.data, "channel", "state") == "Up"
        label = "BYE" if answered else "CANCEL" if lane == "callee" else "final answer"
        yield Row(item.at, label, "asterisk", lane, tone="good", inferred=True)
    if scene.everything:
        yield Row(item.at, "StasisEnd", "asterisk", "app", tone="quiet")


def _destroyed(scene: Scene, item: Item) -> Iterator[Row]:
    lane = scene.lane(item.channel)
    if lane == "media":
        if scene.everything:
            yield Row(item.at, "media channel is gone", "asterisk", tone="quiet")
        return
    cause, text = member(item.data, "cause"), member(item.data, "cause_txt")
    yield Row(item.at, f"{scene.leg(item.channel)} is gone: {cause} {text}", "asterisk", "app")


def _varset(scene: Scene, item: Item) -> Iterator[Row]:
    """Asterisk's own count of RTP comes as variables when a leg ends."""
    if member(item.data, "variable") != "RTPAUDIOQOS":
        return
    values = dict(_STATISTIC.findall(str(member(item.data, "value"))))
    lost = float(values.get("lp", 0)) + float(values.get("rlp", 0))
    label = (
        f"RTP: {values.get('rxcount', '0')} packets in, {values.get('txcount', '0')} out, "
        f"{values.get('lp', '0')} lost in, {values.get('rlp', '0')} lost out, "
        f"jitter {float(values.get('rxjitter', 0)) * 1000:.1f} ms"
    )
    tone = "warn" if lost else "quiet"
    yield Row(item.at, label, scene.lane(item.channel), tone="warn" if tone == "warn" else "quiet")


def rtp(scene: Scene, item: Item) -> Iterator[Row]:
    """Statistics that were asked for by the way, and gaps found in a capture."""
    if item.type == "gap":
        lane = scene.lane(item.channel)
        ends: Ends = (lane, "asterisk") if member(item.data, "way") == "in" else ("asterisk", lane)
        fold = f"gap {member(item.data, 'ssrc')}"
        yield Row(item.at, f"RTP gap: {item.error}", *ends, tone="bad", fold=fold)
        return
    if item.type == "flow":
        count, lost, seconds = (member(item.data, one) for one in ("packets", "lost", "seconds"))
        label = (
            f"RTP {member(item.data, 'way')} as captured: {count} packets in {seconds} s, "
            f"{lost} lost, jitter {member(item.data, 'jitter_ms')} ms, "
            f"SSRC {member(item.data, 'ssrc')}"
        )
        yield Row(item.at, label, scene.lane(item.channel), tone="warn" if lost else "quiet")
        return
    if scene.everything:
        lost, count = member(item.data, "rxploss"), member(item.data, "rxcount")
        label = f"RTP so far: {count} packets in, {lost} lost"
        yield Row(item.at, label, scene.lane(item.channel), tone="quiet")


def _short(media: str) -> str:
    """A media URI without the folder of the cache."""
    scheme, colon, path = media.partition(":")
    name = path.rsplit("/", 1)[-1]
    return f"{scheme}:{name[:10]}…" if len(name) > 24 else f"{scheme}{colon}{name}"


_EVENTS: dict[str, Any] = {
    "StasisStart": _stasis_start,
    "ChannelStateChange": _state,
    "Dial": _dial,
    "PlaybackStarted": _playback_started,
    "PlaybackFinished": _playback_finished,
    "ChannelDtmfReceived": _key,
    "ChannelEnteredBridge": _entered,
    "RecordingStarted": _recording,
    "RecordingFinished": _recording,
    "RecordingFailed": _recording,
    "ChannelHangupRequest": _hangup_request,
    "StasisEnd": _stasis_end,
    "ChannelDestroyed": _destroyed,
}
