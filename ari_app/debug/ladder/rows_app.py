"""Rows of what the app does: webhooks, TwiML, streams, states and problems."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ari_app.debug.ladder.scene import Scene, member, took, took_ms
from ari_app.debug.ladder.story import Lane, Row, Tone
from ari_app.debug.record import Item

#: Parameters that tell most of a webhook beside its path.
_TELLING = ("CallStatus", "Digits", "SpeechResult", "DialCallStatus", "StreamEvent", "ErrorCode")
_TELLING_ALSO = ("RecordingStatus", "RecordingDuration", "QueueResult", "MessageStatus")


def webhook(scene: Scene, item: Item) -> Iterator[Row]:
    """A webhook on its way, or what it was answered."""
    url = str(member(item.data, "url"))
    path = urlsplit(url).path or "/"
    if item.type == "request":
        params = member(item.data, "params") or {}
        told = [f"{name}={params[name]}" for name in (*_TELLING, *_TELLING_ALSO) if name in params]
        label = " ".join([str(member(item.data, "method")), path, *told])
        yield Row(item.at, label, "app", "web")
        return
    if item.error:
        label = f"{path} failed after {took_ms(item.ms)}: {item.error}"
        yield Row(item.at, label, "web", "app", tone="bad")
        return
    label = f"{item.status} {took_ms(item.ms)}"
    if member(item.data, "document"):
        body = " ".join(str(member(item.data, "body")).split())
        label += f"  {_bare(body)}"
    yield Row(item.at, label, "web", "app", tone="good" if item.status < 300 else "warn")


def _bare(body: str) -> str:
    """TwiML without what every document has."""
    begin = body.find("<Response")
    body = body[begin:] if begin >= 0 else body
    body = body.removeprefix("<Response>").removesuffix("</Response>").strip()
    return body if len(body) <= 160 else body[:160] + "…"


def verb(scene: Scene, item: Item) -> Iterator[Row]:
    """A verb opens a bracket around its events, and closes it."""
    state = str(member(item.data, "state"))
    if state == "begin":
        label = f"┌ <{item.type}> {_attributes(item)}".rstrip()
        yield Row(item.at, label, "app", tone="verb")
        scene.verbs.append((item.type, item.at))
        scene.depth = len(scene.verbs)
        return
    since = item.at
    while scene.verbs:
        name, since = scene.verbs.pop()
        if name == item.type:
            break
    scene.depth = len(scene.verbs)
    word = "" if state == "end" else f" {state}"
    tone: Tone = "bad" if state == "failed" else "verb"
    yield Row(item.at, f"└ {item.type}{word} after {took(item.at - since)}", "app", tone=tone)


def _attributes(item: Item) -> str:
    attributes = member(item.data, "attributes") or {}
    for name in ("url", "text", "action", "nouns", "stream", "finish_on_key", "length", "name"):
        value = attributes.get(name)
        if name == "stream" and isinstance(value, dict):
            value = value.get("url")
        if name == "nouns" and isinstance(value, list):
            value = ", ".join(str(next(iter(one.values()), "")) for one in value if one)
        if value:
            text = str(value)
            return text if len(text) <= 80 else text[:80] + "…"
    return ""


def stream(scene: Scene, item: Item) -> Iterator[Row]:
    """A control message; media itself is only counted, at the end."""
    sid = str(member(item.data, "stream_sid"))
    lane: Lane = "media"
    match item.type:
        case "open":
            scene.facts.setdefault("stream", sid)
            yield Row(item.at, f"open stream to {member(item.data, 'url')}", "app", "media")
        case "stop" if member(item.data, "way") == "command":
            yield Row(item.at, "stop stream", "app", "media")
        case "dtmf":
            if scene.everything:
                yield Row(item.at, f"tell key {member(item.data, 'digit')}", "app", "media")
        case "connected":
            yield Row(item.at, "101 WebSocket accepted", "bot", "media", tone="good")
        case "started":
            yield Row(item.at, "connected, start; media follows", lane, "bot", tone="good")
        case "mark":
            outcome, name = member(item.data, "outcome"), member(item.data, "name")
            fold = f"mark {sid} {outcome}"
            yield Row(item.at, f"mark {name!r} {outcome}", lane, "bot", fold=fold)
        case "dtmf-sent":
            yield Row(item.at, f"dtmf {member(item.data, 'digit')}", lane, "bot")
        case "warned":
            yield Row(item.at, item.error, lane, "app", tone="warn", fold=f"warned {item.error}")
        case "stopped":
            yield from _stopped(item)


def _stopped(item: Item) -> Iterator[Row]:
    stats = member(item.data, "stats") or {}
    sent, received = stats.get("media_sent", 0), stats.get("messages_received", 0)
    if sent or received:
        played, cleared = stats.get("audio_played", 0) / 8000, stats.get("audio_cleared", 0) / 8000
        label = (
            f"⇄ {sent} media messages to the bot; {received} messages from it, "
            f"{played:.2f} s played"
        )
        label += f", {cleared:.2f} s cleared" if cleared else ""
        yield Row(item.at, label, "media", "bot", tone="quiet")
        counts = [
            f"{stats[name]} {words}"
            for name, words in (
                ("media_dropped", "media dropped: the bot reads too slowly"),
                ("rtp_late", "RTP packets late"),
                ("ran_dry", "pauses for want of audio"),
                ("messages_ignored", "messages ignored"),
            )
            if stats.get(name)
        ]
        if silence := stats.get("silence_filled"):
            counts.append(f"{silence / 8000:.2f} s of silence filled in")
        if counts:
            yield Row(item.at, "  ".join(counts), "media", tone="quiet")
    label = f"stream stopped ({member(item.data, 'cause')})"
    if item.error:
        label += f": {item.error}"
    yield Row(item.at, label, "media", "app", tone="bad" if item.error else "plain")


def note(scene: Scene, item: Item) -> Iterator[Row]:
    """States of the call, problems, refusals."""
    match item.type:
        case "call-begun":
            _introduce(scene, item)
            direction = str(member(item.data, "direction"))
            does = "is taken up again" if _goes_on(item) else "begins"
            yield Row(item.at, f"call {item.call} {does} ({direction})", "app", tone="quiet")
        case "problem":
            yield Row(item.at, f"✗ {item.error}", "app", tone="bad", fold=f"problem {item.error}")
        case "refused":
            yield Row(item.at, f"refused with {item.status}: {item.error}", "app", tone="bad")
        case "missed":
            count = member(item.data, "entries")
            yield Row(item.at, f"{count} items were missed here", "app", tone="warn")
        case "call-completed":
            status, code = member(item.data, "status"), member(item.data, "sip_response_code")
            tone: Tone = "good" if status == "completed" else "warn"
            child = scene.lane(item.channel) == "callee"
            label = f"{'child call' if child else 'call'} is {status}"
            if duration := member(item.data, "duration"):
                label += f", {duration} s"
            label += f" (SIP {code})" if code else ""
            if not child:
                scene.facts["status"] = label.removeprefix("call is ")
            yield Row(item.at, label, "app", tone=tone)
        case _ if item.type.startswith("call-"):
            if scene.everything:
                yield Row(item.at, item.type.replace("-", " is ", 1), "app", tone="quiet")


def _goes_on(item: Item) -> bool:
    """Whether a call was there before the app was started anew."""
    return str(member(item.data, "status")) == "in-progress"


def _introduce(scene: Scene, item: Item) -> None:
    if member(item.data, "parent"):
        scene.facts[f"child {item.call}"] = f"→ {member(item.data, 'to')}"
        return
    scene.title = f"{member(item.data, 'from')} → {member(item.data, 'to')}"
    scene.facts["call"] = item.call
    for name, words in (("direction", "direction"), ("sip_call_id", "SIP Call-ID")):
        if value := str(member(item.data, name)):
            scene.facts[words] = value
