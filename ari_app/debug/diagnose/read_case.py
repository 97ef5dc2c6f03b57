"""Items of a call → its case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from ari_app.debug.diagnose.case import Case, Hole, Leg, Sound, Stream, Trouble, Verb, Webhook
from ari_app.debug.ladder.scene import Scene, member
from ari_app.debug.record import Item

_STATISTIC = re.compile(r"(\w+)=\s*([0-9.]+)")
#: How a dial ended, in Twilio's words (channels' DIALSTATUS, Asterisk's documentation).
_DIALLED = {
    "ANSWER": "in-progress",
    "BUSY": "busy",
    "NOANSWER": "no-answer",
    "CANCEL": "canceled",
    "CHANUNAVAIL": "failed",
    "CONGESTION": "failed",
}


def read_case(mine: Sequence[Item], everything: Iterable[Item] = ()) -> Case:
    """Make the case of ``mine``, the items of one call; the app's absences are in all items."""
    items = sorted(mine, key=lambda item: item.at)
    reader = _Reader(items)
    for item in items:
        reader.take(item)
    reader.take_absences(everything)
    return reader.finished()


class _Reader:
    def __init__(self, items: Sequence[Item]) -> None:
        self.case = Case(start=items[0].at, over=items[-1].at)
        self._scene = Scene(items)
        self._legs: dict[str, Leg] = {}
        self._open: list[Webhook] = []
        self._streams: dict[str, Stream] = {}
        self._asked_to_end: set[str] = set()
        self._lags: list[tuple[float, float]] = []
        self._stamps: set[str] = set()
        #: Whether the call's beginning was seen, and whether the app told it.
        self._begun = self._told = False

    def take(self, item: Item) -> None:
        """Learn from one item."""
        match item.kind:
            case "note":
                self._note(item)
            case "event":
                self._event(item)
            case "request":
                self._request(item)
            case "answer":
                self._answer(item)
            case "webhook":
                self._webhook(item)
            case "twiml":
                self._verb(item)
            case "stream":
                self._stream(item)
            case "rtp" if item.type == "gap":
                self.case.holes.append(Hole(item.at, (item.ms or 0) / 1000, item.error))
            case "sip" if self._scene.lane(item.channel) == "phone":
                self._sip(item)

    def _sip(self, item: Item) -> None:
        case = self.case
        if item.status >= 400 and not member(item.data, "repeated"):
            case.sip_answers.append((item.at, item.status, item.type))
        if case.sid or (case.channel and case.channel != item.channel):
            return
        # Nobody else tells of it.
        self._begun, case.channel = True, item.channel
        way, about = member(item.data, "way"), str(member(item.data, "about"))
        if item.type == "INVITE" and about and not case.called:
            case.caller, _, case.called = about.partition(" → ")
        elif item.type == "200 OK (INVITE)":
            case.answered = case.answered or item.at
        elif item.type in ("BYE", "CANCEL") and not case.ended:
            case.ended, case.ended_by = item.at, "far" if way == "in" else "app"
        elif item.status >= 300 and "(INVITE)" in item.type:
            case.refused, case.refusal = item.status, item.type

    def take_absences(self, everything: Iterable[Item]) -> None:
        """Notes of the tap itself: when it was lost and found, and how old its memory is."""
        case, left = self.case, 0.0
        for item in sorted(everything, key=lambda item: item.at):
            if item.kind != "note" or item.source != "tap":
                continue
            if item.type == "missed" and case.start <= item.at <= case.over:
                case.missed += int(member(item.data, "entries") or 0)
            elif item.type == "lost":
                left = item.at
            elif item.type == "connected" and left and case.start <= item.at and left <= case.over:
                # The taking up, which comes soon after, is part of it.
                case.away = [(left, item.at), *(one for one in case.away if one[0] < left)]
            elif item.type == "attached" and not self._begun and member(item.data, "first") == 1:
                # Nothing was forgotten, and yet the call's beginning is not there.
                case.away.append((case.start, float(member(item.data, "started") or case.start)))

    def finished(self) -> Case:
        """All that was learnt."""
        case = self.case
        case.legs = list(self._legs.values())
        case.streams = list(self._streams.values())
        case.complete = self._begun
        if len(self._stamps) > 1 and self._lags:
            least = min(lag for _, lag in self._lags)
            at, most = max(self._lags, key=lambda one: one[1])
            case.lag = (at, most - least)
        return case

    def _note(self, item: Item) -> None:
        case = self.case
        match item.type:
            case "problem":
                data = item.data
                code, text = int(member(data, "code") or 0), str(member(data, "message"))
                case.troubles.append(Trouble(item.at, code, text, str(member(data, "url"))))
            case "refused":
                case.refused, case.refusal = item.status, item.error
            case "missed":
                case.missed += int(member(item.data, "entries") or 0)
            case _ if item.type.startswith("call-"):
                self._call(item)

    def _call(self, item: Item) -> None:
        data, case = item.data, self.case
        sip = str(member(data, "sip_response_code"))
        if member(data, "parent"):
            leg = self._leg(item.channel, str(member(data, "to")), item.at)
            if item.type == "call-ringing":
                leg.rang = True
            leg.status = str(member(data, "status"))
            leg.sip = int(sip) if sip.isdigit() else leg.sip
            if item.type == "call-answered":
                leg.answered = item.at
            elif item.type == "call-completed":
                leg.over = item.at
            return
        if item.type == "call-begun" and (self._told or member(data, "status") == "in-progress"):
            # An app that was started anew tells of the calls that it has taken up.
            case.away.append((item.at, item.at))
            case.answered = case.answered or case.start
        self._told = self._told or item.type == "call-begun"
        self._begun = self._begun or self._told
        case.sid, case.channel = item.call, item.channel
        case.caller, case.called = str(member(data, "from")), str(member(data, "to"))
        case.direction, case.status = str(member(data, "direction")), str(member(data, "status"))
        case.sip = int(sip) if sip.isdigit() else case.sip
        case.duration = str(member(data, "duration"))
        if item.type == "call-answered":
            case.answered = item.at
        elif item.type == "call-completed" and not case.ended:
            case.ended = item.at

    def _leg(self, channel: str, to: str, at: float) -> Leg:
        return self._legs.setdefault(channel, Leg(to, at))

    def _event(self, item: Item) -> None:
        data, case = item.data, self.case
        stamp = str(member(data, "timestamp"))
        if (made := _seconds(stamp)) is not None:
            self._stamps.add(stamp)
            self._lags.append((item.at, item.at - made))
        phone = self._scene.lane(item.channel) == "phone"
        match item.type:
            case "StasisStart" if phone and not case.channel:
                self._begun = True
                args = [str(arg) for arg in member(data, "args") or []]
                exten = str(member(data, "channel", "dialplan", "exten"))
                case.channel, case.caller = item.channel, item.caller
                case.called = args[1] if args[:1] == ["inbound"] and len(args) > 1 else exten
            case "ChannelStateChange" if phone and member(data, "channel", "state") == "Up":
                case.answered = case.answered or item.at
            case "ChannelDtmfReceived":
                case.keys.append(item.at)
            case "Dial":
                self._dialled(item)
            case "ChannelHangupRequest" | "StasisEnd" | "ChannelDestroyed" if phone:
                self._phone_ends(item)
            case "PlaybackStarted" if phone:
                case.spoken_to = True
            case "ChannelEnteredBridge" if phone:
                case.spoken_to = case.listened_to = True
            case "RecordingStarted":
                case.listened_to = True
            case "ChannelVarset" if member(data, "variable") == "RTPAUDIOQOS":
                case.sounds.append(_sound(item, self._scene.leg(item.channel)))
        if item.type == "ChannelDestroyed" and (leg := self._legs.get(item.channel)):
            leg.cause, leg.over = int(member(data, "cause") or 0), leg.over or item.at
            leg.sip = leg.sip or int(member(data, "tech_cause") or 0)

    def _phone_ends(self, item: Item) -> None:
        """Whoever did not ask for it first has it from the phone; `Dial` out of Stasis is none."""
        case = self.case
        if item.channel != case.channel or case.ended_by:
            return
        if item.channel in self._asked_to_end:
            case.ended_by = "app"
        elif member(item.data, "soft"):  # asked for within Asterisk, not by the phone
            case.ended_by, case.ended = "app", item.at
        elif item.type == "ChannelHangupRequest":
            case.ended_by, case.ended = "far", item.at

    def _dialled(self, item: Item) -> None:
        peer = str(member(item.data, "peer", "id")) or item.channel
        status = str(member(item.data, "dialstatus"))
        if self._scene.lane(peer) == "media":
            return
        if self._scene.lane(peer) == "phone" and self.case.inbound:
            return
        leg = self._leg(peer, str(member(item.data, "dialstring")), item.at)
        if status == "RINGING":
            leg.rang = True
        elif status == "ANSWER":
            leg.answered = leg.answered or item.at
        if status in _DIALLED and not leg.status:
            leg.status = _DIALLED[status]

    def _request(self, item: Item) -> None:
        method, _, path = item.type.partition(" ")
        if method == "DELETE" and path.startswith("/channels/") and path.count("/") == 2:
            self._asked_to_end.add(item.channel)
            if item.channel == self.case.channel and not self.case.ended_by:
                self.case.ended, self.case.ended_by = item.at, "app"

    def _answer(self, item: Item) -> None:
        case = self.case
        if (item.ms or 0) > case.slowest[1]:
            case.slowest = (item.at, item.ms or 0, item.type)
        # 404 and 409 are how a channel that has just gone answers.
        if item.error and item.status not in (404, 409):
            case.denied.append((item.at, item.type, item.status, item.error))

    def _webhook(self, item: Item) -> None:
        data = item.data
        url, document = str(member(data, "url")), bool(member(data, "document"))
        if item.type == "request":
            one = Webhook(item.at, url, member(data, "params") or {}, document)
            self.case.webhooks.append(one)
            self._open.append(one)
            return
        found = next((one for one in self._open if one.url == url), None)
        if found is None:
            found = Webhook(item.at - (item.ms or 0) / 1000, url, {}, document)
            self.case.webhooks.append(found)
        else:
            self._open.remove(found)
        found.ms, found.status, found.error = item.ms or 0.0, item.status, item.error
        found.code = int(member(data, "code") or 0)

    def _verb(self, item: Item) -> None:
        verbs, state = self.case.verbs, str(member(item.data, "state"))
        if state == "begin":
            attributes = member(item.data, "attributes") or {}
            nested = bool(member(item.data, "nested"))
            verbs.append(Verb(item.type, item.at, attributes=attributes, nested=nested))
            return
        for verb in reversed(verbs):
            if verb.name == item.type and not verb.state:
                verb.end, verb.state = item.at, state
                return

    def _stream(self, item: Item) -> None:
        data = item.data
        sid = str(member(data, "stream_sid"))
        if item.type == "open":
            mode = str(member(data, "mode"))
            self._streams[sid] = Stream(sid, str(member(data, "url")), item.at, mode)
            return
        stream = self._streams.setdefault(sid, Stream(sid, "", self.case.start))
        if item.type == "connected":
            stream.connected = item.at
        elif item.type == "stopped":
            stream.stopped, stream.cause = item.at, str(member(data, "cause"))
            stream.code, stream.message = (
                int(member(data, "code") or 0),
                str(member(data, "message")),
            )
            stream.stats = member(data, "stats") or {}


def _sound(item: Item, leg: str) -> Sound:
    text = str(member(item.data, "value"))
    values = {name: float(value) for name, value in _STATISTIC.findall(text)}

    def count(name: str) -> int:
        return int(values.get(name, 0))

    return Sound(
        item.channel,
        leg,
        received=count("rxcount"),
        sent=count("txcount"),
        lost_in=count("lp"),
        lost_out=count("rlp"),
        jitter=values.get("rxjitter", 0.0) * 1000,
    )


def _seconds(stamp: str) -> float | None:
    try:
        return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
    except ValueError:
        return None
