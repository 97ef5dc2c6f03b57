"""Records go in and come out of SQL as they were, and the schema is what the code thinks."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from ari_app.errors import DuplicateRecordError, UnknownRecordError
from ari_app.model import (
    Account,
    CallFilter,
    CallRecord,
    CallStatus,
    Checkpoint,
    Direction,
    Endpoint,
    Notification,
    NotificationFilter,
    NumberFilter,
    PageRequest,
    PhoneNumber,
    Span,
    StatusCallback,
)
from ari_app.sids import new_sid
from ari_app.store import Store
from ari_app.store.tables import metadata

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AC = new_sid("AC")
EVERYTHING = PageRequest(size=1000)


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    opened = await Store.open(database)
    await opened.accounts.ensure(account())
    yield opened
    await opened.close()


def account(sid: str = AC, token: str = "t" * 32) -> Account:
    return Account(
        sid=sid, auth_token=token, friendly_name="Test", date_created=NOW, date_updated=NOW
    )


def number(phone_number: str, **fields: object) -> PhoneNumber:
    made = PhoneNumber(
        sid=new_sid("PN"),
        account_sid=AC,
        phone_number=phone_number,
        friendly_name=phone_number,
        date_created=NOW,
        date_updated=NOW,
    )
    return msgspec.structs.replace(made, **fields)


def call(**fields: object) -> CallRecord:
    made = CallRecord(
        sid=new_sid("CA"),
        account_sid=AC,
        direction=Direction.INBOUND,
        from_="+15550002",
        to="+15550001",
        status=CallStatus.RINGING,
        date_created=NOW,
        date_updated=NOW,
    )
    return msgspec.structs.replace(made, **fields)


async def test_migrations_make_exactly_the_tables_the_code_speaks_of(store: Store) -> None:
    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with store.database.reading() as conn:
        assert await conn.run_sync(differences) == []


async def test_opening_twice_keeps_what_is_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/db.sqlite"
    first = await Store.open(url)
    await first.accounts.ensure(account())
    await first.close()
    second = await Store.open(url)
    assert await second.accounts.get(AC) == account()
    await second.close()
    assert stat.S_IMODE((tmp_path / "db.sqlite").stat().st_mode) == 0o600


async def test_account_is_made_once_and_takes_a_new_token(store: Store) -> None:
    changed = await store.accounts.ensure(account(token="new"))
    assert changed.auth_token == "new"
    assert await store.accounts.find(new_sid("AC")) is None
    with pytest.raises(UnknownRecordError):
        await store.accounts.get(new_sid("AC"))


async def test_a_call_with_everything_set_comes_back_equal(store: Store) -> None:
    full = call(
        voice=Endpoint(url="https://a.example/é?x=1", method="GET"),
        fallback=Endpoint(url="https://b.example/"),
        twiml="<Response/>",
        status_callback=StatusCallback(url="http://c/", events=frozenset({"ringing", "answered"})),
        caller_id="client:x",
        node="node-1",
        channel_id="chan",
        sip_call_id="abc@host",
        sip_response_code=200,
        start_time=NOW,
        end_time=NOW + timedelta(seconds=5),
        duration=5,
    )
    await store.calls.insert(full)
    assert await store.calls.get(full.sid) == full
    with pytest.raises(DuplicateRecordError):
        await store.calls.insert(full)


async def test_times_are_kept_in_utc_and_naive_ones_refused(store: Store) -> None:
    berlin = datetime(2026, 3, 1, 13, 0, tzinfo=timezone(timedelta(hours=1)))
    stored = await store.calls.insert(call(date_created=berlin))
    got = await store.calls.get(stored.sid)
    assert got.date_created == NOW
    assert got.date_created.tzinfo is UTC
    with pytest.raises(Exception, match="zone"):
        await store.calls.insert(call(date_created=berlin.replace(tzinfo=None)))


async def test_an_ended_call_never_changes_its_status(store: Store) -> None:
    """Twilio: terminal states never change."""
    made = await store.calls.insert(call())
    ended = await store.calls.update(made.sid, status=CallStatus.COMPLETED, duration=7)
    assert (ended.status, ended.duration) == (CallStatus.COMPLETED, 7)
    late = await store.calls.update(made.sid, status=CallStatus.FAILED, sip_response_code=487)
    assert (late.status, late.duration) == (CallStatus.COMPLETED, 7)
    assert late.sip_response_code == 487
    with pytest.raises(UnknownRecordError):
        await store.calls.update(new_sid("CA"), status=CallStatus.FAILED)


async def test_a_restarted_node_finds_its_unfinished_calls_and_their_place(store: Store) -> None:
    fresh = await store.calls.insert(call(node="n1"))
    running = await store.calls.insert(call(node="n1", status=CallStatus.IN_PROGRESS))
    await store.calls.insert(call(node="n1", status=CallStatus.COMPLETED))
    await store.calls.insert(call(node="n2"))
    place = Checkpoint(url="https://a/", method="GET", document="<Response/>", verb=3)
    await store.calls.checkpoint(running.sid, place)
    found = await store.calls.unfinished("n1")
    assert [(record.sid, at) for record, at in found] == [(fresh.sid, None), (running.sid, place)]
    with pytest.raises(UnknownRecordError):
        await store.calls.checkpoint(new_sid("CA"), place)


async def test_call_list_is_newest_first_and_filters(store: Store) -> None:
    first = await store.calls.insert(call(to="+1", start_time=NOW))
    second = await store.calls.insert(call(from_="sip:a@b", status=CallStatus.COMPLETED))
    third = await store.calls.insert(
        call(parent_call_sid=first.sid, start_time=NOW + timedelta(days=1), end_time=NOW)
    )

    async def sids(**fields: object) -> list[str]:
        filters = msgspec.structs.replace(CallFilter(), **fields)
        return [c.sid for c in (await store.calls.list(AC, filters, EVERYTHING)).items]

    assert await sids() == [third.sid, second.sid, first.sid]
    assert await sids(to="+1") == [first.sid]
    assert await sids(from_="sip:a@b") == [second.sid]
    assert await sids(status=CallStatus.COMPLETED) == [second.sid]
    assert await sids(parent_call_sid=first.sid) == [third.sid]
    assert await sids(started=Span(since=NOW)) == [third.sid, first.sid]
    assert await sids(started=Span(until=NOW)) == [first.sid]
    assert await sids(ended=Span(since=NOW, until=NOW)) == [third.sid]
    other = await store.calls.list(new_sid("AC"), CallFilter(), EVERYTHING)
    assert other.items == ()


async def test_pages_neither_repeat_nor_hide_while_calls_come_and_go(store: Store) -> None:
    made = [await store.calls.insert(call()) for _ in range(5)]
    page = await store.calls.list(AC, CallFilter(), PageRequest(size=2))
    assert [c.sid for c in page.items] == [made[4].sid, made[3].sid]
    assert page.previous_token is None
    await store.calls.insert(call())
    await store.calls.delete(AC, made[3].sid)
    page = await store.calls.list(AC, CallFilter(), PageRequest(2, 1, page.next_token))
    assert [c.sid for c in page.items] == [made[2].sid, made[1].sid]
    back = await store.calls.list(AC, CallFilter(), PageRequest(2, 0, page.previous_token))
    assert made[4].sid in [c.sid for c in back.items]
    page = await store.calls.list(AC, CallFilter(), PageRequest(2, 2, page.next_token))
    assert [c.sid for c in page.items] == [made[0].sid]
    assert page.next_token is None


async def test_pages_by_number_alone(store: Store) -> None:
    made = [await store.calls.insert(call()) for _ in range(3)]
    page = await store.calls.list(AC, CallFilter(), PageRequest(size=2, number=1))
    assert [c.sid for c in page.items] == [made[0].sid]


@pytest.mark.parametrize("token", ["", "PA", "zz", "PAzz", "PB" + "f" * 40, "PA-1"])
async def test_a_foreign_page_token_is_an_error(store: Store, token: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        await store.calls.list(AC, CallFilter(), PageRequest(token=token))


async def test_a_number_is_unique_with_or_without_plus(store: Store) -> None:
    made = await store.numbers.create(number("+15550001"))
    assert await store.numbers.find("15550001") == made
    assert await store.numbers.find("+15550001") == made
    assert await store.numbers.find("5550001") is None
    with pytest.raises(DuplicateRecordError):
        await store.numbers.create(number("15550001"))
    other = await store.numbers.create(number("+15550002"))
    with pytest.raises(DuplicateRecordError):
        await store.numbers.update(AC, other.sid, phone_number="+15550001")
    renamed = await store.numbers.update(AC, other.sid, phone_number="+15550003", voice_url="x")
    assert await store.numbers.find("15550003") == renamed
    await store.numbers.delete(AC, other.sid)
    with pytest.raises(UnknownRecordError):
        await store.numbers.delete(AC, other.sid)


async def test_number_list_matches_parts_and_wildcards_only_as_meant(store: Store) -> None:
    for text in ("+15550001", "+15550012", "+4930123"):
        await store.numbers.create(number(text))

    async def found(part: str) -> list[str]:
        page = await store.numbers.list(AC, NumberFilter(phone_number=part), EVERYTHING)
        return [n.phone_number for n in page.items]

    assert await found("+1555") == ["+15550012", "+15550001"]
    assert await found("000*") == ["+15550001"]
    assert await found("49*0123") == ["+4930123"]
    assert await found("%") == []
    assert await found("_") == []


async def test_config_numbers_follow_the_file_and_keep_their_sid(store: Store) -> None:
    by_api = await store.numbers.create(number("+1"))
    await store.numbers.sync_config([number("+1", origin="config"), number("+2", origin="config")])
    taken = await store.numbers.find("+1")
    assert taken is not None
    assert (taken.sid, taken.origin) == (by_api.sid, "config")
    await store.numbers.create(number("+3"))
    await store.numbers.sync_config([number("+2", origin="config", voice_url="http://v/")])
    page = await store.numbers.list(AC, NumberFilter(), EVERYTHING)
    assert {(n.phone_number, n.voice_url) for n in page.items} == {("+2", "http://v/"), ("+3", "")}


async def test_notifications_by_call_and_level(store: Store) -> None:
    made = call()

    def note(**fields: object) -> Notification:
        plain = Notification(
            sid=new_sid("NO"),
            account_sid=AC,
            call_sid=None,
            error_code=11200,
            log="0",
            message="x",
            date_created=NOW,
        )
        return msgspec.structs.replace(plain, **fields)

    error = await store.notifications.add(note(call_sid=made.sid))
    warning = await store.notifications.add(note(log="1"))
    assert await store.notifications.get(AC, error.sid) == error

    async def sids(**fields: object) -> list[str]:
        filters = msgspec.structs.replace(NotificationFilter(), **fields)
        return [n.sid for n in (await store.notifications.list(AC, filters, EVERYTHING)).items]

    assert await sids() == [warning.sid, error.sid]
    assert await sids(call_sid=made.sid) == [error.sid]
    assert await sids(log="1") == [warning.sid]
    assert await store.notifications.prune(NOW + timedelta(days=1)) == 2
