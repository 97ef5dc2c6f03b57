"""Watching an Asterisk beside its application: nothing stolen, nothing lost, gaps told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
from aiohttp import web

from ari_app.ari.errors import Unauthorized, Unavailable
from ari_app.debug.attach import Attach
from ari_app.debug.backlog import Backlog, Wire, opened
from ari_app.debug.record import Item


class SmallAsterisk:
    """Serves what attaching needs, to any number of applications; the test sends the events."""

    def __init__(self) -> None:
        self.apps: dict[str, web.WebSocketResponse] = {}
        self.channels: list[dict[str, Any]] = []
        self.queries: list[dict[str, str]] = []
        self.status = 0
        self.connected = asyncio.Event()
        self.url = ""

    async def request(self, request: web.Request) -> web.Response:
        answers: dict[str, Any] = {
            "asterisk/info": {"system": {"version": "18.26.4"}},
            "applications": [{"name": name} for name in ("bot", *self.apps)],
            "channels": self.channels,
        }
        if self.status:
            return web.json_response({"message": "no"}, status=self.status)
        answer = answers.get(request.match_info["path"])
        return web.json_response(answer, status=200 if answer is not None else 404)

    async def events(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.queries.append(dict(request.query))
        self.apps[request.query["app"]] = socket
        self.connected.set()
        async for _ in socket:
            pass
        self.apps.pop(request.query["app"], None)
        return socket

    async def send(self, *events: dict[str, Any]) -> None:
        for socket in self.apps.values():
            for event in events:
                await socket.send_bytes(msgspec.json.encode(event))

    async def drop(self) -> None:
        for socket in list(self.apps.values()):
            await socket.close()


@pytest.fixture
async def asterisk() -> AsyncIterator[SmallAsterisk]:
    small = SmallAsterisk()
    application = web.Application()
    application.router.add_get("/ari/events", small.events)
    application.router.add_get("/ari/{path:.*}", small.request)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    small.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield small
    await runner.cleanup()


class Seen:
    """What a sink was given, to be waited for."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._changed = asyncio.Event()

    def __call__(self, entry: Wire | Item) -> None:
        if (item := opened(entry)) is not None:
            self.items.append(item)
        self._changed.set()

    async def until(self, condition: Callable[[list[Item]], bool]) -> None:
        while not condition(self.items):
            self._changed.clear()
            await self._changed.wait()

    def of(self, kind: str) -> list[Item]:
        return [item for item in self.items if item.type == kind]


@pytest.fixture
async def watched(asterisk: SmallAsterisk) -> AsyncIterator[Seen]:
    seen, attach = Seen(), Attach(asterisk.url, "u", "p")
    await attach.first()
    task = asyncio.create_task(attach.run(seen))
    await seen.until(bool)
    yield seen
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await attach.close()


def channel(kind: str, one: str) -> dict[str, Any]:
    return {"type": kind, "channel": {"id": one, "name": f"PJSIP/{one}"}, "application": "x"}


async def test_it_takes_a_name_of_its_own_and_everything_that_happens(
    asterisk: SmallAsterisk, watched: Seen
) -> None:
    (query,) = asterisk.queries
    assert query["app"].startswith("ari-debug-")
    assert query["subscribeAll"] == "true"
    assert watched.items[0].data["asterisk"] == "18.26.4"
    await asterisk.send(channel("ChannelCreated", "c1"), {"type": "FromTheFuture", "new": [1]})
    await watched.until(lambda items: len(items) == 3)
    assert [item.type for item in watched.items] == ["connected", "ChannelCreated", "FromTheFuture"]
    assert [item.seq for item in watched.items] == [1, 2, 3]


async def test_after_a_gap_it_says_what_it_missed(asterisk: SmallAsterisk, watched: Seen) -> None:
    await asterisk.send(channel("ChannelCreated", "c1"), channel("ChannelCreated", "c2"))
    await watched.until(lambda items: len(items) == 3)
    asterisk.channels = [{"id": "c2", "name": "PJSIP/c2"}, {"id": "c3", "name": "PJSIP/c3"}]
    await asterisk.drop()
    await watched.until(lambda items: bool(watched.of("missed")))
    (lost,), (missed,) = watched.of("lost"), watched.of("missed")
    assert "closed with" in lost.error
    assert (missed.data["ended"], missed.data["begun"]) == (["c1"], ["c3"])
    assert "1 channels ended, 1 began" in missed.error
    names = [query["app"] for query in asterisk.queries]
    assert len(set(names)) == 2, "a name may still be registered when we come back"


async def test_what_cannot_be_read_is_told_and_ends_nothing(
    asterisk: SmallAsterisk, watched: Seen
) -> None:
    for socket in asterisk.apps.values():
        await socket.send_str("{not json")
    await asterisk.send(channel("ChannelCreated", "c1"))
    await watched.until(lambda items: len(items) == 3)
    assert watched.items[1].type == "unreadable"
    assert watched.items[1].data["text"] == "{not json"


async def test_a_wrong_password_is_told_at_once(asterisk: SmallAsterisk) -> None:
    asterisk.status = 401
    attach = Attach(asterisk.url, "u", "p")
    with pytest.raises(Unauthorized):
        await attach.first()
    await attach.close()


async def test_nobody_there_is_told_at_once() -> None:
    attach = Attach("http://127.0.0.1:1", "u", "p")
    with pytest.raises(Unavailable):
        await attach.first()
    await attach.close()


async def test_a_flood_arrives_whole_and_in_order(asterisk: SmallAsterisk) -> None:
    backlog, attach = Backlog(), Attach(asterisk.url, "u", "p")
    task = asyncio.create_task(attach.run(backlog.put))
    numbers: list[int] = []

    def work() -> None:
        for batch in backlog.batches():
            numbers.extend(item.data["n"] for item in batch if item.kind == "event")
            if len(numbers) == 20_000:
                return

    await asterisk.connected.wait()
    printing = asyncio.create_task(asyncio.to_thread(work))
    await asterisk.send(*({**channel("ChannelVarset", "c1"), "n": n} for n in range(20_000)))
    await printing
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await attach.close()
    assert numbers == list(range(20_000))
    assert backlog.dropped == 0


def test_a_printer_that_is_too_slow_costs_lines_that_are_counted() -> None:
    backlog = Backlog(size=3_000)
    for number in range(100):
        text = msgspec.json.encode({"type": "Dial", "n": number})
        backlog.put(Wire(1.0, number, text, event=True))
    backlog.close()
    (items,) = backlog.batches()
    kept = [item for item in items if item.kind == "event"]
    (missed,) = [item for item in items if item.kind == "note"]
    assert [item.data["n"] for item in kept] == list(range(len(kept)))
    assert missed.data["entries"] == backlog.dropped == 100 - len(kept) > 0
