"""REST services across two nodes: one database, one bus, the call on the other node.

What the owner would answer is the answer; when it cannot be asked, 503.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import msgspec
import pytest

from ari_app.api.ports import (
    ApiError,
    CreateStream,
    CreateTranscription,
    StartRecording,
    UpdateCall,
    UpdateRecording,
)
from ari_app.bus import LocalBus
from ari_app.cluster import Announcement, Orders, Presence
from ari_app.errors import StoreUnavailable, UnknownRecordError
from ari_app.model import Account, CallRecord, CallStatus, Direction, Endpoint, StatusCallback
from ari_app.sids import new_sid
from ari_app.store import Store
from ari_app.testing.api_server import new_account
from ari_app.testing.call_service import FakeBackground, FakeCallService
from ari_app.testing.recording_service import FakeRecordingService
from ari_app.wiring.across import messages
from ari_app.wiring.across.calls import BesideAcross, CallsAcross
from ari_app.wiring.across.elsewhere import Elsewhere
from ari_app.wiring.across.owner import Owner
from ari_app.wiring.across.owners import Owners
from ari_app.wiring.across.recordings import RecordingsAcross
from ari_app.wiring.conferences import ApiConferences
from ari_app.wiring.queues import ApiQueues


class Node:
    """A node with fake services of its own, and those that reach all nodes."""

    def __init__(self, name: str, bus: LocalBus, store: Store, folder: Path) -> None:
        self.calls = FakeCallService(store)
        self.beside = FakeBackground()
        self.recorded = FakeRecordingService(store, folder)
        self.store = store
        self.orders = Orders(bus, name, patience=0.5, unheard=0.1)
        owners = Owners(name, store)
        self.there = there = Elsewhere(name, self.orders, Presence(bus, self._describe))
        self.all_calls = CallsAcross(self.calls, owners, there)
        self.all_beside = BesideAcross(self.beside, self.calls, owners, there)
        self.all_recorded = RecordingsAcross(name, self.recorded, owners, there, self)

    async def start(self) -> None:
        owner = Owner(
            self.store.accounts.find,
            calls=self.calls,
            beside=self.beside,
            recorded=self.recorded,
            rooms=cast(ApiConferences, None),
            queues=cast(ApiQueues, None),
        )
        await self.orders.start(owner.carry_out)
        await self.orders.ready()

    async def fetch(self, *_: object) -> Path:
        return Path("/fetched")

    async def _describe(self) -> Announcement:
        raise NotImplementedError


class Two:
    """Two nodes and a call on the second one."""

    def __init__(self, store: Store, account: Account, folder: Path) -> None:
        bus = LocalBus()
        self.store, self.account = store, account
        self.asked, self.owner = (Node(name, bus, store, folder) for name in ("n1", "n2"))

    async def call(self, status: CallStatus = CallStatus.IN_PROGRESS, node: str = "n2") -> str:
        now = datetime.now(UTC)
        record = CallRecord(
            sid=new_sid("CA"),
            account_sid=self.account.sid,
            direction=Direction.INBOUND,
            from_="+15550001",
            to="+15550002",
            status=status,
            node=node,
            status_callback=StatusCallback(
                url="http://b/", method="POST", events=frozenset({"ringing", "completed"})
            ),
            date_created=now,
            date_updated=now,
        )
        await self.store.calls.insert(record)
        return record.sid


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    store = await Store.open(f"sqlite:///{tmp_path}/db")
    made = Two(store, await store.accounts.ensure(new_account()), tmp_path)
    await made.owner.start()
    await made.asked.start()
    yield made
    await made.owner.orders.close()
    await made.asked.orders.close()
    await store.close()


async def test_an_update_is_done_by_the_owner_and_answered_with_its_record(two: Two) -> None:
    sid = await two.call()
    wanted = UpdateCall(voice=Endpoint(url="http://b/é", method="GET"), time_limit=60)
    record = await two.asked.all_calls.update(two.account, sid, wanted)
    assert two.owner.calls.updated == [(sid, wanted)]
    assert two.asked.calls.updated == []
    assert record == await two.store.calls.get(sid)


async def test_a_hang_up_is_answered_with_the_final_record(two: Two) -> None:
    sid = await two.call()
    ended = await two.asked.all_calls.update(two.account, sid, UpdateCall(status="completed"))
    assert ended.status is CallStatus.COMPLETED


async def test_the_owners_refusal_is_the_answer(two: Two) -> None:
    sid = await two.call(CallStatus.RINGING)
    with pytest.raises(ApiError) as refused:
        await two.asked.all_calls.update(two.account, sid, UpdateCall(twiml="<Response/>"))
    assert (refused.value.status, refused.value.code) == (400, 21220)


async def test_a_call_that_has_ended_or_never_was_needs_no_owner(two: Two) -> None:
    await two.owner.orders.close()
    ended = await two.call(CallStatus.COMPLETED)
    for sid in (ended, new_sid("CA")):
        with pytest.raises(ApiError) as refused:
            await two.asked.all_calls.update(two.account, sid, UpdateCall(status="completed"))
        assert refused.value.status == 404


async def test_another_accounts_call_is_unknown(two: Two) -> None:
    sid, stranger = await two.call(), new_account()
    await two.store.accounts.ensure(stranger)
    with pytest.raises(ApiError) as refused:
        await two.asked.all_calls.update(stranger, sid, UpdateCall(status="completed"))
    assert refused.value.status == 404
    assert two.owner.calls.updated == []


async def test_an_owner_that_is_away_is_503(two: Two) -> None:
    sid = await two.call()
    await two.owner.orders.close()
    with pytest.raises(ApiError) as refused:
        await two.asked.all_calls.update(two.account, sid, UpdateCall(status="completed"))
    assert (refused.value.status, refused.value.code) == (503, 20503)


@pytest.mark.parametrize("trouble", [StoreUnavailable("away"), RuntimeError("a fault of ours")])
async def test_trouble_of_the_owner_is_no_success(two: Two, trouble: Exception) -> None:
    sid = await two.call()
    two.owner.calls.fail_with = trouble
    with pytest.raises(ApiError) as refused:
        await two.asked.all_calls.update(two.account, sid, UpdateCall(status="completed"))
    assert refused.value.status in (500, 503)
    assert "ours" not in refused.value.message


async def test_streams_and_transcriptions_run_where_the_call_does(two: Two) -> None:
    sid, account, beside = await two.call(), two.account, two.asked.all_beside
    stream = await beside.start(account, sid, CreateStream(url="ws://b/", parameters={"a": "b"}))
    await beside.start(account, sid, CreateTranscription(hints=("x", "y")))
    assert [type(one) for one in two.owner.beside.started] == [CreateStream, CreateTranscription]
    assert two.asked.beside.started == []
    stopped = await beside.stop(account, sid, "stream", stream.sid)
    assert stopped.status == "stopped"
    with pytest.raises(ApiError) as refused:
        await beside.stop(account, sid, "stream", "nobody")
    assert (refused.value.status, refused.value.code) == (404, 20404)


async def test_a_recording_is_begun_paused_and_stopped_by_the_owner(two: Two) -> None:
    sid, account, recorded = await two.call(), two.account, two.asked.all_recorded
    begun = await recorded.start(account, sid, StartRecording(channels=2))
    assert two.owner.recorded.started == [StartRecording(channels=2)]
    current = await recorded.running(account, "Twilio.CURRENT", call_sid=sid)
    assert current is not None
    assert current.sid == begun.sid
    paused = await recorded.update(
        account, begun.sid, UpdateRecording(status="paused"), call_sid=sid
    )
    assert paused.status == "paused"
    stopped = await recorded.update(
        account, "Twilio.CURRENT", UpdateRecording(status="stopped"), call_sid=sid
    )
    assert stopped.status == "completed"
    assert await recorded.running(account, "Twilio.CURRENT", call_sid=sid) is None
    with pytest.raises(ApiError) as refused:
        await recorded.update(
            account, "Twilio.CURRENT", UpdateRecording(status="stopped"), call_sid=sid
        )
    assert refused.value.status == 404


async def test_a_recording_is_deleted_and_handed_out_where_it_lies(two: Two) -> None:
    sid, account, recorded = await two.call(), two.account, two.asked.all_recorded
    begun = await recorded.start(account, sid, StartRecording())
    there = msgspec.structs.replace(begun, node="n2")
    assert await recorded.media(there, "wav", channels=None) == Path("/fetched")
    await recorded.delete(there)
    assert (await two.store.recordings.get(account.sid, begun.sid)).status == "deleted"
    await two.owner.orders.close()
    with pytest.raises(ApiError) as refused:
        await recorded.delete(there)
    assert (refused.value.status, refused.value.code) == (503, 20503)


async def test_a_recording_of_a_node_that_is_away_is_had_where_nodes_share_the_folder(
    two: Two,
) -> None:
    sid, account, recorded = await two.call(), two.account, two.asked.all_recorded
    begun = await recorded.start(account, sid, StartRecording())
    there = msgspec.structs.replace(begun, node="n2")
    (two.asked.recorded.folder / f"{begun.sid}.wav").write_bytes(b"audio")
    await two.owner.orders.close()
    assert (await recorded.media(there, "wav", channels=None)).read_bytes() == b"audio"
    await recorded.delete(there)
    assert (await two.store.recordings.get(account.sid, begun.sid)).status == "deleted"


async def test_calls_on_this_node_are_no_business_of_others(two: Two) -> None:
    sid = await two.call(node="n1")
    await two.owner.orders.close()
    await two.asked.all_calls.update(two.account, sid, UpdateCall(status="completed"))
    assert [one for one, _ in two.asked.calls.updated] == [sid]


async def test_an_order_for_an_account_that_is_gone_is_unknown(two: Two) -> None:
    sid = await two.call()
    stranger = new_account()
    order = messages.UpdateCall(account_sid=stranger.sid, call_sid=sid, request=UpdateCall())
    with pytest.raises(UnknownRecordError):
        await two.asked.there.ask("n2", order, CallRecord)
