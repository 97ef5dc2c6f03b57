"""What the tap remembers, hides, and tells to who attaches."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ari_app.ari import NotFound
from ari_app.ari.trace import Asked
from ari_app.debug.record import Item, read_item
from ari_app.http.failures import WebhookError
from ari_app.http.request import WebhookRequest, WebhookResponse
from ari_app.model import CallRecord, CallStatus, Direction
from ari_app.tap import Measuring, Tap, TapServer
from ari_app.tap.mask import masked
from ari_app.tap.ring import Ring
from ari_app.testing.asterisk import FakeAsterisk
from stream import control
from twiml import parse

CALL = "CA" + "0" * 32
STREAM = "MZ" + "1" * 32
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def record() -> CallRecord:
    return CallRecord(
        sid=CALL,
        account_sid="AC" + "2" * 32,
        direction=Direction.INBOUND,
        from_="+15557000",
        to="+15550100",
        status=CallStatus.RINGING,
        sip_call_id="abc@host",
        channel_id="node1-1.0",
        date_created=NOW,
        date_updated=NOW,
    )


class Server:
    """A tap served in a folder, and clients of it."""

    def __init__(self, folder: Path, tap: Tap) -> None:
        self.tap = tap
        self.path = folder / "tap.sock"
        self.measured = asyncio.Event()
        self.server = TapServer(tap, self.path, Measuring(self._measure), {"node": "n1"})

    async def _measure(self) -> None:
        self.measured.set()

    async def attach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(str(self.path), limit=2**22)


@asynccontextmanager
async def served(folder: Path, tap: Tap) -> AsyncIterator[Server]:
    server = Server(folder, tap)
    await server.server.start()
    try:
        yield server
    finally:
        await server.server.close()


async def take(reader: asyncio.StreamReader, count: int) -> list[Item]:
    async with asyncio.timeout(10):
        return [read_item(await reader.readline()) for _ in range(count)]


def rendered(tap: Tap) -> list[Item]:
    _, entries = tap.ring.read(1, 1000)
    return [item for one in entries for item in one.render(tap.index, one.at, *one.args)]


def test_the_ring_is_bounded_in_items_and_in_bytes() -> None:
    ring = Ring(items=3, size=10_000)
    for number in range(5):
        ring.add(0, print, number)
    assert [entry.args for entry in ring.read(1, 10)[1]] == [(2,), (3,), (4,)]
    assert ring.read(1, 10)[0] == ring.first == 3
    ring.add(9_000, print, "big")
    ring.add(9_000, print, "bigger")
    assert [entry.args for entry in ring.read(1, 10)[1]] == [("bigger",)]
    assert ring.size <= 10_000


async def test_what_was_before_comes_first_then_what_happens(tmp_path: Path) -> None:
    tap = Tap()
    tap.call(record(), "begun")
    async with served(tmp_path, tap) as server:
        reader, writer = await server.attach()
        hello, before, now = await take(reader, 3)
        assert (now.type, now.data) == ("caught-up", {"up_to": 1})
        assert (hello.type, hello.data["node"], hello.data["kept"]) == ("attached", "n1", 1)
        assert (before.type, before.call, before.channel) == ("call-begun", CALL, "node1-1.0")
        tap.problem(CALL, 11200, "answered 500", "http://host/voice")
        [live] = await take(reader, 1)
        assert (live.seq, live.call, live.error) == (2, CALL, "11200 answered 500")
        writer.close()
    assert not server.path.exists()


async def test_a_slow_client_is_told_what_it_missed(tmp_path: Path) -> None:
    tap = Tap(items=100)
    async with served(tmp_path, tap) as server:
        reader, writer = await server.attach()
        await take(reader, 2)
        big = "x" * 1000
        for _ in range(100):  # far more than a socket holds, and nobody reads
            for _ in range(100):
                tap.problem(CALL, 11200, big, "")
            await asyncio.sleep(0)
        items: list[Item] = []
        while not items or items[-1].seq < tap.ring.total:
            items += await take(reader, 1)
        missed = [item for item in items if item.type == "missed"]
        told = [item.seq for item in items if item.seq]
        assert told == sorted(set(told))
        assert sum(item.data["entries"] for item in missed) + len(told) == 10_000
        assert server.server.dropped == 10_000 - len(told) > 0
        writer.close()


async def test_statistics_are_asked_for_only_while_somebody_wants_them(tmp_path: Path) -> None:
    async with served(tmp_path, Tap()) as server:
        reader, writer = await server.attach()
        await take(reader, 1)
        assert not server.measured.is_set()
        writer.write(b'nonsense\n{"want": "rtp"}\n')
        async with asyncio.timeout(10):
            await server.measured.wait()
        writer.close()


def test_an_event_that_came_before_its_call_was_known_belongs_to_it() -> None:
    tap = Tap()
    channel = {"id": "node1-1.0", "name": "PJSIP/x-1", "caller": {"number": "+15557000"}}
    tap.event(json.dumps({"type": "StasisStart", "application": "a", "channel": channel}))
    tap.call(record(), "begun")
    tap.stream_command(
        control.Open(stream_sid=STREAM, call_sid=CALL, account_sid="AC", url="wss://bot/")
    )
    tap.event(json.dumps({"type": "StasisStart", "channel": {"id": f"{STREAM}-media"}}))
    first, _, opened, media = rendered(tap)
    assert (first.call, first.channel, first.caller, first.app) == (
        CALL,
        "node1-1.0",
        "+15557000",
        "a",
    )
    assert (opened.call, opened.linked, media.call) == (CALL, (STREAM,), CALL)


def test_a_worker_s_counters_are_an_item_a_stream() -> None:
    tap = Tap()
    tap.stream_command(
        control.Open(stream_sid=STREAM, call_sid=CALL, account_sid="AC", url="wss://bot/")
    )
    other = "MZ" + "3" * 32
    tap.stream_measured(
        control.Measured({STREAM: control.Stats(rtp_received=50), other: control.Stats()})
    )
    assert tap.ring.total == 2
    _, mine, theirs = rendered(tap)
    assert (mine.kind, mine.type, mine.call, mine.linked) == ("rtp", "stream", CALL, (STREAM,))
    assert (mine.data["stream_sid"], mine.data["rtp_received"]) == (STREAM, 50)
    assert (theirs.call, theirs.linked) == ("", (other,))


def test_requests_and_answers_go_by_number() -> None:
    tap = Tap()
    tap.call(record(), "begun")
    asked = Asked(7, "POST", "/channels/node1-1.0/play/p%2F1", {"media": "sound:x"}, b'{"a": 1}')
    tap.asked(asked)
    tap.answered(asked, 404, b'{"message": "Channel not found"}', 0.0123)
    tap.answered(asked, 0, b"no answer within 10 s", 10.0)
    _, request, answer, silence = rendered(tap)
    assert request.type == answer.type == "POST /channels/node1-1.0/play/p/1"
    assert request.data == {"number": 7, "query": {"media": "sound:x"}, "body": {"a": 1}}
    assert (request.call, answer.call) == (CALL, CALL)
    assert (answer.status, answer.ms, answer.error) == (404, 12.3, "Channel not found")
    assert (silence.status, silence.error) == (0, "no answer within 10 s")


async def test_requests_to_the_manager_interface_are_told_without_the_password() -> None:
    tap = Tap()
    tap.call(record(), "begun")
    async with FakeAsterisk(password="hush-hush") as asterisk:
        client = asterisk.client(trace=tap)
        with pytest.raises(NotFound):
            await client.monitors.start("node1-1.0", "/tape/x.raw", "Mx")
        await client.close()
    _, login, logged_in, request, answer = rendered(tap)
    assert login.type == logged_in.type == "POST /rawman Login"
    assert login.data["query"]["Secret"] == "***"
    assert asterisk.password not in str(rendered(tap))
    assert (logged_in.status, logged_in.error) == (200, "")
    assert (request.type, request.call, request.channel) == (
        "POST /rawman MixMonitor",
        CALL,
        "node1-1.0",
    )
    assert request.data["query"]["File"] == "/tape/x.raw"
    assert (answer.data["number"], answer.error) == (request.data["number"], "No such channel")


def test_statistics_are_told_as_such() -> None:
    tap = Tap()
    tap.call(record(), "begun")
    asked = Asked(1, "GET", "/channels/node1-1.0/rtp_statistics", {}, None)
    tap.asked(asked)
    tap.answered(asked, 200, b'{"rxcount": 50}', 0.001)
    tap.answered(asked, 404, b"", 0.001)
    _, only = rendered(tap)
    assert (only.kind, only.call, only.data) == ("rtp", CALL, {"rxcount": 50})


def test_webhooks_with_status_latency_and_failure() -> None:
    tap = Tap()
    request = WebhookRequest(
        url="http://u:p@host/voice?auth_token=abc",
        params={"CallSid": CALL, "Digits": "1"},
        auth_token="hidden",
        call_sid=CALL,
        expect_document=True,
    )
    tap.webhook(request)
    body = b'<Response><Dial><Sip username="u" password="p4ss">sip:x@y</Sip></Dial></Response>'
    tap.webhook_answer(request, WebhookResponse(200, request.url, "text/xml", body, 0.05), 0.05)
    failed = WebhookError(
        11200, "POST http://host/voice: answered 500", url="", method="POST", status=500
    )
    tap.webhook_answer(request, failed, 0.07)
    asked, good, bad = rendered(tap)
    assert asked.data["url"] == "http://host/voice?auth_token=***"
    assert asked.data["params"]["Digits"] == "1"
    assert (good.status, good.ms, good.call) == (200, 50.0, CALL)
    assert 'password="***"' in good.data["body"]
    assert (bad.status, bad.ms, bad.error) == (500, 70.0, f"11200 {failed.message}")
    assert not any("p4ss" in str(item) or "hidden" in str(item) for item in (asked, good, bad))


def test_verbs_are_told_with_their_attributes() -> None:
    tap = Tap()
    document = parse(
        '<Response><Dial><Sip username="u" password="p4ss">sip:x@y</Sip></Dial></Response>'
    )
    tap.verb(CALL, document.verbs[0], "begin", nested=False)
    tap.verb(CALL, document.verbs[0], "cancelled", nested=False)
    begin, end = rendered(tap)
    assert (begin.type, begin.data["state"], end.data["state"]) == ("Dial", "begin", "cancelled")
    [noun] = begin.data["attributes"]["nouns"]
    assert "sip:x@y" in str(noun)
    assert "p4ss" not in str(noun)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"password": "x", "user": "u"}, {"password": "***", "user": "u"}),
        ([{"attribute": "password", "value": "x"}], [{"attribute": "password", "value": "***"}]),
        ({"Authorization": "Basic eHg="}, {"Authorization": "***"}),
        ({"headers": {"X-Twilio-Signature": "s"}}, {"headers": {"X-Twilio-Signature": "***"}}),
        ("wss://a:b@host/x?key=1&y=2", "wss://host/x?key=***&y=2"),
        ("<Parameter name='api_key' value='1'/>", "<Parameter name='api_key' value=\"***\"/>"),
        ({"FriendlyName": "a", "Digits": "12"}, {"FriendlyName": "a", "Digits": "12"}),
        (7, 7),
    ],
)
def test_secrets_are_masked(value: Any, shown: Any) -> None:
    assert masked(value) == shown


def test_one_item_costs_little_when_nobody_is_attached() -> None:
    """Not a time limit: the figure is printed for who asks (`pytest -s`)."""
    tap, message = Tap(), '{"type": "ChannelVarset"}' * 40
    count = 50_000
    begun = time.perf_counter()
    for _ in range(count):
        tap.event(message)
    print(f"{(time.perf_counter() - begun) / count * 1e9:.0f} ns an event")
    assert len(tap.ring) <= 20_000
    assert tap.ring.total == count
