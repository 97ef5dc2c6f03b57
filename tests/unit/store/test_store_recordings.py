"""Recordings in SQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ari_app.errors import UnknownRecordError
from ari_app.media.recording_folder import RecordingFolder
from ari_app.model import (
    Account,
    PageRequest,
    RecordingFilter,
    RecordingRecord,
    RecordingSource,
    RecordingStatus,
    Segment,
    StatusCallback,
    Tape,
)
from ari_app.retention import _forget_recordings
from ari_app.sids import new_sid
from ari_app.store import Store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AC = new_sid("AC")
CALL = new_sid("CA")
ALL = PageRequest(size=1000)


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    opened = await Store.open(database)
    account = Account(sid=AC, auth_token="t", friendly_name="T", date_created=NOW, date_updated=NOW)
    await opened.accounts.ensure(account)
    yield opened
    await opened.close()


def recording(**fields: object) -> RecordingRecord:
    plain: dict[str, object] = {
        "sid": new_sid("RE"),
        "account_sid": AC,
        "call_sid": CALL,
        "source": RecordingSource.RECORD_VERB,
        "node": "n1",
        "start_time": NOW,
        "date_created": NOW,
        "date_updated": NOW,
    }
    return RecordingRecord(**(plain | fields))  # type: ignore[arg-type]


async def test_a_recording_comes_back_as_it_went_in(store: Store) -> None:
    made = recording(
        callback=StatusCallback(url="http://a.test/", events=frozenset({"absent", "completed"})),
        tape=Tape(
            kind="monitor",
            target="chan",
            segments=(Segment("a.raw"), Segment("b.raw", 1.5)),
            monitor="0x1",
            paused_at=NOW,
            silent=True,
        ),
    )
    await store.recordings.insert(made)
    assert await store.recordings.get(AC, made.sid) == made
    assert list(await store.recordings.unfinished("n1")) == [made]
    await store.recordings.update(made.sid, status=RecordingStatus.COMPLETED, tape=None, size=5)
    after = await store.recordings.get(AC, made.sid)
    assert (after.status, after.tape, after.size) == ("completed", None, 5)
    assert await store.recordings.unfinished("n1") == []


async def test_lists_filter_and_hide_what_was_deleted(store: Store) -> None:
    first = recording()
    other = recording(call_sid=None, conference_sid="CF" + "0" * 32)
    gone = recording(status=RecordingStatus.DELETED)
    for one in (first, other, gone):
        await store.recordings.insert(one)

    async def listed(**fields: object) -> list[str]:
        filters = RecordingFilter(**fields)  # type: ignore[arg-type]
        page = await store.recordings.list(AC, filters, ALL)
        return [item.sid for item in page.items]

    assert await listed() == [other.sid, first.sid]
    assert await listed(call_sid=CALL) == [first.sid]
    assert await listed(call_sid=CALL, include_deleted=True) == [gone.sid, first.sid]
    assert await listed(conference_sid=other.conference_sid) == [other.sid]
    with pytest.raises(UnknownRecordError):
        await store.recordings.get("AC" + "0" * 32, first.sid)
    with pytest.raises(UnknownRecordError):
        await store.recordings.update("RE" + "0" * 32, size=1)


async def test_old_recordings_go_with_their_files(store: Store, tmp_path: Path) -> None:
    files = RecordingFolder(tmp_path / "done", tmp_path, 10**9)
    ages = {
        "old": (500, RecordingStatus.COMPLETED),
        "new": (1, RecordingStatus.COMPLETED),
        "running": (500, RecordingStatus.IN_PROGRESS),
        "deleted long ago": (41, RecordingStatus.DELETED),
        "deleted lately": (39, RecordingStatus.DELETED),
    }
    sids = {}
    for name, (days, status) in ages.items():
        made = recording(status=status, date_updated=NOW - timedelta(days=days))
        await store.recordings.insert(made)
        sids[made.sid] = name
        files.wav(made.sid).parent.mkdir(parents=True, exist_ok=True)
        files.wav(made.sid).touch()
    assert await _forget_recordings(store, files, NOW, NOW - timedelta(days=400)) == 2
    page = await store.recordings.list(AC, RecordingFilter(include_deleted=True), ALL)
    kept = {sids[item.sid] for item in page.items}
    assert kept == {"new", "running", "deleted lately"}
    assert {sids[path.stem] for path in (tmp_path / "done").rglob("*.wav")} == kept
