"""Channels, bridges and playbacks of FakeAsterisk, and what requests do to them.

Sequences of events follow what Asterisk 22.10.1 was seen to send (tests/wire/ari).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ari_app.testing import asterisk_bridges, asterisk_recordings
from ari_app.testing.asterisk_bridges import NO_BRIDGE
from ari_app.testing.asterisk_recordings import Monitors, finish_recording

if TYPE_CHECKING:
    from ari_app.testing.asterisk import FakeAsterisk, Request

Wire = dict[str, Any]
Answer = tuple[int, Any]

NO_CHANNEL: Answer = (404, {"message": "Channel not found"})

# Q.850 cause → Asterisk's text for it.
call_causes: Mapping[int, str] = {
    1: "Unallocated (unassigned) number",
    16: "Normal Clearing",
    17: "User busy",
    18: "No user responding",
    19: "User alerting, no answer",
    21: "Call Rejected",
    32: "Unknown",
    34: "Circuit/channel congestion",
    127: "Interworking, unspecified",
}
_STATUS = {17: "BUSY", 18: "NOANSWER", 19: "NOANSWER", 34: "CONGESTION"}


class World:
    """The state behind one FakeAsterisk; members are in ARI's JSON form."""

    def __init__(self, asterisk: FakeAsterisk) -> None:
        self._asterisk = asterisk
        self.numbers = itertools.count(1)
        self.channels: dict[str, Wire] = {}
        self.bridges: dict[str, Wire] = {}
        self.playbacks: dict[str, Wire] = {}
        self.recordings: dict[str, Wire] = {}
        self.monitors = Monitors()
        self.variables: dict[tuple[str, str], str] = {}
        # Which channel a snoop channel listens to.
        self.snoops: dict[str, str] = {}
        # Channels that are in the application, and arguments of those that will be.
        self.in_stasis: set[str] = set()
        self._args: dict[str, list[str]] = {}

    def clear(self) -> None:
        """Forget everything, as a restart does."""
        for members in (self.channels, self.bridges, self.playbacks, self.recordings):
            members.clear()
        self.monitors.running.clear()
        self.variables.clear()
        self.snoops.clear()
        self.in_stasis.clear()
        self._args.clear()

    # ---- channels

    def new_channel(
        self,
        channel_id: str,
        *,
        state: str = "Down",
        caller: str = "",
        exten: str = "s",
        tech: str = "",
    ) -> Wire:
        """Make a channel without telling anybody."""
        self.channels[channel_id] = channel = {
            "id": channel_id,
            "name": f"{tech or 'PJSIP/anonymous'}-{next(self.numbers):08x}",
            "state": state,
            "protocol_id": "",
            "caller": {"name": "", "number": caller},
            "connected": {"name": "", "number": ""},
            "accountcode": "",
            "dialplan": {
                "context": "from-sip",
                "exten": exten,
                "priority": 1,
                "app_name": "Stasis",
                "app_data": self._asterisk.app,
            },
            "creationtime": "2026-01-31T12:00:00.000+0000",
            "language": "en",
        }
        return channel

    async def enter_stasis(self, channel_id: str, args: list[str] | None = None) -> None:
        """StasisStart."""
        args = self._args.pop(channel_id, []) if args is None else args
        self.in_stasis.add(channel_id)
        app_data = ",".join([self._asterisk.app, *args])
        self.channels[channel_id]["dialplan"] |= {"app_name": "Stasis", "app_data": app_data}
        await self.tell_channel("StasisStart", channel_id, args=args)

    async def redirect(self, channel_id: str, context: str) -> None:
        """Out of the application or the dialplan, and in again (extensions.conf, ``back``)."""
        if channel_id in self.in_stasis:
            self.in_stasis.discard(channel_id)
            await self.tell_channel("StasisEnd", channel_id)
        await self.enter_stasis(channel_id, [context])

    async def ring(self, channel_id: str) -> None:
        """Dial RINGING."""
        await self._state(channel_id, "Ringing")
        await self._dial(channel_id, "RINGING")

    async def progress(self, channel_id: str) -> None:
        """Dial PROGRESS: a 183, which changes no state."""
        await self._dial(channel_id, "PROGRESS")

    async def answer_far(self, channel_id: str) -> None:
        """Dial ANSWER; an originated channel enters the application now."""
        await self._state(channel_id, "Up")
        await self._dial(channel_id, "ANSWER")
        if channel_id not in self.in_stasis:
            await self.enter_stasis(channel_id)

    async def end(
        self, channel_id: str, cause: int, tech_cause: int | None = None, *, far: bool
    ) -> None:
        """Hangup by the far side or by request, with all that follows from it."""
        if channel_id not in self.channels:
            return
        tech = {} if tech_cause is None else {"tech_cause": tech_cause}
        soft = {"cause": cause, **tech} if far else {"cause": 32, "soft": True}
        await self.tell_channel("ChannelHangupRequest", channel_id, **soft)
        for playback in list(self.playbacks.values()):
            if playback["target_uri"] == f"channel:{channel_id}":
                await self.finish_playback(playback["id"], "failed")
        for bridge in list(self.bridges.values()):
            if channel_id in bridge["channels"]:
                await asterisk_bridges.leave(self, bridge, channel_id)
        for recording in list(self.recordings.values()):
            if recording["target_uri"] == f"channel:{channel_id}":
                await finish_recording(self, recording["name"])
        self.monitors.channel_gone(channel_id)
        if channel_id in self.in_stasis:
            self.in_stasis.discard(channel_id)
            await self.tell_channel("StasisEnd", channel_id)
        elif self.channels[channel_id]["state"] != "Up":
            await self._dial(channel_id, _STATUS.get(cause, "CHANUNAVAIL" if far else "CANCEL"))
        channel = self.channels.pop(channel_id)
        text = call_causes.get(cause, "Unknown")
        event = {"type": "ChannelDestroyed", "cause": cause, "cause_txt": text, **tech}
        await self._asterisk.emit(event | {"channel": channel})
        for snoop_id, spied in list(self.snoops.items()):
            if snoop_id == channel_id:
                del self.snoops[snoop_id]
            elif spied == channel_id:
                await self.end(snoop_id, 16, far=False)

    async def finish_playback(self, playback_id: str, state: str = "done") -> None:
        """PlaybackFinished."""
        playback = self.playbacks.pop(playback_id)
        playback["state"] = state
        await self._asterisk.emit({"type": "PlaybackFinished", "playback": dict(playback)})

    async def tell_channel(self, kind: str, channel_id: str, **members: Any) -> None:
        """Send an event of a channel, as it is now."""
        channel = dict(self.channels[channel_id])
        await self._asterisk.emit({"type": kind, **members, "channel": channel})

    async def _state(self, channel_id: str, state: str) -> None:
        if self.channels[channel_id]["state"] != state:
            self.channels[channel_id]["state"] = state
            await self.tell_channel("ChannelStateChange", channel_id)

    async def _dial(self, channel_id: str, status: str) -> None:
        peer = dict(self.channels[channel_id])
        await self._asterisk.emit(
            {"type": "Dial", "dialstatus": status, "dialstring": peer["name"], "peer": peer}
        )

    # ---- requests

    async def handle(self, raw_path: str, request: Request) -> Answer:
        """Do what a request asks; status and JSON of the answer."""
        raw = raw_path.partition("?")[0].removeprefix("/ari")
        for method, pattern, act in _ROUTES:
            if method == request.method and (found := pattern.fullmatch(raw)):
                return await act(self, request, *map(unquote, found.groups()))
        return 404, {"message": "Resource not found"}

    async def ping(self, request: Request) -> Answer:
        """GET /asterisk/ping."""
        return 200, {"ping": "pong", "timestamp": "", "asterisk_id": "00:00:5e:00:53:01"}

    async def subscribe(self, request: Request, app: str) -> Answer:
        """POST /applications/{applicationName}/subscription; all events are told anyway."""
        return 200, {
            "name": app,
            "channel_ids": [],
            "bridge_ids": [],
            "endpoint_ids": [],
            "device_names": [],
            "events_allowed": [],
            "events_disallowed": [],
        }

    async def list_channels(self, request: Request) -> Answer:
        """GET /channels."""
        return 200, list(self.channels.values())

    async def list_bridges(self, request: Request) -> Answer:
        """GET /bridges."""
        return 200, list(self.bridges.values())

    async def get_channel(self, request: Request, channel_id: str) -> Answer:
        """GET /channels/{channelId}."""
        return (200, self.channels[channel_id]) if channel_id in self.channels else NO_CHANNEL

    async def originate(self, request: Request, channel_id: str = "") -> Answer:
        """POST /channels and /channels/{channelId}: dial first, the application on answer."""
        made = self._create(request, channel_id)
        if made[0] == 200:
            channel_id = made[1]["id"]
            self._args[channel_id] = _args(request)
            await self._call(channel_id)
        return made

    async def create(self, request: Request) -> Answer:
        """POST /channels/create: the application first, dialled later."""
        made = self._create(request, "")
        if made[0] == 200:
            await self.enter_stasis(made[1]["id"], _args(request))
        return made

    async def dial(self, request: Request, channel_id: str) -> Answer:
        """POST /channels/{channelId}/dial."""
        if channel_id not in self.channels:
            return NO_CHANNEL
        await self._call(channel_id)
        return 204, None

    def _create(self, request: Request, channel_id: str) -> Answer:
        channel_id = channel_id or request.query.get("channelId") or f"out-{next(self.numbers)}"
        if channel_id in self.channels:
            return 409, {"message": "Channel with given unique ID already exists"}
        tech = "/".join(request.query["endpoint"].split("/")[:2])
        channel = self.new_channel(channel_id, caller=request.query.get("callerId", ""), tech=tech)
        channel["protocol_id"] = f"{channel_id}@192.0.2.7"  # its Call-ID
        for name, value in ((request.body or {}).get("variables") or {}).items():
            self.variables[channel_id, name] = value["value"] if isinstance(value, dict) else value
        return 200, channel

    async def _call(self, channel_id: str) -> None:
        await self._dial(channel_id, "")
        outcome = self._asterisk.outcome
        if outcome == "busy":
            await self.end(channel_id, 17, 486, far=True)
        elif outcome == "fail":
            await self.end(channel_id, 1, 404, far=True)
        elif outcome != "manual":
            await self.ring(channel_id)
            if outcome == "answer":
                await self.answer_far(channel_id)

    async def external_media(self, request: Request) -> Answer:
        """POST /channels/externalMedia."""
        host = request.query["external_host"]
        channel_id = request.query.get("channelId") or f"media-{next(self.numbers)}"
        if channel_id in self.channels:
            return 409, {"message": "Channel with given unique ID already exists"}
        channel = self.new_channel(channel_id, tech=f"UnicastRTP/{host}")
        local = {
            "UNICASTRTP_LOCAL_PORT": str(next(self._asterisk.rtp_ports)),
            "UNICASTRTP_LOCAL_ADDRESS": self._asterisk.rtp_address,
        }
        self.variables.update({(channel_id, name): value for name, value in local.items()})
        # Only the answer has them; the events do not.
        answer = channel | {"channelvars": local}
        if self._asterisk.auto_start:
            await self._dial(channel_id, "")
            await self._state(channel_id, "Up")
            await self._dial(channel_id, "ANSWER")
            await self.enter_stasis(channel_id, [])
        return 200, answer

    async def snoop(self, request: Request, channel_id: str, snoop_id: str) -> Answer:
        """POST /channels/{channelId}/snoop/{snoopId}."""
        if channel_id not in self.channels:
            return NO_CHANNEL
        if snoop_id in self.channels:
            return 409, {"message": "Channel with given unique ID already exists"}
        channel = self.new_channel(snoop_id, state="Up", tech=f"Snoop/{channel_id}")
        self.snoops[snoop_id] = channel_id
        if self._asterisk.auto_start:
            await self.enter_stasis(snoop_id, [])
        return 200, channel

    async def answer(self, request: Request, channel_id: str) -> Answer:
        """POST /channels/{channelId}/answer."""
        if (error := self.not_in_stasis(channel_id)) is not None:
            return error
        await self._state(channel_id, "Up")
        return 204, None

    async def go_on(self, request: Request, channel_id: str) -> Answer:
        """POST /channels/{channelId}/continue: into the dialplan."""
        if (error := self.not_in_stasis(channel_id)) is not None:
            return error
        self.in_stasis.discard(channel_id)
        await self.tell_channel("StasisEnd", channel_id)
        place = {"context": request.query.get("context", ""), "app_name": "Transfer"}
        self.channels[channel_id]["dialplan"] |= place
        return 204, None

    async def nothing(self, request: Request, channel_id: str) -> Answer:
        """Requests that only need the channel to be in the application."""
        return self.not_in_stasis(channel_id) or (204, None)

    async def hangup(self, request: Request, channel_id: str) -> Answer:
        """DELETE /channels/{channelId}."""
        if channel_id not in self.channels:
            return NO_CHANNEL
        named = {"busy": 17, "congestion": 34, "no_answer": 19, "normal": 16}
        reason = request.query.get("reason_code") or request.query.get("reason") or "16"
        await self.end(channel_id, named.get(reason) or int(reason), far=False)
        return 204, None

    async def get_variable(self, request: Request, channel_id: str) -> Answer:
        """GET /channels/{channelId}/variable."""
        value = self.variables.get((channel_id, request.query["variable"]))
        if channel_id not in self.channels:
            return NO_CHANNEL
        if value is None:
            return 404, {"message": "Provided variable was not found"}
        return 200, {"value": value}

    async def set_variable(self, request: Request, channel_id: str) -> Answer:
        """POST /channels/{channelId}/variable."""
        if (error := self.not_in_stasis(channel_id)) is not None:
            return error
        name, value = request.query["variable"], request.query.get("value", "")
        self.variables[channel_id, name] = value
        await self.tell_channel("ChannelVarset", channel_id, variable=name, value=value)
        return 204, None

    async def play(self, request: Request, channel_id: str, playback_id: str = "") -> Answer:
        """POST /channels/{channelId}/play and /play/{playbackId}."""
        if (error := self.not_in_stasis(channel_id)) is not None:
            return error
        return await self._play(request, f"channel:{channel_id}", playback_id)

    async def play_bridge(self, request: Request, bridge_id: str, playback_id: str = "") -> Answer:
        """POST /bridges/{bridgeId}/play and /play/{playbackId}."""
        if bridge_id not in self.bridges:
            return NO_BRIDGE
        return await self._play(request, f"bridge:{bridge_id}", playback_id)

    async def _play(self, request: Request, target: str, playback_id: str) -> Answer:
        playback_id = playback_id or request.query.get("playbackId") or f"p-{next(self.numbers)}"
        playback = {
            "id": playback_id,
            "media_uri": request.query["media"],
            "target_uri": target,
            "language": request.query.get("lang", "en"),
            "state": "queued",
        }
        answer = dict(playback)
        self.playbacks[playback_id] = playback
        playback["state"] = "playing"
        await self._asterisk.emit({"type": "PlaybackStarted", "playback": dict(playback)})
        if self._asterisk.auto_finish:
            await self.finish_playback(playback_id)
        return 201, answer

    async def get_playback(self, request: Request, playback_id: str) -> Answer:
        """GET /playbacks/{playbackId}."""
        playback = self.playbacks.get(playback_id)
        return (200, playback) if playback else (404, {"message": "Playback not found"})

    async def stop_playback(self, request: Request, playback_id: str) -> Answer:
        """DELETE /playbacks/{playbackId}."""
        if playback_id not in self.playbacks:
            return 404, {"message": "Playback not found"}
        await self.finish_playback(playback_id)
        return 204, None

    async def tell(self, event: Wire) -> None:
        """Send an event."""
        await self._asterisk.emit(event)

    def not_in_stasis(self, channel_id: str) -> Answer | None:
        """The refusal of what only a channel in the application can do."""
        if channel_id not in self.channels:
            return NO_CHANNEL
        if channel_id not in self.in_stasis:
            return 409, {"message": "Channel not in Stasis application"}
        return None


def _args(request: Request) -> list[str]:
    args = request.query.get("appArgs", "")
    return args.split(",") if args else []


Act = Callable[..., Awaitable[Answer]]


def _route(method: str, template: str, act: Act) -> tuple[str, re.Pattern[str], Act]:
    return method, re.compile(template.replace("{}", "([^/]+)")), act


_QUIET = "ring|progress|mute|hold|moh|silence|dtmf"
_ROUTES = [
    _route("GET", "/asterisk/ping", World.ping),
    _route("POST", "/applications/{}/subscription", World.subscribe),
    _route("GET", "/channels", World.list_channels),
    _route("POST", "/channels", World.originate),
    _route("POST", "/channels/create", World.create),
    _route("POST", "/channels/externalMedia", World.external_media),
    _route("GET", "/channels/{}", World.get_channel),
    _route("POST", "/channels/{}", World.originate),
    _route("DELETE", "/channels/{}", World.hangup),
    _route("POST", "/channels/{}/snoop/{}", World.snoop),
    _route("POST", "/channels/{}/answer", World.answer),
    _route("POST", "/channels/{}/continue", World.go_on),
    _route("POST", "/channels/{}/dial", World.dial),
    _route("GET", "/channels/{}/variable", World.get_variable),
    _route("POST", "/channels/{}/variable", World.set_variable),
    _route("POST", "/channels/{}/play", World.play),
    _route("POST", "/channels/{}/play/{}", World.play),
    _route("POST", f"/channels/{{}}/(?:{_QUIET})", World.nothing),
    _route("DELETE", f"/channels/{{}}/(?:{_QUIET})", World.nothing),
    _route("POST", "/channels/{}/record", asterisk_recordings.record_channel),
    _route("POST", "/bridges/{}/record", asterisk_recordings.record_bridge),
    _route("GET", "/recordings/live/{}", asterisk_recordings.live),
    _route("POST", "/recordings/live/{}/stop", asterisk_recordings.stop),
    _route("GET", "/playbacks/{}", World.get_playback),
    _route("DELETE", "/playbacks/{}", World.stop_playback),
    _route("GET", "/bridges", World.list_bridges),
    _route("POST", "/bridges", asterisk_bridges.create_bridge),
    _route("GET", "/bridges/{}", asterisk_bridges.get_bridge),
    _route("POST", "/bridges/{}", asterisk_bridges.create_bridge),
    _route("DELETE", "/bridges/{}", asterisk_bridges.destroy_bridge),
    _route("POST", "/bridges/{}/addChannel", asterisk_bridges.add_channel),
    _route("POST", "/bridges/{}/removeChannel", asterisk_bridges.remove_channel),
    _route("POST", "/bridges/{}/play", World.play_bridge),
    _route("POST", "/bridges/{}/play/{}", World.play_bridge),
]
