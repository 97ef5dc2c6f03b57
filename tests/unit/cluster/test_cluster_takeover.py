"""Who is given up, and when; and a whole takeover on a real PostgreSQL and a real Redis."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
import structlog.testing

from ari_app.bus import RedisBus
from ari_app.call.lost import end_of
from ari_app.cluster import Announcement, Presence
from ari_app.cluster.takeover import Takeover
from ari_app.errors import StoreUnavailable
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
#: The same where time is real.
SHORT = 1.0
DEADLINE = 30.0


@dataclass
class Heard:
    """A node that the bus hears."""

    node: str


class World:
    """Node ``n1`` with a clock that a test turns, its SQL and its bus as a test wants them."""

    def __init__(self, grace: float = GRACE) -> None:
        self.now = 1000.0
        self.blind = False
        self.there: set[str] = set()
        self.silent_nodes: list[str] = []
        self.known = True
        self.running: list[str] = []
        self.settled_calls: list[str] = []
        self.taken: list[str] = []
        self.given_up: list[str] = []
        self.beats = 0
        self.sql_hangs = False
        self.sql_away: set[str] = set()
        self.bad: set[str] = set()
        self.takeover = Takeover(
            "n1",
            grace,
            self,
            self,
            take=self.take,
            running=lambda: self.running,
            give_up=self.give_up,
            clock=lambda: self.now,
            patience=0.05,
        )

    async def beat(self, _node: str) -> bool:
        self.beats += 1
        self._answer("beat")
        if self.sql_hangs:
            await asyncio.Event().wait()
        known, self.known = self.known, True
        return not known

    async def silent(self, _seconds: float) -> Sequence[str]:
        self._answer("silent")
        return self.silent_nodes

    async def settled(self, _node: str, sids: Sequence[str]) -> Sequence[str]:
        self._answer("settled")
        return [sid for sid in sids if sid in self.settled_calls]

    def _answer(self, question: str) -> None:
        if question in self.sql_away:
            raise StoreUnavailable(question)

    @property
    def nodes(self) -> Sequence[Heard]:
        return [Heard(name) for name in sorted(self.there)]

    async def take(self, node: str) -> Taken | None:
        self._answer(f"take {node}")
        if node in self.bad:
            raise ValueError(node)
        self.taken.append(node)
        return Taken(1, 0, 0)

    async def give_up(self, sids: Sequence[str]) -> None:
        self.given_up += sids

    async def look(self, *, after: float = 0.0) -> list[str]:
        """Look each second for so long, at least once; who was taken over meanwhile."""
        self.taken.clear()
        for _ in range(int(after) - 1):
            self.now += 1
            await self.takeover.look()
        self.now += min(after, 1)
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
    assert await world.look(after=2 * GRACE) == []


async def test_the_bus_too_must_be_silent_for_the_whole_grace() -> None:
    world = World()
    world.there = {"n2"}
    await world.look(after=2 * GRACE)
    world.there.clear()
    world.silent_nodes = ["n2"]
    assert await world.look(after=GRACE - 1) == []
    assert await world.look(after=1) == ["n2"]


async def test_without_a_grace_a_node_tells_of_itself_and_takes_nobody() -> None:
    world = World(grace=0)
    world.silent_nodes = ["n2"]
    assert await world.look(after=10) == []
    assert world.beats == 10


async def test_who_was_blind_waits_as_if_he_had_just_begun() -> None:
    world = World()
    await world.look()
    world.silent_nodes, world.blind = ["n2"], True
    assert await world.look(after=GRACE) == []
    world.blind = False
    assert await world.look() == []
    assert await world.look(after=GRACE - 1) == []
    assert await world.look(after=1) == ["n2"]


async def test_who_stood_still_waits_as_if_he_had_just_begun() -> None:
    world = World()
    await world.look(after=GRACE)
    world.silent_nodes = ["n2"]
    world.now += GRACE
    assert await world.look() == []
    assert await world.look(after=GRACE - 1) == []
    assert await world.look(after=1) == ["n2"]


async def test_a_question_that_sql_leaves_open_is_given_up() -> None:
    world = World()
    world.sql_hangs = True
    with pytest.raises(TimeoutError):
        await world.look()


async def test_what_one_node_has_left_does_not_keep_others_from_being_taken_over() -> None:
    world = World()
    world.silent_nodes, world.bad = ["n2", "n3"], {"n2"}
    with structlog.testing.capture_logs() as logs:
        await world.look(after=GRACE)
        assert await world.look(after=2) == ["n3", "n3"]
    assert [one["node"] for one in logs if one["event"] == "takeover.failed"] == ["n2"]
    world.bad.clear()
    assert await world.look(after=1) == ["n2", "n3"]


async def test_sql_that_goes_away_midway_is_told_as_that() -> None:
    world = World()
    world.silent_nodes, world.sql_away = ["n2"], {"take n2"}
    await world.look(after=GRACE)
    with pytest.raises(StoreUnavailable):
        await world.look(after=1)


async def test_trouble_is_logged_once_from_the_first_look_on() -> None:
    world = World(grace=0.001)
    world.sql_away = {"beat"}
    with structlog.testing.capture_logs() as logs:
        task = asyncio.create_task(world.takeover.run())
        async with asyncio.timeout(DEADLINE):
            while world.beats < 3:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.001)
        task.cancel()
    assert [(one["event"], one["error"]) for one in logs] == [("takeover.blind", "beat")]


async def test_who_comes_back_ends_what_others_have_ended() -> None:
    world = World()
    world.running = ["CA1", "CA2"]
    await world.look()
    assert world.given_up == []
    world.known, world.settled_calls = False, ["CA2", "CA3"]
    await world.look()
    assert world.given_up == ["CA2"]
    world.given_up.clear()
    await world.look()
    assert world.given_up == [], "once"


@pytest.mark.parametrize("failing", ["settled", "beat"])
async def test_who_comes_back_learns_it_even_when_sql_goes_away_meanwhile(failing: str) -> None:
    world = World()
    world.running = ["CA1"]
    await world.look()
    world.known, world.settled_calls, world.sql_away = False, ["CA1"], {failing}
    with pytest.raises(StoreUnavailable):
        await world.look()
    world.sql_away.clear()
    world.known = True  # what the beat has written is there, whether or not its answer came
    await world.look()
    assert world.given_up == ["CA1"]


async def test_a_start_does_not_trust_that_the_node_was_there_all_the_while() -> None:
    world = World()
    world.running = world.settled_calls = ["CA1"]
    await world.look()
    assert world.given_up == ["CA1"]


class Node:
    """What of a node tells, watches and sends callbacks."""

    def __init__(self, name: str, store: Store, presence: Presence) -> None:
        self.name, self.store = name, store
        self.given_up: list[str] = []
        self.running: list[str] = []
        self.takeover = Takeover(
            name,
            SHORT,
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
        return await self.store.nodes.take(node, self.name, SHORT, end_of)

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
