"""Who is given up, and when; and a whole takeover on a real PostgreSQL and a real Redis."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ari_app.bus import RedisBus
from ari_app.call.lost import end_of
from ari_app.cluster import Announcement, Presence
from ari_app.cluster.takeover import Takeover
from ari_app.http.callbacks import CallbackSender, DeliveryRules
from ari_app.http.guard import guarded_session
from ari_app.http.webhooks import Webhooks
from ari_app.model import CallRecord, CallStatus, Direction, StatusCallback
from ari_app.sids import new_sid
from ari_app.store import Store
from ari_app.store.nodes import Taken
from ari_app.testing.api_server import new_account
from ari_app.testing.http_server import FakeApp
from ari_app.testing.servers import PostgresServer, postgres_server, redis_server
from stream.addresses import UrlPolicy

GRACE = 10.0
DEADLINE = 30.0


class World:
    """Node ``n1`` with a clock that a test turns, its SQL and its bus as a test wants them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.blind = False
        self.there: set[str] = set()
        self.silent_nodes: list[str] = []
        self.known = True
        self.running: list[str] = []
        self.settled_calls: list[str] = []
        self.taken: list[str] = []
        self.given_up: list[str] = []
        self.takeover = Takeover(
            "n1",
            GRACE,
            self,
            self,
            take=self.take,
            running=lambda: self.running,
            give_up=self.give_up,
            clock=lambda: self.now,
        )

    async def beat(self, _node: str) -> bool:
        known, self.known = self.known, True
        return not known

    async def silent(self, _seconds: float) -> Sequence[str]:
        return self.silent_nodes

    async def settled(self, _node: str, sids: Sequence[str]) -> Sequence[str]:
        return [sid for sid in sids if sid in self.settled_calls]

    def find(self, node: str) -> object | None:
        return node if node in self.there else None

    async def take(self, node: str) -> Taken | None:
        self.taken.append(node)
        return Taken(1, 0, 0)

    async def give_up(self, sids: Sequence[str]) -> None:
        self.given_up += sids

    async def look(self, *, after: float = 0.0) -> list[str]:
        """Look once more; who was taken over since the last look."""
        self.now += after
        self.taken.clear()
        await self.takeover.look()
        return list(self.taken)


async def test_a_silent_node_is_given_up_by_one_that_has_seen_all_the_while() -> None:
    world = World()
    world.silent_nodes = ["n1", "n2"]
    assert await world.look() == [], "it has just begun to look"
    assert await world.look(after=GRACE - 1) == []
    assert await world.look(after=1) == ["n2"]


async def test_a_node_that_the_bus_hears_is_not_given_up() -> None:
    world = World()
    world.silent_nodes, world.there = ["n2"], {"n2"}
    await world.look()
    assert await world.look(after=GRACE) == []


async def test_who_was_blind_waits_as_if_he_had_just_begun() -> None:
    world = World()
    await world.look()
    world.silent_nodes, world.blind = ["n2"], True
    assert await world.look(after=GRACE) == []
    world.blind = False
    assert await world.look() == []
    assert await world.look(after=GRACE - 1) == []
    assert await world.look(after=1) == ["n2"]


async def test_who_comes_back_ends_what_others_have_ended() -> None:
    world = World()
    world.running, world.settled_calls = ["CA1", "CA2"], ["CA2", "CA3"]
    await world.look()
    assert world.given_up == []
    world.known = False
    await world.look()
    assert world.given_up == ["CA2"]


class Node:
    """What of a node tells, watches and sends callbacks."""

    def __init__(self, name: str, store: Store, presence: Presence) -> None:
        self.name, self.store = name, store
        self.given_up: list[str] = []
        self.running: list[str] = []
        self.takeover = Takeover(
            name,
            0.4,
            store.nodes,
            presence,
            take=self._take,
            running=lambda: self.running,
            give_up=self._give_up,
        )

    @classmethod
    async def start(
        cls, stack: AsyncExitStack, name: str, database: str, redis_url: str, token: str
    ) -> Node:
        store = await Store.open(database, node=name)
        stack.push_async_callback(store.close)
        bus = RedisBus(redis_url)
        await bus.start()
        stack.push_async_callback(bus.close)

        async def describe() -> Announcement:
            return Announcement(
                node=name, sip="a:1", api="http://a", capacity=1, calls=0, draining=False,
                healthy=True, at=0,
            )  # fmt: skip

        presence = Presence(bus, describe)
        await presence.start()
        stack.push_async_callback(presence.close)
        session = await stack.enter_async_context(guarded_session(UrlPolicy(allow_private=True)))

        async def find_token(_account: str) -> str:
            return token

        rules = DeliveryRules(poll=0.1)
        sender = CallbackSender(store.outbox, Webhooks(session), find_token, rules=rules)
        await sender.start()
        stack.push_async_callback(sender.close)
        return cls(name, store, presence)

    def watch(self, stack: AsyncExitStack) -> None:
        task = asyncio.create_task(self.takeover.run())
        stack.callback(task.cancel)

    async def _take(self, node: str) -> Taken | None:
        return await self.store.nodes.take(node, self.name, 0.4, end_of)

    async def _give_up(self, sids: Sequence[str]) -> None:
        self.given_up += sids


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


async def test_callbacks_of_a_dead_node_arrive_once_and_it_does_not_fight(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    database, account = postgres.url("postgres"), new_account()
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(redis_server(tmp_path))
        bot = await stack.enter_async_context(FakeApp())
        told = StatusCallback(url=bot.callback("/status"), events=frozenset({"completed"}))
        dead = await Store.open(database, node="dead")
        stack.push_async_callback(dead.close)
        await dead.accounts.ensure(account)
        now, sids = datetime.now(UTC), [new_sid("CA") for _ in range(20)]
        for sid in sids:
            record = CallRecord(
                sid=sid, account_sid=account.sid, direction=Direction.INBOUND, from_="+15550001",
                to="+15550002", status=CallStatus.IN_PROGRESS, node="dead", status_callback=told,
                start_time=now, date_created=now, date_updated=now,
            )  # fmt: skip
            await dead.calls.insert(record)
        # One callback that it had still to send when it died.
        await dead.outbox.put(
            told.url, "POST", {"CallSid": sids[0], "CallStatus": "ringing"},
            account_sid=account.sid, call_sid=sids[0],
        )  # fmt: skip
        await dead.nodes.beat("dead")
        nodes = [
            await Node.start(stack, name, database, redis.url, account.auth_token)
            for name in ("n1", "n2", "n3")
        ]
        for node in nodes:
            node.watch(stack)
        await bot.wait_for("/status", 21, timeout=DEADLINE)
        async with asyncio.timeout(DEADLINE):
            while await dead.outbox.size():  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.05)
        heard = Counter(
            (one.params["CallSid"], one.params["CallStatus"]) for one in bot.received("/status")
        )
        assert heard == Counter([(sids[0], "ringing"), *((sid, "completed") for sid in sids)])
        first = [one for one in bot.received("/status") if one.params["CallSid"] == sids[0]]
        assert [one.params["CallStatus"] for one in first] == ["ringing", "completed"]

        # It was only away: it runs these calls, ends them, and says nothing more of them.
        back = await Node.start(stack, "dead", database, redis.url, account.auth_token)
        back.running = sids[:2]
        await back.takeover.look()
        assert sorted(back.given_up) == sorted(sids[:2])
        more = {"CallbackSource": "call-progress-events", "CallStatus": "completed"}
        kept = await back.store.outbox.put(
            told.url, "POST", more, account_sid=account.sid, call_sid=sids[0]
        )
        assert kept == 0
