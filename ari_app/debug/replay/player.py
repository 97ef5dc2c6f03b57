"""Walks through a recording: sends its events, waits for its requests, stops at a difference."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from ari_app.debug.record import Item
from ari_app.debug.replay.matching import Bindings, Request, encoded, stream_command

Answer = tuple[int, bytes]
#: Is asked before each event is sent, for single steps.
Gate = Callable[[Item], Awaitable[None]]

#: Listings are told as they are now, whenever and however often they are asked for.
LISTINGS = frozenset({"/channels", "/bridges", "/endpoints", "/applications", "/asterisk/info"})
#: Each life of an app logs in anew.
LOGIN = "/rawman Login"
#: Seconds at least between two events, so that an app takes them one by one.
_BREATH = 0.01


class Difference(Exception):  # noqa: N818  (it is what is looked for, not an error of ours)
    """The app did something else than recorded; says what, and where in the recording."""


@dataclass
class Report:
    """What a replay came to."""

    events: int = 0
    requests: int = 0
    webhooks: int = 0
    streams: int = 0
    difference: str = ""


@dataclass
class _Asked:
    request: Request
    answer: asyncio.Future[Answer] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Player:
    """One recording and its way through it.

    Events recorded after a request are sent after the app has made it, and a request is answered
    where its answer was recorded. `speed` 1: in the recorded time, 10: ten times as fast, 0: at
    once. `patience` (s) is how long a recorded request may be waited for, the recorded pause
    before it included. `show` is told of events as they are sent (by a `gate` before), and of
    requests as they come and are answered. `tell` is given what a stream worker said, in the
    place of one.
    """

    def __init__(
        self,
        items: list[Item],
        send: Callable[[bytes], Awaitable[None]],
        *,
        speed: float = 1.0,
        patience: float = 10.0,
        gate: Gate | None = None,
        show: Callable[[Item], None] | None = None,
        web: bool = False,
        tell: Callable[[bytes], Awaitable[None]] | None = None,
    ) -> None:
        self.items = [item for item in items if item.kind in ("event", "request", "answer")]
        if web:
            self.items = [item for item in items if item.kind in _WITH_WEB]
        if tell is not None:
            self.items = [item for item in items if item.kind in (*_WITH_WEB, "stream")]
        self._tell, self._show = tell, show
        self.bindings = Bindings()
        self.report = Report()
        self._send, self._speed, self._patience, self.gate = send, speed, patience, gate
        self._waiting: list[_Asked] = []
        self._matched: dict[Any, _Asked] = {}
        self._came = asyncio.Event()
        self._channels: dict[str, Any] = {}
        self._bridges: dict[str, Any] = {}
        self.over = False

    async def ask(self, request: Request) -> Answer:
        """Answer one request of the app, as soon as the recording has come to its answer."""
        if request.method == "GET" and (told := self._listing(request.path)) is not None:
            return 200, encoded(told, self.bindings)
        if self.over:
            return 404, b'{"message":"the recording is over"}'
        return await self.hear(request).answer

    def hear(self, request: Request) -> _Asked:
        """Take in one request, or a command to a stream worker, which has no answer."""
        asked = _Asked(request)
        self._waiting.append(asked)
        self._came.set()
        return asked

    async def run(self) -> Report:
        """Play to the end; raises Difference."""
        try:
            last = self.items[0].at if self.items else 0.0
            for place, item in enumerate(self.items):
                gap, last = max(item.at - last, 0.0), item.at
                await self._play(place, item, gap)
            await self._rest()
        finally:
            self.over = True
            for asked in (*self._waiting, *self._matched.values()):
                if not asked.answer.done():
                    asked.answer.set_result((500, b'{"message":"the replay has ended"}'))
        return self.report

    async def _play(self, place: int, item: Item, gap: float) -> None:
        if item.kind == "event":
            await asyncio.sleep(max(gap / self._speed, _BREATH) if self._speed else _BREATH)
            if self.gate is not None:
                # Who looks takes longer than the app waits for an answer.
                for later in self.items[place + 1 :]:
                    if later.kind == "answer" and _number(later) in self._matched:
                        self._reply(later)
                await self.gate(item)
            elif self._show is not None:
                self._show(item)
            self._follow(item)
            await self._send(encoded(item.data, self.bindings))
            self.report.events += 1
        elif _is_listing(item):
            return
        elif item.kind == "stream":
            await self._stream(place, item, gap)
        elif item.kind == "answer" or (item.kind == "webhook" and item.type == "answer"):
            self._reply(item)
        elif item.kind == "request" or _asks_document(item):
            self._matched[_number(item)] = await self._wait(place, item, gap)
            if self._show is not None:
                self._show(item)
            if item.kind == "request":
                self.report.requests += 1
            else:
                self.report.webhooks += 1

    async def _stream(self, place: int, item: Item, gap: float) -> None:
        """What the app tells a stream worker is waited for, what the worker said is told."""
        data = dict(item.data) if isinstance(item.data, dict) else {}
        if data.pop("way", "") == "command":
            wanted = {"body": stream_command(data)}
            command = Item(at=item.at, seq=item.seq, kind="request", type=f"stream {item.type}",
                           data=wanted)  # fmt: skip
            (await self._wait(place, command, gap)).answer.cancel()
            self.report.streams += item.type == "open"
        elif self._tell is not None:
            await asyncio.sleep(max(gap / self._speed, _BREATH) if self._speed else _BREATH)
            await self._tell(encoded({"type": item.type, **data}, self.bindings))

    async def _wait(self, place: int, item: Item, gap: float) -> _Asked:
        """Wait until the app asks what was asked then."""
        wanted = _as_request(item) if item.kind == "webhook" else item
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience + gap
        while True:
            for asked in self._waiting:
                if not self.bindings.differences(wanted, asked.request):
                    self._waiting.remove(asked)
                    return asked
            self._came.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._came.wait()
            except TimeoutError:
                raise Difference(self._told(place, wanted)) from None

    def _told(self, place: int, item: Item) -> str:
        lines = [f"record {item.seq or place + 1}: {item.type} was recorded and did not come."]
        for asked in self._waiting:
            lines.append(f"  came instead: {asked.request.type}")
            lines += [f"    {one}" for one in self.bindings.differences(item, asked.request)]
        if not self._waiting:
            lines.append("  nothing came instead; the app waits for something else")
        return "\n".join(lines)

    def _reply(self, item: Item) -> None:
        asked = self._matched.pop(_number(item), None)
        if asked is None or asked.answer.done():
            return
        data = item.data if isinstance(item.data, dict) else {}
        if item.kind == "webhook":
            body = str(data.get("body", "")).encode()
        else:
            content = data.get("answer")
            body = b"" if content is None else encoded(content, self.bindings)
            if item.type.startswith("POST /rawman "):  # no JSON, but text as it was
                body = self.bindings.now(str(content)).encode()
        asked.answer.set_result((item.status or 503, body))
        if self._show is not None:
            self._show(item)

    async def _rest(self) -> None:
        """What the app asks beyond the recording is a difference too."""
        await asyncio.sleep(_BREATH)
        if self._waiting:
            extra = ", ".join(asked.request.type for asked in self._waiting)
            raise Difference(f"after the last record came {extra}, which was not recorded")

    def _follow(self, item: Item) -> None:
        """Keep the listings true."""
        data = item.data if isinstance(item.data, dict) else {}
        for part, known in (("channel", self._channels), ("bridge", self._bridges)):
            if isinstance(one := data.get(part), dict):
                known[str(one.get("id", ""))] = one
        if item.type == "ChannelDestroyed":
            self._channels.pop(item.channel, None)
        if item.type == "BridgeDestroyed":
            self._bridges.pop(item.bridge, None)

    def _listing(self, path: str) -> Any:
        if path == "/asterisk/info":
            return {"system": {"version": "replayed", "entity_id": "replay"}}
        listings = {"/channels": self._channels, "/bridges": self._bridges}
        if path in LISTINGS:
            return list(listings.get(path, {}).values())
        return None


_WITH_WEB = ("event", "request", "answer", "webhook")


def _is_listing(item: Item) -> bool:
    passed = {f"GET {path}" for path in LISTINGS} | {f"POST {LOGIN}"}
    return item.kind in ("request", "answer") and item.type in passed


def _asks_document(item: Item) -> bool:
    data = item.data if isinstance(item.data, dict) else {}
    return item.kind == "webhook" and item.type == "request" and bool(data.get("document"))


def _number(item: Item) -> Any:
    data = item.data if isinstance(item.data, dict) else {}
    if item.kind == "webhook":
        return ("web", item.call)
    return data.get("number")


def _as_request(item: Item) -> Item:
    """A webhook in the form of a request, by its path alone: parameters differ in each run."""
    from ari_app.debug.replay.web import path_of  # noqa: PLC0415

    return Item(at=item.at, seq=item.seq, kind="request", type=f"WEB {path_of(item)}")
