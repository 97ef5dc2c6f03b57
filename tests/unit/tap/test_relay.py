"""The taps of several nodes, read as one over a real Redis."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from ari_app.bus import RedisBus
from ari_app.debug import listening
from ari_app.debug.backlog import Wire, opened
from ari_app.debug.cli import app
from ari_app.debug.nodes import Nodes
from ari_app.debug.record import Item, read_item
from ari_app.debug.sources import SourceError
from ari_app.model import CallRecord, CallStatus, Direction
from ari_app.tap import Measuring, Tap, TapRelay
from ari_app.testing.servers import RedisServer, redis_server

CALL, CHILD = ("CA" + digit * 32 for digit in "12")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
_PATIENCE = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


class Node:
    """One node's tap, told over Redis."""

    def __init__(self, name: str, url: str, tap: Tap) -> None:
        self.tap = tap
        self.measured = asyncio.Event()
        self._url = url
        self._bus = RedisBus(url, patience=1, silence=0.5)
        self.relay = TapRelay(
            tap, name, self._bus, self._publisher, Measuring(self._measure), {"node": name}
        )

    async def start(self) -> None:
        await self._bus.start()
        self.relay.start()
        probe = self._bus.subscribe(listening.CHANNEL)
        await probe.ready()
        probe.close()

    async def close(self) -> None:
        await self.relay.close()
        await self._bus.close()

    async def _measure(self) -> None:
        self.measured.set()

    @asynccontextmanager
    async def _publisher(self) -> AsyncIterator[RedisBus]:
        bus = RedisBus(self._url, patience=1)
        try:
            yield bus
        finally:
            await bus.close()


@asynccontextmanager
async def node(server: RedisServer, name: str, tap: Tap | None = None) -> AsyncIterator[Node]:
    started = Node(name, server.url, tap or Tap())
    await started.start()
    try:
        yield started
    finally:
        await started.close()


class Reader:
    """What `ari-debug` was told."""

    def __init__(self) -> None:
        self.items: asyncio.Queue[Item] = asyncio.Queue()

    def sink(self, entry: Wire | Item) -> None:
        if (item := opened(entry)) is not None:
            self.items.put_nowait(item)

    async def until(self, word: str) -> list[Item]:
        """What came up to a problem of that word, or a note of that type."""
        told: list[Item] = []
        async with asyncio.timeout(_PATIENCE):
            while not told or word not in (told[-1].type, words(told[-1])):
                told.append(await self.items.get())
        return told


@asynccontextmanager
async def reading(server: RedisServer, *, statistics: bool = False) -> AsyncIterator[Reader]:
    reader, nodes = Reader(), Nodes(server.url, statistics=statistics)
    await nodes.first()
    task = asyncio.create_task(nodes.run(reader.sink))
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def words(item: Item) -> str:
    return str(item.data["message"]) if item.type == "problem" else ""


def say(tap: Tap, *texts: str) -> None:
    for text in texts:
        tap.problem("", 1, text, "")


async def gone(relay: TapRelay) -> None:
    async with asyncio.timeout(_PATIENCE):
        while relay.listeners:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.02)


async def test_two_taps_are_one_in_order_of_time(server: RedisServer) -> None:
    async with node(server, "n1") as one, node(server, "n2") as two:
        say(one.tap, "first")
        say(two.tap, "second")
        say(one.tap, "third")
        assert one.relay.listeners == 0  # nobody listens: nothing is told
        async with reading(server) as reader:
            told = await reader.until("third")
            assert [(item.node, words(item)) for item in told if words(item)] == [
                ("n1", "first"),
                ("n2", "second"),
                ("n1", "third"),
            ]
            assert {item.node for item in told if item.type == "attached"} == {"n1", "n2"}
            say(two.tap, "live")
            assert [item.node for item in await reader.until("live")] == ["n2"]
            assert not one.measured.is_set()
        await gone(one.relay)
        await gone(two.relay)


async def test_a_call_over_two_nodes_is_one_story(server: RedisServer) -> None:
    """Found by an id of one node, told with what the other one did."""
    record = CallRecord(
        sid=CALL, account_sid="AC" + "2" * 32, direction=Direction.INBOUND, from_="+15557000",
        to="+15550100", status=CallStatus.RINGING, sip_call_id="abc@host",
        channel_id="n1-1.0", date_created=NOW, date_updated=NOW, node="n1",
    )  # fmt: skip
    child = msgspec.structs.replace(
        record, sid=CHILD, parent_call_sid=CALL, channel_id="n2-1.0", node="n2",
        direction=Direction.OUTBOUND_DIAL, sip_call_id="def@host",
    )  # fmt: skip
    async with node(server, "n1") as one, node(server, "n2") as two:
        one.tap.call(record, "begun")
        two.tap.call(child, "begun")
        two.tap.problem(CHILD, 13224, "?token=s3cr3t", "")
        arguments = ["ladder", "def@host", "--redis", server.url]
        done = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    assert done.exit_code == 0, done.output
    assert f"call {CALL} begins" in done.stdout
    assert f"call {CHILD} begins" in done.stdout
    assert "13224" in done.stdout
    assert "s3cr3t" not in done.stdout


async def test_statistics_are_asked_for_while_a_screen_listens(server: RedisServer) -> None:
    async with node(server, "n1") as one, reading(server, statistics=True):
        async with asyncio.timeout(_PATIENCE):
            await one.measured.wait()


async def test_what_was_forgotten_while_redis_was_slow_is_counted(server: RedisServer) -> None:
    async with node(server, "n1", Tap(items=100)) as one, reading(server) as reader:
        say(one.tap, "begin")
        told = await reader.until("begin")
        server.pause()
        try:
            say(one.tap, *(str(number) for number in range(1000)))
        finally:
            server.resume()
        say(one.tap, "end")
        told += await reader.until("end")
    missed = sum(item.data["entries"] for item in told if item.type == "missed")
    seen = [item.seq for item in told if item.seq]
    assert seen == sorted(set(seen))
    assert len(seen) + missed == one.tap.ring.total == 1002


async def test_a_redis_that_comes_back_repeats_nothing(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        async with node(server, "n1") as one, reading(server) as reader:
            say(one.tap, "one")
            told = await reader.until("one")
            server.stop()
            say(one.tap, "two")
            await reader.until("lost")
            server.start()
            say(one.tap, "three")
            told += await reader.until("three")
    missed = sum(item.data["entries"] for item in told if item.type == "missed")
    assert missed + len([item for item in told if words(item)]) == 3
    assert [words(item) for item in told if words(item)][-1] == "three"


async def test_standard_output_is_records_alone_whatever_redis_does(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        async with node(server, "n1") as one:
            say(one.tap, "one")
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "ari_app.debug.cli", "tail", "--json", "--redis", server.url,
                "--until", "type:lost", stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            try:
                async with asyncio.timeout(_PATIENCE):
                    assert process.stdout is not None
                    lines = [await process.stdout.readline() for _ in range(2)]
                    server.stop()
                    lines += (await process.stdout.read()).splitlines()
                    assert await process.wait() == 0
            finally:
                if process.returncode is None:
                    process.kill()
    assert [read_item(line).type for line in lines] == ["attached", "problem", "lost"]


async def test_an_app_that_was_started_anew_is_told_from_its_beginning(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.debug.nodes.GONE", 1.5)
    async with node(server, "n1") as old:
        say(old.tap, "one", "two", "three")
        async with reading(server) as reader:
            await reader.until("three")
            await old.close()
            await reader.until("lost")
            async with node(server, "n1") as anew:
                say(anew.tap, "other")
                told = await reader.until("other")
    assert [words(item) for item in told if words(item)] == ["other"]
    assert "missed" not in [item.type for item in told]


async def test_a_node_sends_no_more_than_a_window_ahead(server: RedisServer) -> None:
    """A listener that reads and does not say so is not flooded, nor is Redis."""
    bus = RedisBus(server.url, queue_limit=10_000)
    await bus.start()
    told = bus.subscribe(listening.channel_of("me"))
    async with node(server, "n1") as one, asyncio.timeout(_PATIENCE):
        say(one.tap, *("x" * 1000 for _ in range(5000)))
        await told.ready()
        messages = aiter(told)

        async def up_to(sent: int, got: int) -> int:
            said = listening.Hello("me", got={"n1": got})
            await bus.publish(listening.CHANNEL, msgspec.json.encode(said))
            while True:
                head = listening.decode_head.decode((await anext(messages)).partition(b"\n")[0])
                assert head.sent < got + listening.WINDOW + 200_000
                if head.sent >= sent:
                    return head.sent

        got = await up_to(listening.WINDOW, 0)
        await up_to(got + listening.WINDOW, got)
        assert one.relay.listeners == 1
        told.close()
    await bus.close()


async def test_nobody_there_is_told_with_what_to_do(server: RedisServer) -> None:
    with pytest.raises(SourceError, match="ARISWITCH_TAP"):
        await Nodes(server.url).first()
    with pytest.raises(SourceError) as refused:
        await Nodes("redis://:s3cr3t@127.0.0.1:1/0").first()
    assert "127.0.0.1:1" in str(refused.value)
    assert "s3cr3t" not in str(refused.value)
    with pytest.raises(SourceError):
        Nodes("http://x")


async def test_nonsense_is_passed_over_and_listeners_are_bounded(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.tap.relay.MOST_LISTENERS", 0)
    async with node(server, "n1") as one:
        bus = RedisBus(server.url)
        assert await bus.publish(listening.CHANNEL, b"nonsense") == 1
        monkeypatch.setattr("ari_app.tap.relay.MOST_LISTENERS", 1)
        async with reading(server) as reader:
            await reader.until("attached")
            said = listening.Hello("other")
            await bus.publish(listening.CHANNEL, msgspec.json.encode(said))
            say(one.tap, "on")
            await reader.until("on")
            assert one.relay.listeners == 1
        await bus.close()
