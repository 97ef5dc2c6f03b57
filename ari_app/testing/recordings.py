"""Where recordings live, for tests: records in memory, files that are only names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from ari_app.errors import StoreUnavailable, UnknownRecordError
from ari_app.model import RecordingRecord, RecordingTrack, TranscriptionRecord
from ari_app.testing.asterisk_world import World
from ari_app.testing.news import News


class FakeRecordingStore:
    """Records in memory; away while ``down``."""

    def __init__(self, news: News) -> None:
        self.down = False
        self.records: dict[str, RecordingRecord] = {}
        self._news = news

    async def insert(self, recording: RecordingRecord, /) -> None:
        """Remember a recording."""
        self._check()
        self.records[recording.sid] = recording
        self._news.tell()

    async def update(self, sid: str, **changes: Any) -> None:
        """Change a recording; raises UnknownRecordError."""
        self._check()
        if sid not in self.records:
            raise UnknownRecordError(sid)
        self.records[sid] = msgspec.structs.replace(self.records[sid], **changes)
        self._news.tell()

    async def unfinished(self, node: str) -> Sequence[RecordingRecord]:
        """List what has no file yet."""
        self._check()
        return [r for r in self.records.values() if r.node == node and not r.status.final]

    @property
    def only(self) -> RecordingRecord:
        """The one recording there is."""
        (record,) = self.records.values()
        return record

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailable("the store is away")


@dataclass(frozen=True)
class FakeRecorded:
    """What came of raw audio."""

    seconds: float = 2.5
    size: int = 40_044
    loud: bool = True
    raw_seconds: float = 3.0


class FakeRecordingFiles:
    """Files that Asterisk (``world``) is said to have written."""

    def __init__(self, world: World) -> None:
        #: What comes of raw audio, or the error that making it ends in.
        self.result: FakeRecorded | OSError = FakeRecorded()
        #: Why there is no room.
        self.full = ""
        #: What was made: SID, raw files with silences, and how.
        self.made: list[tuple[str, list[tuple[str, float]], dict[str, Any]]] = []
        self.deleted: list[str] = []
        self._world = world

    def raw(self, name: str, /) -> Path:
        """Name a file."""
        return Path("/spool") / name

    async def no_room(self) -> str:
        """Say as told."""
        return self.full

    async def closed(self, name: str, /) -> bool:
        """Asterisk is quick here."""
        return True

    async def finish(
        self,
        sid: str,
        raw: Sequence[tuple[str, float]],
        *,
        raw_tracks: Literal[1, 2],
        channels: int,
        track: RecordingTrack,
        trim: bool,
    ) -> FakeRecorded:
        """Make a recording, or raise as told."""
        how = {"raw_tracks": raw_tracks, "channels": channels, "track": track, "trim": trim}
        if isinstance(self.result, OSError):
            raise self.result
        self.made.append((sid, list(raw), how))
        return self.result

    def discard(self, names: Sequence[str], /) -> None:
        """Forget raw files."""

    async def delete(self, sid: str, /) -> None:
        """Note it."""
        self.deleted.append(sid)

    async def pcm(self, sid: str, /) -> bytes:
        """A second of nothing."""
        return bytes(16_000)


class FakeTranscriptionStore:
    """Transcriptions in memory."""

    def __init__(self, news: News) -> None:
        self.records: dict[str, TranscriptionRecord] = {}
        self._news = news

    async def insert(self, transcription: TranscriptionRecord, /) -> None:
        """Remember one."""
        self.records[transcription.sid] = transcription
        self._news.tell()

    async def update(self, sid: str, **changes: Any) -> None:
        """Change one."""
        self.records[sid] = msgspec.structs.replace(self.records[sid], **changes)
        self._news.tell()

    async def unfinished(self, node: str) -> Sequence[TranscriptionRecord]:
        """List what is not done."""
        return [r for r in self.records.values() if r.status == "in-progress"]


class FakeTranscriber:
    """Understands everything as ``text``; ``failures`` are raised first, one a time."""

    def __init__(self) -> None:
        self.text = "hello world"
        self.failures: list[Exception] = []

    async def transcribe(self, pcm: bytes, language: str) -> str:
        """Return the text."""
        if self.failures:
            raise self.failures.pop(0)
        return self.text
