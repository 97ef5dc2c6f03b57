"""The audio of a recording lies on one node and is had from any."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from ari_app.api.ports import ApiError
from ari_app.bus import LocalBus
from ari_app.cluster import Announcement, Presence
from ari_app.model import RecordingRecord, RecordingSource, RecordingStatus
from ari_app.sids import new_sid
from ari_app.testing.api_server import ApiServer, api_server
from ari_app.wiring.across.files import KEPT, FetchedFiles


class Fetching:
    """The asked node's side: its copies, and the owner's API and files."""

    def __init__(self, files: FetchedFiles, folder: Path, owner: ApiServer) -> None:
        self.files, self.folder, self.owner = files, folder, owner

    @property
    def kept(self) -> set[bytes]:
        """The copies."""
        return {path.read_bytes() for path in self.folder.iterdir()}

    async def recorded(self, node: str = "n2", **files: bytes) -> RecordingRecord:
        """A finished recording of ``node``; ``files`` by suffix, ``1.wav`` written ``mono_wav``."""
        now = datetime.now(UTC)
        record = RecordingRecord(
            sid=new_sid("RE"), account_sid=self.owner.account.sid, call_sid=new_sid("CA"),
            source=RecordingSource.RECORD_VERB, status=RecordingStatus.COMPLETED, node=node,
            channels=2, duration=1, start_time=now, date_created=now, date_updated=now,
        )  # fmt: skip
        await self.owner.store.recordings.insert(record)
        for name, content in files.items():
            suffix = name.replace("mono_", "1.")
            (self.owner.recorded.folder / f"{record.sid}.{suffix}").write_bytes(content)
        return record


@pytest.fixture
async def fetching(tmp_path: Path) -> AsyncIterator[Fetching]:
    async with AsyncExitStack() as stack:
        (tmp_path / "owner").mkdir()
        owner = await stack.enter_async_context(api_server(tmp_path / "owner"))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        bus = LocalBus()

        async def describe() -> Announcement:
            return Announcement(
                node="n2", sip="a:1", api=owner.url, capacity=1, calls=0, draining=False,
                healthy=True, at=0,
            )  # fmt: skip

        presence = Presence(bus, describe)
        heard = aiter(bus.subscribe("ariswitch:nodes"))  # hears after presence has
        await presence.start()
        stack.push_async_callback(presence.close)
        await anext(heard)
        folder = tmp_path / "fetched"
        files = FetchedFiles(folder, session, presence, owner.store.accounts.find, kept_bytes=250)
        yield Fetching(files, folder, owner)


async def test_each_form_is_fetched_once_and_kept(fetching: Fetching) -> None:
    record = await fetching.recorded(wav=b"two", mono_wav=b"one", mp3=b"small")
    fetch = fetching.files.fetch
    assert (await fetch(record, "wav", 2)).read_bytes() == b"two"
    assert (await fetch(record, "wav", 1)).read_bytes() == b"one"
    assert (await fetch(record, "mp3", None)).read_bytes() == b"small"
    for path in fetching.owner.recorded.folder.glob("RE*"):
        path.unlink()
    assert (await fetch(record, "wav", 2)).read_bytes() == b"two"


async def test_ten_who_ask_at_once_get_the_whole_file(fetching: Fetching) -> None:
    audio = bytes(range(256)) * 4000
    record = await fetching.recorded(wav=audio)
    paths = await asyncio.gather(*(fetching.files.fetch(record, "wav", None) for _ in range(10)))
    assert {path.read_bytes() for path in paths} == {audio}
    assert len(list(fetching.folder.iterdir())) == 1, "no parts are left"


async def test_a_file_that_its_node_does_not_have_is_missing_here_too(fetching: Fetching) -> None:
    record = await fetching.recorded()
    with pytest.raises(FileNotFoundError):
        await fetching.files.fetch(record, "wav", None)
    assert list(fetching.folder.glob("*")) == []


async def test_a_node_that_is_away_is_503(fetching: Fetching) -> None:
    record = await fetching.recorded("n3", wav=b"x")
    with pytest.raises(ApiError) as refused:
        await fetching.files.fetch(record, "wav", None)
    assert (refused.value.status, refused.value.code) == (503, 20503)


async def test_only_so_many_copies_are_kept(fetching: Fetching) -> None:
    for _ in range(KEPT + 5):
        await fetching.files.fetch(await fetching.recorded(wav=b"x"), "wav", None)
    assert len(list(fetching.folder.iterdir())) == KEPT


async def test_copies_take_so_many_bytes_and_the_newest_is_kept(fetching: Fetching) -> None:
    for content in (b"a" * 100, b"b" * 100, b"c" * 100):
        await fetching.files.fetch(await fetching.recorded(wav=content), "wav", None)
    assert fetching.kept == {b"b" * 100, b"c" * 100}
    huge = await fetching.files.fetch(await fetching.recorded(wav=b"d" * 300), "wav", None)
    assert fetching.kept == {huge.read_bytes()}


async def test_a_folder_that_cannot_be_written_is_503(fetching: Fetching) -> None:
    fetching.folder.write_text("in the way")
    with pytest.raises(ApiError) as refused:
        await fetching.files.fetch(await fetching.recorded(wav=b"x"), "wav", None)
    assert (refused.value.status, refused.value.code) == (503, 20503)
