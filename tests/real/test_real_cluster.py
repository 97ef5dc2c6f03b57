"""Two whole nodes on one PostgreSQL and Redis: the call on one, the request to the other."""

from __future__ import annotations

import asyncio
import os
import secrets
import select
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from ari_app.debug.ladder import pick
from ari_app.debug.nodes import held
from ari_app.model import CallRecord, CallStatus, Direction
from ari_app.sids import new_sid
from ari_app.store import Store
from ari_app.testing import audio
from ari_app.testing.api_server import basic_auth
from ari_app.testing.developer import DEADLINE, Developer, developer_on
from ari_app.testing.phone import call
from ari_app.testing.servers import RedisServer, postgres_server, redis_server
from ari_app.testing.stack import RealStack, real_stack
from ari_app.testing.twilio_client import twilio_client

NEW = audio.random_codes(0.3, seed=61)


@dataclass(frozen=True)
class Cluster:
    """Two nodes."""

    owner: RealStack
    other: RealStack
    redis: RedisServer
    database_url: str


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    shared: dict[str, Any] = {
        "account_sid": f"AC{secrets.token_hex(16)}",
        "auth_token": secrets.token_hex(16),
    }
    with postgres_server() as postgres, redis_server(folder) as redis:
        shared |= {"redis_url": redis.url, "database_url": postgres.url("postgres")}
        with (
            real_stack(Path(folder / "n1"), node="n1", **shared) as owner,
            real_stack(Path(folder / "n2"), node="n2", **shared) as other,
        ):
            yield Cluster(owner, other, redis, shared["database_url"])


@pytest.fixture
async def dev(cluster: Cluster) -> AsyncIterator[Developer]:
    """A developer whose calls come in at the owner."""
    async with developer_on(cluster.owner) as playing:
        yield playing


@pytest.fixture
def other(cluster: Cluster) -> Any:
    """Twilio's client, talking to the other node."""
    return twilio_client(cluster.other.api_url, cluster.other.sid, cluster.other.token)


async def kill_app(stack: RealStack) -> None:
    """Kill a node's app; it is gone, and with it its connections, when this returns."""
    handle = os.pidfd_open(stack.pid("app"))
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        gone, _, _ = await asyncio.to_thread(select.select, [handle], [], [], DEADLINE)
    finally:
        os.close(handle)
    assert gone


async def audio_of(stack: RealStack, sid: str) -> bytes:
    """Get a recording's WAV from a node, as customers do."""
    url = f"{stack.api_url}/2010-04-01/Accounts/{stack.sid}/Recordings/{sid}.wav"
    login = basic_auth(stack.sid, stack.token)
    async with (
        aiohttp.ClientSession(headers=login, raise_for_status=True) as session,
        session.get(url) as answer,
    ):
        return await answer.read()


async def forgotten_call(store: Store, account_sid: str, node: str) -> str:
    """Leave the record of a running call whose channel is nowhere; returns its SID."""
    now = datetime.now(UTC)
    record = CallRecord(
        sid=new_sid("CA"),
        account_sid=account_sid,
        direction=Direction.INBOUND,
        from_="+15550002",
        to="+15550001",
        status=CallStatus.IN_PROGRESS,
        node=node,
        channel_id="gone",
        date_created=now,
        date_updated=now,
        start_time=now,
    )
    return (await store.calls.insert(record)).sid


async def test_an_update_a_recording_and_a_hang_up_through_the_other_node(
    dev: Developer, other: Any, cluster: Cluster
) -> None:
    sound = dev.files.audio("/new.wav", audio.wav(NEW, "ulaw"))
    number = await dev.serving('<Play digits="w"/><Pause length="60"/>')
    async with call(dev.stack.sip, number) as phone:
        sid = await dev.call_sid()
        await dev.call_in(sid, "in-progress")
        assert (await dev.rest(other.calls(sid).fetch)).status == "in-progress"

        recording = await dev.rest(other.calls(sid).recordings.create)
        assert recording.call_sid == sid
        current = other.calls(sid).recordings("Twilio.CURRENT")
        assert (await dev.rest(current.fetch)).sid == recording.sid

        twiml = f"<Response><Play>{sound}</Play><Pause length='60'/></Response>"
        assert (await dev.rest(other.calls(sid).update, twiml=twiml)).status == "in-progress"
        await phone.probe.wait_for(NEW)

        assert (await dev.rest(current.update, status="stopped")).status == "stopped"
        ended = await dev.rest(other.calls(sid).update, status="completed")
        assert ended.status == "completed"
        refused = await dev.refusal(other.calls(sid).update, status="completed")
        assert refused == (404, 20404)
    assert (await dev.rest(dev.client.calls(sid).fetch)).status == "completed"
    done = dev.client.recordings(recording.sid)
    async with asyncio.timeout(DEADLINE):
        while True:
            if (await dev.rest(done.fetch)).status == "completed":
                break
            await asyncio.sleep(0.05)
    here, there = [await audio_of(stack, recording.sid) for stack in (cluster.other, cluster.owner)]
    assert here == there
    assert here.startswith(b"RIFF")
    # What both nodes did is told over Redis; the call is found among it.
    items = await asyncio.to_thread(held, cluster.redis.url)
    assert {item.node for item in items if item.type == "attached"} == {"n1", "n2"}
    mine = pick(items, sid)
    assert {item.node for item in mine} == {"n1"}
    assert {"call-begun", "Play", "PlaybackFinished"} <= {item.type for item in mine}
    assert cluster.owner.token not in str(items)


async def test_a_participant_of_a_conference_through_the_other_node(
    dev: Developer, other: Any
) -> None:
    number = await dev.serving('<Dial><Conference beep="false">across</Conference></Dial>')
    async with call(dev.stack.sip, number), call(dev.stack.sip, number):
        room = other.conferences("across")
        found: list[Any] = []
        async with asyncio.timeout(DEADLINE):
            while len(found) < 2:
                await asyncio.sleep(0.05)
                if opened := await dev.rest(other.conferences.list, friendly_name="across"):
                    found = await dev.rest(room.participants.list)
        first, second = (one.call_sid for one in found)
        assert (await dev.rest(room.participants(first).update, muted=True)).muted
        own = dev.client.conferences("across").participants
        assert (await dev.rest(own(first).fetch)).muted
        await dev.rest(room.participants(first).delete)
        await dev.over(first)
        assert [one.call_sid for one in await dev.rest(room.participants.list)] == [second]
        await dev.rest(other.conferences(opened[0].sid).update, status="completed")
        await dev.over(second)


async def test_redis_restarts_while_a_call_runs(
    dev: Developer, other: Any, cluster: Cluster
) -> None:
    number = await dev.serving('<Play digits="w"/><Pause length="60"/>')
    async with call(dev.stack.sip, number):
        sid = await dev.call_sid()
        await dev.call_in(sid, "in-progress")
        cluster.redis.stop()
        refused = await dev.refusal(other.calls(sid).update, status="completed")
        assert refused == (503, 20503), "nobody can know"
        assert (await dev.rest(dev.client.calls(sid).fetch)).status == "in-progress"
        cluster.redis.start()
        for stack in (cluster.owner, cluster.other):
            await asyncio.to_thread(stack.wait_healthy)
        assert (await dev.rest(other.calls(sid).update, status="completed")).status == "completed"


async def test_a_stopped_owner_is_503_and_the_call_goes_on(
    dev: Developer, other: Any, cluster: Cluster
) -> None:
    number = await dev.serving('<Play digits="w"/><Pause length="60"/>')
    async with call(dev.stack.sip, number):
        sid = await dev.call_sid()
        await dev.call_in(sid, "in-progress")
        await kill_app(cluster.owner)
        refused = await dev.refusal(other.calls(sid).update, status="completed")
        assert refused == (503, 20503)
        await asyncio.to_thread(cluster.owner.wait_healthy)
        await dev.logged("call.adopted", sid)
        assert (await dev.rest(other.calls(sid).update, status="completed")).status == "completed"


async def test_a_node_that_starts_again_ends_its_own_stale_calls_alone(
    dev: Developer, cluster: Cluster
) -> None:
    store = await Store.open(cluster.database_url)
    try:
        stale = {node: await forgotten_call(store, dev.stack.sid, node) for node in ("n1", "n2")}
    finally:
        await store.close()
    number = await dev.serving('<Play digits="w"/><Pause length="60"/>')
    async with call(dev.stack.sip, number):
        sid = await dev.call_sid()
        await dev.call_in(sid, "in-progress")
        await kill_app(cluster.other)
        await asyncio.to_thread(cluster.other.wait_healthy)
        await dev.over(stale["n2"])
        for theirs in (stale["n1"], sid):
            assert (await dev.call(theirs)).status == "in-progress"
        await dev.rest(dev.client.calls(sid).update, status="completed")


async def test_both_nodes_announce_themselves(cluster: Cluster) -> None:
    client = Redis.from_url(cluster.redis.url, decode_responses=True)
    try:
        keys: set[str] = set()
        async with asyncio.timeout(DEADLINE):
            while not {"ariswitch:node:n1", "ariswitch:node:n2"} <= keys:
                keys = {key async for key in client.scan_iter("ariswitch:node:*")}
    finally:
        await client.aclose()
