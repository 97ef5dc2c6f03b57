"""Conferences and queues in SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from ari_app.errors import DuplicateRecordError, UnknownRecordError
from ari_app.model import ConferenceFilter, ConferenceRecord, PageRequest, QueueRecord
from ari_app.sids import new_sid
from ari_app.store import Store
from ari_app.testing.api_server import new_account
from ari_app.testing.call_services import NOW

EVERYTHING = PageRequest()


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    opened = await Store.open(database)
    yield opened
    await opened.close()


async def test_a_conference_from_its_start_until_it_is_forgotten(store: Store) -> None:
    account = (await store.accounts.ensure(new_account())).sid
    made = ConferenceRecord(
        sid=new_sid("CF"),
        account_sid=account,
        friendly_name="room",
        node="n1",
        date_created=NOW,
        date_updated=NOW,
    )
    await store.conferences.insert(made)
    assert list(await store.conferences.unfinished("n1")) == [made]
    assert list(await store.conferences.unfinished("n2")) == []
    await store.conferences.update(made.sid, status="completed", date_updated=NOW)
    assert list(await store.conferences.unfinished("n1")) == []
    assert (await store.conferences.get(account, made.sid)).status == "completed"
    filters = ConferenceFilter(friendly_name="room", status="completed")
    assert len((await store.conferences.list(account, filters, EVERYTHING)).items) == 1
    assert await store.conferences.prune(NOW) == 0
    assert await store.conferences.prune(NOW + timedelta(seconds=1)) == 1
    with pytest.raises(UnknownRecordError):
        await store.conferences.update(made.sid, status="completed")


async def test_a_queues_name_is_its_accounts_own(store: Store) -> None:
    one = (await store.accounts.ensure(new_account())).sid
    two = (await store.accounts.ensure(new_account())).sid

    def queue(account_sid: str, name: str) -> QueueRecord:
        return QueueRecord(
            sid=new_sid("QU"),
            account_sid=account_sid,
            friendly_name=name,
            date_created=NOW,
            date_updated=NOW,
        )

    made = await store.queues.create(queue(one, "q"))
    await store.queues.create(queue(two, "q"))
    with pytest.raises(DuplicateRecordError):
        await store.queues.create(queue(one, "q"))
    other = await store.queues.create(queue(one, "r"))
    with pytest.raises(DuplicateRecordError):
        await store.queues.update(one, other.sid, friendly_name="q")
    assert await store.queues.find(one, "q") == made
    assert await store.queues.find(one, "s") is None
    with pytest.raises(UnknownRecordError):
        await store.queues.get(two, made.sid)
    await store.queues.delete(one, made.sid)
    with pytest.raises(UnknownRecordError):
        await store.queues.delete(one, made.sid)
