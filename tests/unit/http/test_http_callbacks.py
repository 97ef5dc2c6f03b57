"""Status callbacks arrive: in order, across restarts, without hanging anything."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ari_app.errors import StoreUnavailable
from ari_app.http.callbacks import CallbackSender, CallbackWarning, DeliveryRules
from ari_app.http.webhooks import Webhooks
from ari_app.model import Delivery
from ari_app.store import Store
from ari_app.testing.outbox import MemoryOutbox
from ari_app.testing.web import Seen, raw_site, site

TOKEN = "the-auth-token"
QUICK = DeliveryRules(first_pause=0.01, longest_pause=0.02, poll=30, tries=3)
AC, CA = "AC" + "a" * 32, "CA" + "b" * 32


class Desk:
    """A sender with its outbox and what it warned of."""

    def __init__(self, webhooks: Webhooks, outbox: MemoryOutbox, rules: DeliveryRules) -> None:
        self.outbox = outbox
        self.warnings: list[CallbackWarning] = []
        self._warned = asyncio.Condition()
        self.tokens: dict[str, str] = {AC: TOKEN}
        self.sender = CallbackSender(
            outbox, webhooks, self.token, on_warning=self.warn, rules=rules
        )

    async def token(self, account_sid: str) -> str | None:
        return self.tokens.get(account_sid)

    async def warn(self, warning: CallbackWarning) -> None:
        async with self._warned:
            self.warnings.append(warning)
            self._warned.notify_all()

    async def warned(self) -> CallbackWarning:
        async with self._warned:
            await self._warned.wait_for(lambda: self.warnings)
        return self.warnings[0]

    async def enqueue(self, url: str, call: str = CA, **params: str) -> None:
        await self.sender.enqueue(
            url=url, method="POST", params=params, account_sid=AC, call_sid=call
        )


@pytest.fixture
def desk(client: Any) -> Callable[..., Any]:
    @asynccontextmanager
    async def opened(
        outbox: MemoryOutbox | None = None, rules: DeliveryRules = QUICK, *, start: bool = True
    ) -> AsyncIterator[Desk]:
        made = Desk(client.webhooks, outbox or MemoryOutbox(), rules)
        if start:
            await made.sender.start()
        try:
            yield made
        finally:
            await made.sender.close(0)

    return opened


class Inbox:
    """A customer's callback endpoint that can wait for a number of requests."""

    def __init__(self, *statuses: int) -> None:
        self.bodies: list[dict[str, str]] = []
        self.tokens: list[str] = []
        self.signed: list[bool] = []
        self._statuses = list(statuses)
        self._news = asyncio.Condition()

    async def __call__(self, seen: Seen) -> web.Response:
        async with self._news:
            self.bodies.append(dict(seen.form))
            self.tokens.append(seen.headers["I-Twilio-Idempotency-Token"])
            self.signed.append(seen.signed_with(TOKEN))
            self._news.notify_all()
        return web.Response(status=self._statuses.pop(0) if self._statuses else 204)

    async def holds(self, count: int) -> None:
        async with self._news:
            await self._news.wait_for(lambda: len(self.bodies) >= count)


async def hangs_up(reader: StreamReader, writer: StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def emptied(outbox: MemoryOutbox) -> None:
    while outbox.waiting:  # noqa: ASYNC110 - a dict has no event
        await asyncio.sleep(0.005)


async def test_callback_leaves_at_once_signed_and_is_forgotten(desk: Any) -> None:
    inbox = Inbox()
    async with site(inbox) as server, desk() as at:
        await at.enqueue(server.base, CallStatus="completed", SequenceNumber="3")
        await inbox.holds(1)
        await emptied(at.outbox)
    assert inbox.bodies == [{"CallStatus": "completed", "SequenceNumber": "3"}]
    assert inbox.signed == [True]
    assert not at.warnings


async def test_fact_22_events_of_a_call_arrive_in_order(desk: Any) -> None:
    """Even when an early one has to be tried again."""
    broken = 2

    async def script(reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal broken
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        body = (await reader.readexactly(length)).decode()
        if broken:
            broken -= 1
            return
        arrived.append(body)
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    arrived: list[str] = []
    async with raw_site(script) as server, desk() as at:
        for number in range(10):
            await at.enqueue(server.base, SequenceNumber=str(number))
        await emptied(at.outbox)
    assert arrived == [f"SequenceNumber={number}" for number in range(10)]
    assert not at.warnings


class SlowOutbox(MemoryOutbox):
    """Once told, its answer is as old as the last `done`: what SQL reads meanwhile is stale."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.answers = asyncio.Event(), asyncio.Event()
        self.answers.set()

    async def due(
        self, now: datetime, limit: int, skip_hosts: Collection[str] = ()
    ) -> list[Delivery]:
        found = await super().due(now, limit, skip_hosts)
        if not self.answers.is_set():
            self.asked.set()
            await self.answers.wait()
        return found


async def test_what_arrives_while_the_outbox_answers_is_not_sent_again(desk: Any) -> None:
    outbox, arrived, go_on = SlowOutbox(), [], asyncio.Event()

    async def script(reader: StreamReader, writer: StreamWriter) -> None:
        arrived.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[1])
        await go_on.wait()
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    async with raw_site(script) as server, desk(outbox) as at:
        await at.enqueue(server.base + "/1")
        while not arrived:  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0.005)
        outbox.answers.clear()
        await at.enqueue(server.base + "/2")
        await outbox.asked.wait()  # the answer with /1 in it is on its way
        go_on.set()
        while 1 in outbox.waiting:  # noqa: ASYNC110 - a dict has no event
            await asyncio.sleep(0.005)
        outbox.answers.set()
        await emptied(outbox)
    assert arrived == [b"/1", b"/2"]


async def test_retries_repeat_the_idempotency_token(desk: Any, client: Any) -> None:
    asked: list[bytes] = []

    async def script(reader: StreamReader, writer: StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.lower().partition(b"idempotency-token: ")[2].split()[0])

    async with raw_site(script) as server, desk() as at:
        await at.enqueue(server.base, A="1")
        await at.enqueue(server.base, A="2")
        await emptied(at.outbox)
    assert len(asked) == 6
    assert len(set(asked[:3])) == 1
    assert len(set(asked)) == 2


@pytest.mark.parametrize("status", [400, 404, 500, 503])
async def test_error_answer_is_warning_15003_and_not_repeated(desk: Any, status: int) -> None:
    inbox = Inbox(status)
    async with site(inbox) as server, desk() as at:
        await at.enqueue(server.base + "/status", A="1")
        await at.enqueue(server.base + "/status", A="2")
        await emptied(at.outbox)
        warning = await at.warned()
    assert [body["A"] for body in inbox.bodies] == ["1", "2"]
    assert (warning.code, warning.account_sid, warning.call_sid) == (15003, AC, CA)
    assert warning.url == server.base + "/status"
    assert f"answered {status}" in warning.message


async def test_retry_policy_of_the_url_counts(desk: Any) -> None:
    inbox = Inbox(503, 503)
    async with site(inbox) as server, desk() as at:
        await at.enqueue(server.base + "/#rp=5xx&rc=2", A="1")
        await emptied(at.outbox)
    assert len(inbox.bodies) == 3
    assert not at.warnings


async def test_dead_server_is_given_up_with_15003(desk: Any) -> None:
    async with desk() as at:
        await at.enqueue("http://user:secret@127.0.0.1:1/status", A="1")
        warning = await at.warned()
        await emptied(at.outbox)
    assert warning.code == 15003
    assert "connection refused (try 3)" in warning.message
    assert "secret" not in warning.message + warning.url


@pytest.mark.parametrize("url", ["ftp://x/", "nonsense", "http://127.0.0.1:1/#rc=99"])
async def test_hopeless_url_is_given_up_at_once(desk: Any, url: str) -> None:
    async with desk() as at:
        await at.enqueue(url)
        assert "(try 1)" in (await at.warned()).message


async def test_b_18_dead_server_delays_no_other_call(desk: Any) -> None:
    inbox = Inbox()
    forever = asyncio.Event()

    async def never(reader: StreamReader, writer: StreamWriter) -> None:
        await forever.wait()

    async with raw_site(never) as slow, site(inbox) as quick, desk() as at:
        for number in range(20):
            await at.enqueue(slow.base, call=f"CA{number}")
        for number in range(20):
            await at.enqueue(quick.base, call=CA, SequenceNumber=str(number))
        await inbox.holds(20)
        assert len(at.outbox.waiting) >= 20


async def test_a_dead_host_leaves_places_to_others_however_much_waits_for_it(desk: Any) -> None:
    inbox, under_way, forever = Inbox(), 0, asyncio.Event()

    async def never(reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal under_way
        under_way += 1
        await forever.wait()

    async with raw_site(never) as slow, site(inbox) as quick, desk(start=False) as at:
        for number in range(200):
            await at.enqueue(slow.base, call=f"CA{number}")
        for number in range(20):
            await at.enqueue(quick.base, SequenceNumber=str(number))
        await at.sender.start()
        await inbox.holds(20)
        assert under_way <= DeliveryRules().per_host


async def test_concurrency_is_bounded(desk: Any) -> None:
    now = most = 0

    async def respond(_: Seen) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return web.Response(status=204)

    async with site(respond) as server, desk(rules=DeliveryRules(concurrency=3)) as at:
        for number in range(30):
            await at.enqueue(server.base, call=f"CA{number}")
        await emptied(at.outbox)
    assert most <= 3


async def test_restart_delivers_what_was_left(desk: Any) -> None:
    inbox, outbox = Inbox(), MemoryOutbox()
    async with site(inbox) as server:
        async with desk(outbox, start=False) as at:
            await at.enqueue(server.base, SequenceNumber="0")
            await at.enqueue(server.base, SequenceNumber="1")
        assert len(outbox.waiting) == 2
        async with desk(outbox):
            await emptied(outbox)
    assert [body["SequenceNumber"] for body in inbox.bodies] == ["0", "1"]


async def test_close_delivers_what_is_due(desk: Any) -> None:
    inbox = Inbox()
    async with site(inbox) as server, desk() as at:
        for number in range(50):
            await at.enqueue(server.base, SequenceNumber=str(number))
        await at.sender.close(deadline=30)
    assert len(inbox.bodies) == 50
    assert not at.outbox.waiting


async def test_close_keeps_what_cannot_be_delivered(desk: Any) -> None:
    arrived = asyncio.Event()

    async def never(reader: StreamReader, writer: StreamWriter) -> None:
        arrived.set()
        await asyncio.Event().wait()

    async with raw_site(never) as server, desk() as at:
        await at.enqueue(server.base)
        await arrived.wait()
        await at.sender.close(deadline=0.01)
        assert len(at.outbox.waiting) == 1
        assert not at.warnings


async def test_enqueue_survives_an_absent_store_and_keeps_the_order(desk: Any) -> None:
    inbox = Inbox()
    async with site(inbox) as server, desk(rules=DeliveryRules(poll=0.01)) as at:
        at.outbox.fail_with = StoreUnavailable("disk full")
        for number in range(5):
            await at.enqueue(server.base, SequenceNumber=str(number))
        assert not inbox.bodies
        at.outbox.fail_with = None
        await inbox.holds(5)
    assert [body["SequenceNumber"] for body in inbox.bodies] == list("01234")


async def test_full_outbox_drops_loudly(desk: Any) -> None:
    async with desk(MemoryOutbox(limit=1), start=False) as at:
        await at.enqueue("http://127.0.0.1:1/", A="1")
        await at.enqueue("http://127.0.0.1:1/", A="2")
        assert [warning.code for warning in at.warnings] == [15003]
        assert "dropped" in at.warnings[0].message


async def test_full_backlog_drops_loudly(desk: Any) -> None:
    rules = DeliveryRules(backlog=2)
    async with desk(rules=rules, start=False) as at:
        at.outbox.fail_with = StoreUnavailable("away")
        for _ in range(3):
            await at.enqueue("http://127.0.0.1:1/")
        assert len(at.warnings) == 1


async def test_callback_of_a_vanished_account_is_forgotten(desk: Any) -> None:
    inbox = Inbox()
    async with site(inbox) as server, desk() as at:
        at.tokens.clear()
        await at.enqueue(server.base)
        await emptied(at.outbox)
    assert not inbox.bodies


async def test_failing_warning_callback_does_not_stop_delivery(client: Any) -> None:
    def broken(_: CallbackWarning) -> None:
        raise RuntimeError("a bug of the caller")

    async def token(_: str) -> str:
        return TOKEN

    inbox, outbox = Inbox(500), MemoryOutbox()
    sender = CallbackSender(outbox, client.webhooks, token, on_warning=broken, rules=QUICK)
    await sender.start()
    async with site(inbox) as server:
        for number in range(3):
            await sender.enqueue(
                url=server.base,
                method="GET",
                params={"SequenceNumber": f"x{number}"},
                account_sid=AC,
                call_sid=None,
            )
        await inbox.holds(3)
        await sender.close()
    assert not outbox.waiting


async def test_outcome_that_cannot_be_noted_repeats_with_the_same_token(desk: Any) -> None:
    inbox, rules = Inbox(), DeliveryRules(first_pause=0.01, poll=0.01)

    async def respond(seen: Seen) -> web.Response:
        first = not inbox.bodies
        answer = await inbox(seen)
        at.outbox.fail_with = StoreUnavailable("locked") if first else None
        return answer

    async with site(respond) as server, desk(rules=rules) as at:
        await at.enqueue(server.base)
        await inbox.holds(1)
        while not at.outbox.refused:  # noqa: ASYNC110 - a plain number has no event
            await asyncio.sleep(0.001)
        at.outbox.fail_with = None
        await inbox.holds(2)
        await emptied(at.outbox)
    assert len(set(inbox.tokens)) == 1


async def test_sql_outbox_delivers_across_a_restart(desk: Any, tmp_path: Path) -> None:
    inbox, url = Inbox(), f"sqlite+aiosqlite:///{tmp_path}/store.db"
    async with site(inbox) as server:
        store = await Store.open(url)
        async with desk(store.outbox, start=False) as at:
            for number in range(5):
                await at.enqueue(server.base, SequenceNumber=str(number))
        await store.close()
        store = await Store.open(url)
        async with desk(store.outbox) as at:
            await inbox.holds(5)
            await at.sender.close(deadline=30)
        assert await store.outbox.size() == 0
        await store.close()
    assert [body["SequenceNumber"] for body in inbox.bodies] == list("01234")
