"""Conferences and queues of another node, over a real Redis: the room there, the request here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

import pytest

from ari_app.api.ports import (
    ApiError,
    BackgroundService,
    CreateCall,
    CreateParticipant,
    RecordingService,
    UpdateConference,
    UpdateParticipant,
)
from ari_app.bus import RedisBus
from ari_app.cluster import Announcement, Orders, Presence
from ari_app.errors import UnknownRecordError
from ari_app.model import ConferenceFilter, Endpoint, PageRequest
from ari_app.store import Store
from ari_app.testing.call_services import ACCOUNT, NUMBER, VOICE, CallRoom
from ari_app.testing.servers import RedisServer, redis_server
from ari_app.wiring.across.conferences import ConferencesAcross
from ari_app.wiring.across.elsewhere import Elsewhere
from ari_app.wiring.across.owner import Owner
from ari_app.wiring.across.owners import Owners
from ari_app.wiring.across.queues import QueuesAcross
from ari_app.wiring.calls import ApiCalls
from ari_app.wiring.conferences import ApiConferences
from ari_app.wiring.queues import ApiQueues

DEADLINE = 30
TUNE = Endpoint(url="http://app.test/tune")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


class Node:
    """A node's calls on a fake Asterisk, and the services that reach all nodes."""

    def __init__(self, name: str, room: CallRoom, bus: RedisBus, store: Store) -> None:
        self.name, self.room = name, room
        calls = ApiCalls(room.manager, store)
        rooms = ApiConferences(room.services, room.services.conferences, store, calls)
        queues = ApiQueues(room.services.queues, store)
        self.presence = Presence(bus, self._describe)
        self.orders = Orders(bus, name)
        self._owner = Owner(
            store.accounts.find,
            calls=calls,
            beside=cast(BackgroundService, None),
            recorded=cast(RecordingService, None),
            rooms=rooms,
            queues=queues,
        )
        owners, there = Owners(name, store), Elsewhere(name, self.orders, self.presence)
        self.rooms = ConferencesAcross(rooms, owners, there)
        self.queues = QueuesAcross(queues, store, there)

    @classmethod
    async def start(cls, stack: AsyncExitStack, name: str, redis_url: str, store: Store) -> Node:
        bus = RedisBus(redis_url)
        await bus.start()
        stack.push_async_callback(bus.close)
        room = await stack.enter_async_context(CallRoom(node=name, store=store))
        await room.connect()
        room.asterisk.auto_finish = False  # music plays until it is stopped
        node = cls(name, room, bus, store)
        await node.orders.start(node._owner.carry_out)
        stack.push_async_callback(node.orders.close)
        await node.orders.ready()
        await node.presence.start()
        stack.push_async_callback(node.presence.close)
        return node

    async def _describe(self) -> Announcement:
        return Announcement(
            node=self.name, sip="a:1", api="http://a", capacity=1, calls=0, draining=False,
            healthy=True, at=0,
        )  # fmt: skip

    async def call(self, document: str) -> str:
        """One more caller, whose number says ``document``; his channel."""
        asked = self.room.customer.asked
        before = [url for url, _ in asked].count(VOICE.url)
        channel = await self.room.call(document)
        await self.room.news.until(lambda: [url for url, _ in asked].count(VOICE.url) > before)
        return channel


class Two:
    """``owner`` has the callers, ``asked`` the requests."""

    def __init__(self, asked: Node, owner: Node, store: Store) -> None:
        self.asked, self.owner, self.store = asked, owner, store

    async def call_sid(self, channel: str) -> str:
        """The call of a channel."""
        for record, _ in await self.store.calls.unfinished("n2"):
            if record.channel_id == channel:
                return record.sid
        raise AssertionError(channel)


@pytest.fixture
async def two(tmp_path: Path, server: RedisServer) -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        store = await Store.open(f"sqlite:///{tmp_path}/db")
        stack.push_async_callback(store.close)
        await store.accounts.ensure(ACCOUNT)
        await store.numbers.create(NUMBER)
        asked = await Node.start(stack, "n1", server.url, store)
        owner = await Node.start(stack, "n2", server.url, store)
        async with asyncio.timeout(DEADLINE):
            while asked.presence.find("n2") is None:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.02)
        yield Two(asked, owner, store)


async def conference(two: Two) -> tuple[str, list[str]]:
    """A conference of two of the owner's callers: its SID, and their channels."""
    document = '<Dial><Conference beep="false">room</Conference></Dial>'
    channels = [await two.owner.call(document) for _ in range(2)]

    def joined() -> bool:
        held = [one["channels"] for one in two.owner.room.asterisk.world.bridges.values()]
        return any(set(channels) <= set(one) for one in held)

    await two.owner.room.asterisk.wait_until(joined)
    filters, page = ConferenceFilter(status="in-progress"), PageRequest(size=5)
    async with asyncio.timeout(20):
        # It is in SQL a moment after both are in the bridge.
        while not (found := (await two.asked.rooms.list(ACCOUNT, filters, page)).items):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    (record,) = found
    assert record.node == "n2"
    return record.sid, channels


async def test_a_participant_is_muted_held_told_and_put_out_through_the_other_node(
    two: Two,
) -> None:
    sid, (first, second) = await conference(two)
    two.owner.room.customer.documents[TUNE.url] = "<Play>http://app.test/a.wav</Play>"
    rooms, asterisk = two.asked.rooms, two.owner.room.asterisk
    one, other = await two.call_sid(first), await two.call_sid(second)
    there = await rooms.participants(ACCOUNT, sid)
    assert [each.call_sid for each in there] == [one, other]
    assert await rooms.participants(ACCOUNT, "room") == there, "by its name, too"

    assert (await rooms.change(ACCOUNT, sid, one, UpdateParticipant(muted=True))).muted
    await asterisk.wait_request("POST", f"/channels/{first}/mute")
    held = await rooms.change(ACCOUNT, sid, one, UpdateParticipant(hold=True, hold_music=TUNE))
    assert held.hold
    assert (await rooms.participant(ACCOUNT, sid, one)).hold
    await rooms.change(ACCOUNT, sid, other, UpdateParticipant(announce=TUNE))
    assert (await rooms.update(ACCOUNT, sid, UpdateConference(announce=TUNE))).sid == sid
    asked = two.owner.room.customer.asked
    await two.owner.room.news.until(lambda: [url for url, _ in asked].count(TUNE.url) == 3)

    with pytest.raises(UnknownRecordError):
        await rooms.change(ACCOUNT, sid, "nobody", UpdateParticipant(muted=True))
    await rooms.kick(ACCOUNT, sid, one)
    with pytest.raises(UnknownRecordError):
        await rooms.participant(ACCOUNT, sid, one)
    assert [each.call_sid for each in await rooms.participants(ACCOUNT, sid)] == [other]
    assert not two.asked.room.asterisk.world.bridges, "nothing of it happened here"


async def test_somebody_is_called_in_from_the_node_that_has_the_conference(two: Two) -> None:
    sid, _ = await conference(two)
    wanted = CreateParticipant(
        call=CreateCall(to="+15550177", from_="+15550100"), attributes={"participantLabel": "x"}
    )
    joining = await two.asked.rooms.call_in(ACCOUNT, sid, wanted)
    assert (joining.label, joining.conference_sid) == ("x", sid)
    assert (await two.store.calls.get(joining.call_sid)).node == "n2"
    assert (await two.asked.rooms.participant(ACCOUNT, sid, "x")).call_sid == joining.call_sid
    await two.asked.rooms.kick(ACCOUNT, sid, "x")


async def test_a_conference_is_ended_through_the_other_node_and_stays_ended(two: Two) -> None:
    sid, _ = await conference(two)
    await two.asked.rooms.update(ACCOUNT, "room", UpdateConference(end=True))
    async with asyncio.timeout(DEADLINE):
        while (await two.asked.rooms.get(ACCOUNT, sid)).status != "completed":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert await two.asked.rooms.participants(ACCOUNT, sid) == []
    with pytest.raises(ApiError) as refused:
        await two.asked.rooms.update(ACCOUNT, sid, UpdateConference(announce=TUNE))
    assert (refused.value.status, refused.value.code) == (400, 16022)


async def test_who_waits_on_another_node_is_seen_and_taken_out(two: Two) -> None:
    queue = (await two.asked.queues.create(ACCOUNT, "q", 10)).queue
    queues, document = two.asked.queues, "<Enqueue>q</Enqueue>"
    channels = [await two.owner.call(document) for _ in range(2)]
    for channel in channels:
        await two.owner.room.asterisk.wait_request("POST", f"/channels/{channel}/play/.*")
    here = await two.asked.call(document)
    await two.asked.room.asterisk.wait_request("POST", f"/channels/{here}/play/.*")
    first, second = [await two.call_sid(channel) for channel in channels]

    members = await queues.members(ACCOUNT, queue.sid)
    assert [one.position for one in members] == [1, 2, 3]
    assert {one.call_sid for one in members} >= {first, second}
    assert (await queues.get(ACCOUNT, queue.sid)).size == 3
    with pytest.raises(ApiError) as refused:
        await queues.delete(ACCOUNT, queue.sid)
    assert refused.value.code == 22005

    two.owner.room.customer.documents["http://app.test/next"] = "<Pause length='60'/>"
    following = Endpoint(url="http://app.test/next")
    taken = await queues.dequeue(ACCOUNT, queue.sid, second, following)
    assert taken.call_sid == second
    asked = two.owner.room.customer.asked
    await two.owner.room.news.until(lambda: following.url in [url for url, _ in asked])
    assert second not in {one.call_sid for one in await queues.members(ACCOUNT, queue.sid)}
    with pytest.raises(UnknownRecordError):
        await queues.dequeue(ACCOUNT, queue.sid, second, following)
