"""Lost, silent, refused and stolen connections (B-22 to B-25)."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from ari_app.ari import (
    AriClient,
    ChannelGone,
    Event,
    Forbidden,
    Snapshot,
    Unauthorized,
    Watch,
)
from ari_app.ari.events import ChannelDestroyed, ChannelDtmfReceived, StasisStart
from ari_app.testing.asterisk import FakeAsterisk


class Snapshots:
    """Collects what on_reconnect hands out."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Snapshot] = asyncio.Queue()

    async def __call__(self, snapshot: Snapshot) -> None:
        self._queue.put_nowait(snapshot)

    async def next(self) -> Snapshot:
        return await self._queue.get()


async def settle(client: AriClient, asterisk: FakeAsterisk, call: str) -> None:
    """A key pressed now is heard: the connection works."""
    heard = asyncio.Event()

    def on_key(event: Event) -> None:
        if isinstance(event, ChannelDtmfReceived):
            heard.set()

    route = client.route(call, on_key)
    while not heard.is_set():  # a key pressed while nobody listens is lost
        await asterisk.dtmf(call, "#")
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await heard.wait()
    route.close()


async def stream_length(asterisk: FakeAsterisk) -> int:
    """Bytes of an events connection to the client: upgrade and two events."""
    reader, writer = await asyncio.open_connection("127.0.0.1", asterisk.front.port)
    request = (
        "GET /ari/events?app=ariswitch HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Authorization: Basic YXJpc3dpdGNoOmZha2U=\r\n\r\n"
    )
    writer.write(request.encode())
    length = len(await reader.readuntil(b"\r\n\r\n"))
    await asterisk.wait_connected()
    call = await asterisk.incoming_call("1", channel_id="c")
    await asterisk.dtmf(call, "1")
    for _ in range(2):  # server frames are unmasked, of 126 to 65,535 bytes
        head = await reader.readexactly(4)
        body = await reader.readexactly(int.from_bytes(head[2:]))
        length += len(head) + len(body)
    await asterisk.front.cut_all()
    writer.close()
    asterisk.world.clear()
    return length


async def test_b_24_close_at_every_byte_position(asterisk: FakeAsterisk) -> None:
    """B-24: wherever the stream ends, in the handshake or in a frame, the client comes back."""
    length = await stream_length(asterisk)
    assert length > 700
    asterisk.cut_events_after(*range(1, length + 1))
    client = asterisk.client(backoff=(0.0001, 0.0005))

    async def chatter() -> None:
        for connection in itertools.count(asterisk.connections + 1):
            await asterisk.wait_connected(connection)
            asterisk.world.clear()
            await asterisk.incoming_call("1", channel_id="c")
            await asterisk.dtmf("c", "1")

    talking = asyncio.create_task(chatter())
    with capture_logs() as logs:
        await client.start()
        await asterisk.front.all_cut()
    talking.cancel()
    await asyncio.gather(talking, return_exceptions=True)

    call = await asterisk.incoming_call("1")
    await client.wait_for("connected")
    await settle(client, asterisk, call)
    faults = [e for e in logs if e["event"] in ("ari_connection_failed", "ari_route_failed")]
    assert faults == []
    await client.close()


async def test_b_24_reconnect_tells_what_vanished_and_what_is_there(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    snapshots = Snapshots()
    staying, ending = await asterisk.incoming_call("1"), await asterisk.incoming_call("2")
    order: list[str] = []
    client.route(staying, lambda event: order.append(f"staying {event.type}"))
    client.route(ending, lambda event: order.append(f"ending {event.type}"))
    await settle(client, asterisk, staying)
    await settle(client, asterisk, ending)
    order.clear()

    async def on_reconnect(snapshot: Snapshot) -> None:
        order.append("reconnect")
        await snapshots(snapshot)

    client.on_reconnect(on_reconnect)
    del asterisk.world.channels[ending]
    asterisk.front.cut_events()

    snapshot = await snapshots.next()
    assert [channel.id for channel in snapshot.channels] == [staying]
    assert order == ["ending ChannelGone", "reconnect"]
    await settle(client, asterisk, staying)


async def test_gone_is_told_once_and_not_to_who_knows(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    call = await asterisk.incoming_call("1")
    seen: list[str] = []
    snapshots = Snapshots()
    client.route(call, lambda event: seen.append(event.type))
    ended = asyncio.Event()
    client.on_event(ChannelDestroyed, lambda event: ended.set())
    await asterisk.hang_up(call)
    await ended.wait()
    client.on_reconnect(snapshots)
    asterisk.front.cut_events()
    await snapshots.next()
    assert seen[-1] == "ChannelDestroyed"
    assert "ChannelGone" not in seen


async def test_channel_in_the_making_is_not_gone(asterisk: FakeAsterisk, client: AriClient) -> None:
    """A request crosses the reconnect: its channel is not in the list yet, and yet alive."""
    seen: list[str] = []
    started = asyncio.Event()

    def on_event(event: Event) -> None:
        seen.append(event.type)
        if isinstance(event, StasisStart):
            started.set()

    rule = asterisk.stall("POST", "/channels/out")
    client.route("out", on_event)
    request = asyncio.create_task(
        client.channels.originate_with_id("out", endpoint="PJSIP/x", app="ariswitch")
    )
    await rule.hit.wait()
    snapshots = Snapshots()
    client.on_reconnect(snapshots)
    listed = len(asterisk.requested("GET", "/bridges"))
    asterisk.front.cut_events()
    await asterisk.wait_request("GET", "/bridges", listed + 1)
    await asterisk.wait_connected(2)
    rule.release.set() if rule.release else None
    await request
    await snapshots.next()
    await started.wait()
    assert "ChannelGone" not in seen


async def test_route_whose_channel_never_came_is_told(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    gone: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
    client.route("never", gone.set_result)
    asterisk.front.cut_events()
    event = await gone
    assert isinstance(event, ChannelGone)
    assert event.channel_id == "never"


async def test_asterisk_restarted_all_calls_are_gone(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    snapshots = Snapshots()
    client.on_reconnect(snapshots)
    calls = [await asterisk.incoming_call(str(n)) for n in range(5)]
    gone: list[str] = []
    for call in calls:
        client.route(
            call, lambda e: gone.append(e.channel_id) if isinstance(e, ChannelGone) else None
        )
    await asterisk.restart()
    assert (await snapshots.next()).channels == ()
    assert gone == calls


async def test_first_connect_gives_a_snapshot_to_adopt_from(asterisk: FakeAsterisk) -> None:
    client = asterisk.client()
    snapshots = Snapshots()
    client.on_reconnect(snapshots)
    call = await asterisk.incoming_call("1")
    await client.start()
    assert [channel.id for channel in (await snapshots.next()).channels] == [call]
    await client.close()


async def test_reconcile_is_repeated_until_asterisk_answers(asterisk: FakeAsterisk) -> None:
    asterisk.refuse("GET", "/bridges", 503, times=2)
    client = asterisk.client()
    snapshots = Snapshots()

    async def bad(snapshot: Snapshot) -> None:
        raise RuntimeError("mine")

    client.on_reconnect(bad)
    client.on_reconnect(snapshots)
    await client.start()
    await snapshots.next()
    assert len(asterisk.requested("GET", "/bridges")) == 3
    await client.close()


@pytest.mark.parametrize("status", [404, 500, 503])
async def test_asterisk_that_is_still_starting_is_tried_again(
    asterisk: FakeAsterisk, status: int
) -> None:
    asterisk.refuse("GET", "/events", status, times=3)
    client = asterisk.client()
    await client.start()
    await client.wait_for("connected")
    assert client.connects == 1
    await client.close()


async def test_start_returns_while_nothing_listens_and_connects_later() -> None:
    async with FakeAsterisk() as asterisk:
        client = AriClient("http://127.0.0.1:1", "u", "p", "app", backoff=(0.01, 0.01))
        await client.start()
        assert client.state == "down"
        await client.close()
        assert asterisk.connections == 0


@pytest.mark.parametrize(("status", "error"), [(401, Unauthorized), (403, Forbidden)])
async def test_refused_credentials_end_the_start(
    asterisk: FakeAsterisk, status: int, error: type[Exception]
) -> None:
    asterisk.refuse("GET", "/events", status)
    client = asterisk.client()
    with pytest.raises(error):
        await client.start()
    assert client.state == "down"


async def test_wrong_password(asterisk: FakeAsterisk) -> None:
    client = AriClient(asterisk.url, asterisk.username, "wrong", asterisk.app)
    with pytest.raises(Unauthorized):
        await client.start()


async def test_refused_later_is_no_end(asterisk: FakeAsterisk, client: AriClient) -> None:
    """A reload of ari.conf must not kill a node with calls on it."""
    asterisk.refuse("GET", "/events", 401, times=3)
    asterisk.front.cut_events()
    await asterisk.wait_connected(2)
    await client.wait_for("connected")


async def test_silent_connection_is_noticed(asterisk: FakeAsterisk) -> None:
    """B-22: the socket is open and nothing comes: lagging, then down, then a new connection."""
    client = asterisk.client(watch=Watch(interval=0.01, lagging=0.01, dead=0.05))
    states: list[str] = []
    client.on_state(states.append)
    await client.start()
    asterisk.front.silence()
    await client.wait_for("lagging")
    await client.wait_for("down")
    asterisk.front.speak()
    await client.wait_for("connected")
    await asterisk.wait_connected(2)
    assert states[:3] == ["connected", "lagging", "down"]
    await client.close()


async def test_b_23_slow_connection_recovers_without_reconnecting(asterisk: FakeAsterisk) -> None:
    client = asterisk.client(watch=Watch(interval=0.01, lagging=0.01, dead=60))
    await client.start()
    asterisk.front.silence()
    await client.wait_for("lagging")
    asterisk.front.speak()
    await client.wait_for("connected")
    assert client.connects == 1
    await client.close()


async def test_b_25_replaced_application_stops_loudly(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    """B-25: the first of two is deaf from then on; it says so and does not fight back."""
    second = asterisk.client()
    with capture_logs() as logs:
        await second.start()
        await client.replaced()
    assert client.state == "replaced"
    (entry,) = [e for e in logs if e["event"] == "ari_application_replaced"]
    assert entry["log_level"] == "critical"
    assert entry["app"] == "ariswitch"
    # Its calls can still be ended.
    call = await asterisk.incoming_call("1")
    await settle(second, asterisk, call)
    await client.channels.hangup(call)
    await client.close()
    assert client.state == "replaced"
    assert second.state == "connected"
    assert asterisk.connections == 2
    await second.close()


async def test_clean_close_by_asterisk_reconnects_too(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    await asterisk.drop_events()
    await asterisk.wait_connected(2)
    await settle(client, asterisk, await asterisk.incoming_call("1"))


async def test_close_ends_running_handlers_and_may_be_repeated(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    running, cancelled = asyncio.Event(), asyncio.Event()

    async def stuck(event: StasisStart) -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    client.on_event(StasisStart, stuck)
    await asterisk.incoming_call("1")
    await running.wait()
    await client.close()
    await client.close()
    assert cancelled.is_set()
    assert client.state == "down"
