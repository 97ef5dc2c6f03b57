"""An Asterisk for tests: ARI's REST and events, without a telephone.

    async with FakeAsterisk() as asterisk:
        client = asterisk.client()
        await client.start()
        channel_id = await asterisk.incoming_call("+15550100")
        ...
        assert asterisk.requested("POST", f"/channels/{channel_id}/answer")

Events leave before the answer of the request that caused them, as real ones often do; set
`answer_first` for the other order.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

import aiohttp
import msgspec
from aiohttp import web

from ari_app.ari import AriClient, Event, Watch
from ari_app.testing.asterisk_front import Front
from ari_app.testing.asterisk_recordings import finish_recording
from ari_app.testing.asterisk_world import World, call_causes

Wire = dict[str, Any]
Outcome = Literal["answer", "ring", "busy", "fail", "manual"]

# The requests' events while `answer_first` holds them back.
_held: ContextVar[list[Wire] | None] = ContextVar("held", default=None)


@dataclass(frozen=True)
class Request:
    """One REST request as it came; `path` without /ari, decoded."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any


@dataclass
class Rule:
    """What to do with the next requests that match."""

    method: str
    pattern: str
    times: int
    status: int = 0
    message: str = ""
    release: asyncio.Event | None = None
    # Set when a request has come.
    hit: asyncio.Event = field(default_factory=asyncio.Event)


class FakeAsterisk:
    """One Asterisk with one application; use as an async context manager."""

    def __init__(
        self,
        app: str = "ariswitch",
        username: str = "ariswitch",
        password: str = "fake",  # noqa: S107
    ) -> None:
        self.app = app
        self.username = username
        self.password = password
        # How originated and dialled channels fare: `ring` stops there, `manual` before it.
        self.outcome: Outcome = "answer"
        # False: a playback runs until `finish_playback`, a hangup or a stop.
        self.auto_finish = True
        # False: an external media channel starts with `start_stasis`.
        self.auto_start = True
        # Address that external media channels report as Asterisk's side of the RTP.
        self.rtp_address = "127.0.0.1"
        self.rtp_ports = itertools.count(41000, 2)
        self.answer_first = False
        self.requests: list[Request] = []
        # Every event made, whether or not somebody was connected.
        self.events: list[Wire] = []
        self.world = World(self)
        self.connections = 0
        self._rules: list[Rule] = []
        self._changed = asyncio.Condition()
        self._socket: web.WebSocketResponse | None = None
        self._holding: dict[str, list[Wire]] = {}
        self._numbers = itertools.count(1)
        self._runner: web.AppRunner | None = None
        self._front: Front | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_get("/ari/events", self._events)
        application.router.add_post("/rawman", self._manager)
        application.router.add_route("*", "/ari/{path:.*}", self._request)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._front = Front(self._runner.addresses[0][1])
        await self._front.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for rule in self._rules:
            if rule.release is not None:
                rule.release.set()
        await self.front.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def front(self) -> Front:
        """The way in, where connections can be cut and silenced."""
        assert self._front is not None, "use `async with FakeAsterisk()`"  # noqa: S101
        return self._front

    @property
    def url(self) -> str:
        """What a client connects to."""
        return f"http://127.0.0.1:{self.front.port}"

    def client(self, **options: Any) -> AriClient:
        """A client for this Asterisk, impatient enough for tests."""
        quick: dict[str, Any] = {"watch": Watch(0.2, 0.5, 5.0), "backoff": (0.01, 0.05)}
        return AriClient(self.url, self.username, self.password, self.app, **(quick | options))

    # ---- events

    async def emit(self, event: Event | Wire) -> None:
        """Send an event, in ARI's form; lost like a real one if nobody is connected."""
        wire: Wire = event if isinstance(event, dict) else _wire(event)
        wire = {"timestamp": "2026-01-31T12:00:00.000+0000", "application": self.app} | wire
        wire["application"] = wire["application"] or self.app
        held = _held.get()
        if held is not None:
            held.append(wire)
            return
        await self._send(wire)

    async def emit_raw(self, message: bytes | str) -> None:
        """Send any text as a WebSocket message, JSON or not."""
        if self._socket is not None:
            await self._socket.send_str(message if isinstance(message, str) else message.decode())

    def hold(self, channel_id: str) -> None:
        """Keep back the events of one channel, so that others overtake them."""
        self._holding.setdefault(channel_id, [])

    async def release(self, channel_id: str) -> None:
        """Send what was kept back, in order."""
        for wire in self._holding.pop(channel_id, []):
            await self._send(wire)

    # ---- what happens outside

    async def incoming_call(
        self,
        exten: str,
        codec: str = "ulaw",
        *,
        caller: str = "+15550199",
        peer: str = "192.0.2.10:5060",
        sip_call_id: str = "",
        channel_id: str = "",
        caller_name: str = "",
        forwarded_from: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """A caller comes in (StasisStart with this project's arguments); the channel's id."""
        channel_id = channel_id or f"in-{next(self._numbers)}"
        channel = self.world.new_channel(channel_id, state="Ring", caller=caller, exten=exten)
        args = ["inbound", exten, codec, peer, sip_call_id or f"{channel_id}@192.0.2.10"]
        channel["protocol_id"] = args[-1]
        channel["caller"]["name"] = caller_name
        args += [forwarded_from, *(headers or {})]
        for name, value in (headers or {}).items():
            self.world.variables[channel_id, f"PJSIP_HEADER(read,{name})"] = value
        await self.start_stasis(channel_id, args)
        return channel_id

    async def start_stasis(self, channel_id: str, args: Sequence[str] = ()) -> None:
        """The channel enters the application."""
        await self.world.enter_stasis(channel_id, list(args))

    async def ring(self, channel_id: str) -> None:
        """The called side rings."""
        await self.world.ring(channel_id)

    async def progress(self, channel_id: str) -> None:
        """The called side sends early media (183)."""
        await self.world.progress(channel_id)

    async def answer(self, channel_id: str) -> None:
        """The called side answers; an originated channel enters the application."""
        await self.world.answer_far(channel_id)

    async def dtmf(self, channel_id: str, digits: str, duration_ms: int = 100) -> None:
        """The far side presses keys."""
        for digit in digits:
            event = {"type": "ChannelDtmfReceived", "digit": digit, "duration_ms": duration_ms}
            await self.emit(event | {"channel": self.world.channels[channel_id]})

    async def hang_up(
        self, channel_id: str, cause: int = 16, tech_cause: int | None = None
    ) -> None:
        """The far side hangs up, or refuses (17/486 busy, 19/480 no answer, 1/404 unknown…)."""
        await self.world.end(channel_id, cause, tech_cause, far=True)

    async def finish_playback(self, playback_id: str, state: str = "done") -> None:
        """A sound ends: `done`, or `failed` if the file was not playable."""
        await self.world.finish_playback(playback_id, state)

    async def finish_recording(self) -> None:
        """ARI's one running recording ends by itself: silence, or its length."""
        (name,) = self.world.recordings
        await finish_recording(self.world, name)

    # ---- what goes wrong

    def refuse(
        self, method: str, pattern: str, status: int, message: str = "", times: int = 1
    ) -> Rule:
        """Answer the next matching requests with an error; `/events` is the WebSocket's upgrade."""
        self._rules.append(Rule(method, pattern, times, status, message))
        return self._rules[-1]

    def stall(self, method: str, pattern: str, times: int = 1) -> Rule:
        """Do and answer the next matching requests only once `rule.release` is set."""
        self._rules.append(Rule(method, pattern, times, release=asyncio.Event()))
        return self._rules[-1]

    def cut_events_after(self, *byte_counts: int) -> None:
        """Close the next events connections after so many bytes, the handshake's included."""
        self.front.cut_after(byte_counts)

    async def drop_events(self, code: int = aiohttp.WSCloseCode.GOING_AWAY) -> None:
        """Close the events connection properly; calls stay."""
        if self._socket is not None:
            await self._socket.close(code=code)

    async def restart(self) -> None:
        """All connections, channels and bridges are gone at once; the port stays."""
        self.world.clear()
        await self.front.cut_all()

    # ---- what was asked

    def requested(self, method: str, pattern: str = ".*") -> list[Request]:
        """Requests so far whose whole path matches."""
        return [r for r in self.requests if r.method == method and re.fullmatch(pattern, r.path)]

    async def wait_request(self, method: str, pattern: str, count: int = 1) -> Request:
        """The `count`-th request that matches, past or to come."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.requested(method, pattern)) >= count)
        return self.requested(method, pattern)[count - 1]

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return once `condition` holds; asked after each request, and what it did, and event."""
        async with self._changed:
            await self._changed.wait_for(condition)

    async def wait_connected(self, count: int = 1) -> None:
        """Return once the events connection was made `count` times in all, and is there."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: self.connections >= count and self._socket is not None
            )

    # ---- the server

    async def _send(self, wire: Wire) -> None:
        for subject in (wire.get("channel"), wire.get("peer")):
            if isinstance(subject, dict) and subject.get("id") in self._holding:
                self._holding[subject["id"]].append(wire)
                return
        self.events.append(wire)
        await self._notify()
        if self._socket is not None:
            with suppress(ConnectionError):
                await self._socket.send_str(msgspec.json.encode(wire).decode())

    def _refused(self, request: web.Request) -> web.Response | None:
        token = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {token}":
            return web.json_response({"message": "Authentication required"}, status=401)
        return None

    async def _ruled(self, method: str, path: str) -> web.Response | None:
        for rule in self._rules:
            if rule.times and rule.method == method and re.fullmatch(rule.pattern, path):
                rule.times -= 1
                rule.hit.set()
                if rule.release is not None:
                    await rule.release.wait()
                    return None
                return web.json_response({"message": rule.message}, status=rule.status)
        return None

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _request(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        body = await request.read()
        path = "/" + request.match_info["path"]
        seen = Request(
            request.method, path, dict(request.query), msgspec.json.decode(body) if body else None
        )
        self.requests.append(seen)
        await self._notify()
        if (ruled := await self._ruled(seen.method, path)) is not None:
            return ruled
        if not self.answer_first:
            status, answer = await self.world.handle(request.raw_path, seen)
            await self._notify()
            return _answer(status, answer)
        held: list[Wire] = []
        token = _held.set(held)
        try:
            status, answer = await self.world.handle(request.raw_path, seen)
        finally:
            _held.reset(token)
        response = _answer(status, answer)
        await response.prepare(request)
        await response.write_eof()
        for wire in held:
            await self._send(wire)
        return response

    async def _manager(self, request: web.Request) -> web.Response:
        """The manager interface over HTTP: MixMonitor, and Redirect into the application."""
        monitors = self.world.monitors
        action = {key: str(value) for key, value in (await request.post()).items()}
        if (ruled := await self._ruled("POST", f"/rawman/{action['Action']}")) is not None:
            return ruled
        text = monitors.handle(
            action,
            request.cookies.get("mansession_id", ""),
            self.world.channels,
            self.world.variables,
        )
        response = web.Response(text=text)
        if action["Action"] == "Login" and action["Secret"] == self.password:
            session = f"{len(monitors.asked):08x}"
            monitors.sessions.add(session)
            response.set_cookie("mansession_id", session)
        if action["Action"] == "Redirect" and "Success" in text:
            await self.world.redirect(action["Channel"], action["Context"])
        return response

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._refused(request)) is not None:
            return refused
        if (ruled := await self._ruled("GET", "/events")) is not None:
            return ruled
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self._socket is not None:
            # As the real one: the old connection is told, stays open, and hears nothing more.
            await self._send({"type": "ApplicationReplaced", "application": self.app})
        self._socket = socket
        self.connections += 1
        await self._notify()
        async for _ in socket:
            pass
        if self._socket is socket:
            self._socket = None
        return socket


def _wire(event: Event) -> Wire:
    """An event struct in ARI's form: absent members left out."""
    plain: Wire = msgspec.json.decode(msgspec.json.encode(event))
    raw: Wire = plain.pop("raw", {})
    present = {k: v for k, v in plain.items() if v is not None}
    present.update(raw)
    return present


def _answer(status: int, answer: Any) -> web.Response:
    return (
        web.Response(status=status) if answer is None else web.json_response(answer, status=status)
    )


__all__ = ["FakeAsterisk", "Request", "Rule", "call_causes"]
