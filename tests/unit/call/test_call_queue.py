"""Queues on a fake Asterisk: waiting, turns, leaving, what is told and what is left."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.call.outcome import Fetch, Inline
from ari_app.call.queue import Redirected
from ari_app.errors import StoreUnavailable, TwilioError
from ari_app.model import CallStatus, Endpoint
from ari_app.testing.call_services import ACCOUNT, VOICE, CallRoom

ENQUEUE = '<Enqueue action="/after">q</Enqueue>'
DIAL = '<Dial action="/served"><Queue>q</Queue></Dial>'


async def caller(room: CallRoom, document: str) -> str:
    """One more caller whose number says ``document``; his channel, once it has been asked for."""
    asked = [url for url, _ in room.customer.asked].count(VOICE.url)
    channel = await room.call(document)
    await room.news.until(lambda: [url for url, _ in room.customer.asked].count(VOICE.url) > asked)
    return channel


async def waiting(room: CallRoom, *channels: str) -> None:
    """Wait until each of them hears music."""
    for channel in channels:
        await room.asterisk.wait_request("POST", f"/channels/{channel}/play/.*")


async def all_ended(room: CallRoom) -> None:
    await room.news.until(
        lambda: all(record.status.final for record in room.calls.records.values())
    )
    await room.manager.drain(10)
    room.assert_nothing_left()


def results(room: CallRoom) -> list[str]:
    """QueueResult of every request to the action, the fetched ones first."""
    both = (*room.customer.asked, *room.customer.told)
    return [params["QueueResult"] for url, params in both if url.endswith("/after")]


def sid_of(room: CallRoom, channel: str) -> str:
    (sid,) = [one.sid for one in room.calls.records.values() if one.channel_id == channel]
    return sid


@pytest.fixture(autouse=True)
def hold(room: CallRoom) -> None:
    room.asterisk.auto_finish = False
    for path in ("after", "served"):
        room.customer.documents[f"http://app.test/{path}"] = "<Hangup/>"


async def test_the_first_in_line_is_bridged_with_whoever_dials(room: CallRoom) -> None:
    first, second = await caller(room, ENQUEUE), await caller(room, ENQUEUE)
    await waiting(room, first, second)
    agent = await caller(room, DIAL)
    bridge = f"{sid_of(room, first)}-queue"
    added = await room.asterisk.wait_request("POST", f"/bridges/{bridge}/addChannel")
    assert added.query["channel"] == f"{agent},{first}"
    await room.asterisk.hang_up(agent)
    await room.news.until(lambda: results(room) == ["bridged"])
    await room.asterisk.hang_up(second)
    await all_ended(room)
    assert results(room) == ["bridged", "hangup"]
    served = [params for url, params in room.customer.told if url.endswith("/served")]
    assert [one["DialCallSid"] for one in served] == [sid_of(room, first)]


async def test_whoever_dials_an_empty_queue_waits_for_a_caller(room: CallRoom) -> None:
    await room.services.queues.open(room.services, ACCOUNT.sid, "q", None)
    agent = await caller(room, DIAL)
    await room.news.until(lambda: bool(room.calls.places))
    first = await caller(room, ENQUEUE)
    await room.asterisk.wait_request("POST", r"/bridges/CA.*-queue/addChannel")
    await room.asterisk.hang_up(first)
    await room.news.until(lambda: any(url.endswith("/served") for url, _ in room.customer.asked))
    served = dict(room.customer.asked)["http://app.test/served"]
    assert (served["DialCallStatus"], served["DialBridged"]) == ("completed", "true")
    await all_ended(room)
    assert agent not in room.asterisk.world.channels
    assert results(room) == ["hangup"]


async def test_a_caller_who_goes_while_called_up_makes_room_for_the_next(room: CallRoom) -> None:
    never = room.customer.documents["http://app.test/hint"] = asyncio.Event()
    first, second = await caller(room, ENQUEUE), await caller(room, ENQUEUE)
    await waiting(room, first, second)
    agent = await caller(room, DIAL.replace("<Queue>", '<Queue url="/hint">'))
    hint = "http://app.test/hint"
    await room.news.until(lambda: any(url == hint for url, _ in room.customer.asked))
    await room.asterisk.hang_up(first)
    await room.news.until(lambda: [url for url, _ in room.customer.asked].count(hint) == 2)
    never.set()  # it fails: he is bridged all the same
    bridge = f"{sid_of(room, second)}-queue"
    added = await room.asterisk.wait_request("POST", f"/bridges/{bridge}/addChannel")
    assert added.query["channel"] == f"{agent},{second}"
    for channel in (agent, second):
        await room.asterisk.hang_up(channel)
    await all_ended(room)


async def test_nobody_comes_within_the_time(room: CallRoom) -> None:
    await room.services.queues.open(room.services, ACCOUNT.sid, "q", None)
    await caller(room, DIAL.replace("<Dial ", '<Dial timeout="1" '))
    await all_ended(room)
    served = dict(room.customer.asked)["http://app.test/served"]
    assert served["DialCallStatus"] == "no-answer"


async def test_leave_ends_the_waiting_and_is_nothing_elsewhere(room: CallRoom) -> None:
    room.customer.documents["http://app.test/wait"] = "<Leave/><Say>not reached</Say>"
    wait = ENQUEUE.replace("<Enqueue ", '<Enqueue waitUrl="/wait" ')
    await caller(room, f"<Leave/>{wait}")
    await all_ended(room)
    assert results(room) == ["leave"]
    asked = dict(room.customer.asked)["http://app.test/wait"]
    assert (asked["QueuePosition"], asked["CurrentQueueSize"]) == ("1", "1")
    assert room.sounds.said == []


@pytest.mark.parametrize(
    ("wait", "result"), [("<Hangup/>", "hangup"), (TwilioError(11200, "no"), "error")]
)
async def test_the_wait_document_may_end_it(
    room: CallRoom, wait: str | TwilioError, result: str
) -> None:
    room.customer.documents["http://app.test/wait"] = wait
    await caller(room, ENQUEUE.replace("<Enqueue ", '<Enqueue waitUrl="/wait" '))
    await all_ended(room)
    assert results(room) == [result]


async def test_live_updates_tell_the_action_how_the_waiting_ended(room: CallRoom) -> None:
    channels = [await caller(room, ENQUEUE) for _ in range(3)]
    await waiting(room, *channels)
    moved, ended, dequeued = (sid_of(room, channel) for channel in channels)
    hangup = Inline("<Response><Hangup/></Response>")
    await room.manager.redirect(ACCOUNT.sid, moved, hangup)
    await room.manager.end(ACCOUNT.sid, ended, CallStatus.COMPLETED)
    queue = await room.services.queues.named(ACCOUNT.sid, "q")
    assert queue is not None
    [left] = queue.members
    assert left.ctx.call_sid == dequeued
    room.customer.documents["http://app.test/next"] = "<Hangup/>"
    left.take(Redirected(Fetch(Endpoint(url="http://app.test/next"))))
    await all_ended(room)
    assert results(room) == ["redirected", "hangup", "redirected"]


async def test_a_full_queue_refuses(room: CallRoom) -> None:
    small = ENQUEUE.replace("<Enqueue ", '<Enqueue maxQueueSize="1" ')
    first = await caller(room, small)
    await waiting(room, first)
    await caller(room, small)
    await room.news.until(lambda: results(room) == ["queue-full"])
    assert 14207 in room.notifications.codes
    await room.asterisk.hang_up(first)
    await all_ended(room)


async def test_a_queue_works_while_the_store_is_away(room: CallRoom) -> None:
    room.queues.trouble = StoreUnavailable("away")
    first = await caller(room, ENQUEUE)
    await waiting(room, first)
    agent = await caller(room, DIAL)
    await room.asterisk.wait_request("POST", r"/bridges/CA.*-queue/addChannel")
    for channel in (first, agent):
        await room.asterisk.hang_up(channel)
    await all_ended(room)


async def test_a_dial_of_no_queue_fails(room: CallRoom) -> None:
    await caller(room, DIAL)
    await all_ended(room)
    assert dict(room.customer.asked)["http://app.test/served"]["DialCallStatus"] == "failed"
    assert 14212 in room.notifications.codes
