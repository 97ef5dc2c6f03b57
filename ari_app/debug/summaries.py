"""What an item says, in a few words: the part of a line that depends on its type."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ari_app.debug.record import Item

#: Members of an event that a line shows elsewhere, or that say the same in every event.
_BOILERPLATE = frozenset({"type", "timestamp", "asterisk_id", "application", "channel"})
#: Members that stand for the whole object they are in.
_LABELS = ("name", "id", "number", "resource", "state")
_MOST = 300
_LONG_ID = 8
_XML = re.compile(r"^\s*<\?xml[^>]*\?>\s*")
#: A sound file by its whole path: the folder says nothing, the name may be a checksum.
_SOUND = re.compile(r"((?:sound|recording):)/\S*/([^/\s]{1,12})([^/\s]*)")


def summary(item: Item) -> str:
    """The words of one item, without its type, channel or time; "" when there is no more to say."""
    data = item.data if isinstance(item.data, dict) else {}
    if item.kind == "event":
        words = _EVENTS.get(item.type, _members)(data)
    else:
        words = _KINDS.get(item.kind, _members)(data)
    parts = [words]
    if item.status:
        parts.insert(0, str(item.status))
    if item.ms is not None:
        parts.append(f"({duration(item.ms)})")
    if item.error:
        parts.append(f"! {item.error}")
    text = " ".join(filter(None, parts))
    # Whose it is stands before it; what is made of its id differs in its end.
    return text.replace(item.channel, "…") if len(item.channel) > _LONG_ID else text


def duration(ms: float) -> str:
    """Milliseconds in the unit one would say them in."""
    if ms < 10:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < 10_000 else f"{ms / 1000:.1f} s"


def name_of(data: dict[str, Any], part: str = "channel") -> str:
    """The name of a channel (or another part of an event); its id when it has none."""
    found = data.get(part)
    if not isinstance(found, dict):
        return ""
    return str(found.get("name") or found.get("id") or "")


def value_text(value: Any) -> str:
    """A JSON value in one short word or few."""
    if isinstance(value, dict):
        for label in _LABELS:
            if isinstance(value.get(label), str) and value[label]:
                return str(value[label])
        return "{" + " ".join(f"{k}={value_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return ",".join(value_text(one) for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    text = _SOUND.sub(
        lambda m: f"{m[1]}…/{m[2]}{'…' if m[3] else ''}", " ".join(str(value).split())
    )
    return text if len(text) <= _MOST else text[:_MOST] + "…"


def _members(data: dict[str, Any]) -> str:
    return " ".join(
        f"{key}={value_text(value)}"
        for key, value in data.items()
        if key not in _BOILERPLATE and value not in (None, "", [], {})
    )


def _channel(data: dict[str, Any]) -> dict[str, Any]:
    found = data.get("channel")
    return found if isinstance(found, dict) else {}


def _state(data: dict[str, Any]) -> str:
    return str(_channel(data).get("state", ""))


def _party(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    number, name = value.get("number", ""), value.get("name", "")
    return f"{number} {name!r}" if number and name and name != number else str(number or name)


def _stasis_start(data: dict[str, Any]) -> str:
    parts = [_state(data)]
    if caller := _party(_channel(data).get("caller")):
        parts.append(f"from {caller}")
    plan = _channel(data).get("dialplan")
    if isinstance(plan, dict) and plan.get("exten"):
        parts.append(f"at {plan['exten']}@{plan.get('context', '')}")
    if data.get("args"):
        parts.append("args " + value_text(data["args"]))
    return " ".join(parts)


def _destroyed(data: dict[str, Any]) -> str:
    text = f"{data.get('cause', '?')} {data.get('cause_txt', '')}".strip()
    return f"{text}, SIP {data['tech_cause']}" if data.get("tech_cause") else text


def _hangup(data: dict[str, Any]) -> str:
    parts = [f"cause {data['cause']}" if data.get("cause") is not None else ""]
    parts.append("soft" if data.get("soft") else "")
    return " ".join(filter(None, parts))


def _bridge(data: dict[str, Any]) -> str:
    bridge = data.get("bridge")
    if not isinstance(bridge, dict):
        return _members(data)
    label = bridge.get("name") or bridge.get("id", "")
    if "channel" not in data:  # the line is the bridge's own
        label = bridge.get("name", "")
    count = len(bridge.get("channels") or ())
    kind = bridge.get("technology", "")
    return f"{label} ({kind}, {count} channel{'' if count == 1 else 's'})".lstrip()


def _dial(data: dict[str, Any]) -> str:
    return f"{data.get('dialstatus') or 'begins'} → {name_of(data, 'peer')}"


def _playback(data: dict[str, Any]) -> str:
    found = data.get("playback")
    if not isinstance(found, dict):
        return _members(data)
    state = found.get("state", "")
    shown = f"{state} " if state not in ("playing", "done") else ""
    return f"{shown}{value_text(found.get('media_uri', ''))} [{found.get('id', '')}]"


def _recording(data: dict[str, Any]) -> str:
    found = data.get("recording")
    if not isinstance(found, dict):
        return _members(data)
    parts = [f"{found.get('name', '')}.{found.get('format', '')}"]
    if found.get("duration") is not None:
        parts.append(f"{found['duration']} s")
    if found.get("cause"):
        parts.append(f"! {found['cause']}")
    return " ".join(parts)


def _request(data: dict[str, Any]) -> str:
    parts = []
    for key in ("query", "body"):
        value = data.get(key)
        parts.append(_members(value) if isinstance(value, dict) else value_text(value or ""))
    return " ".join(filter(None, parts))


def _answer(data: dict[str, Any]) -> str:
    answer = data.get("answer")
    if isinstance(answer, dict):
        return next((str(answer[k]) for k in ("name", "id", "message") if answer.get(k)), "")
    return f"{len(answer)} of them" if isinstance(answer, list) else value_text(answer or "")


def _webhook(data: dict[str, Any]) -> str:
    if isinstance(data.get("body"), str):
        return value_text(_XML.sub("", data["body"]))
    parts = [str(data.get("method", "")), str(data.get("url", ""))]
    params = data.get("params")
    if isinstance(params, dict):
        chosen = ("CallStatus", "Digits", "SpeechResult", "StreamEvent", "DialCallStatus")
        parts += [f"{key}={params[key]}" for key in chosen if params.get(key)]
    return " ".join(filter(None, parts))


def _twiml(data: dict[str, Any]) -> str:
    attributes = data.get("attributes")
    words = _members(attributes) if isinstance(attributes, dict) else ""
    return f"{data.get('state', '')} {words}".strip()


_KINDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "request": _request,
    "answer": _answer,
    "webhook": _webhook,
    "twiml": _twiml,
}

_EVENTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "StasisStart": _stasis_start,
    "StasisEnd": lambda data: "",
    "ChannelCreated": _stasis_start,
    "ChannelStateChange": _state,
    "ChannelDestroyed": _destroyed,
    "ChannelHangupRequest": _hangup,
    "ChannelVarset": lambda data: f"{data.get('variable', '')}={value_text(data.get('value', ''))}",
    "ChannelDtmfReceived": lambda data: f"{data.get('digit', '')} ({data.get('duration_ms')} ms)",
    "ChannelDialplan": lambda data: f"{data.get('dialplan_app')}({data.get('dialplan_app_data')})",
    "ChannelCallerId": lambda data: _party(_channel(data).get("caller")),
    "ChannelConnectedLine": lambda data: _party(_channel(data).get("connected")),
    "ChannelTalkingFinished": lambda data: f"after {duration(float(data.get('duration') or 0))}",
    "BridgeCreated": _bridge,
    "BridgeDestroyed": _bridge,
    "ChannelEnteredBridge": _bridge,
    "ChannelLeftBridge": _bridge,
    "Dial": _dial,
    "PlaybackStarted": _playback,
    "PlaybackContinuing": _playback,
    "PlaybackFinished": _playback,
    "RecordingStarted": _recording,
    "RecordingFinished": _recording,
    "RecordingFailed": _recording,
}
