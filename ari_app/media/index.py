"""Which sound a URL gave last time and how long that answer is good; survives restarts."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from ari_app.media.download import Download
from ari_app.media.freshness import lifetime, may_store

MAX_URLS = 20_000


class UrlRecord(msgspec.Struct, frozen=True):
    """What a URL answered: the ``sound``'s name, its validators, and until when it is fresh."""

    url: str
    final_url: str
    sound: str
    fresh_until: float  # time.time()
    etag: str = ""
    last_modified: str = ""

    @property
    def validators(self) -> dict[str, str]:
        """Request headers that turn a GET into the question whether the file changed."""
        headers = {}
        if self.etag:
            headers["If-None-Match"] = self.etag
        if self.last_modified:
            headers["If-Modified-Since"] = self.last_modified
        return headers


class UrlIndex:
    """Records by URL, one small file each under ``folder``, at most 20,000."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._records: OrderedDict[str, UrlRecord] = OrderedDict()
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime):
            try:
                record = msgspec.json.decode(path.read_bytes(), type=UrlRecord)
            except msgspec.DecodeError:
                path.unlink(missing_ok=True)
                continue
            self._records[record.url] = record
        self._trim()

    def get(self, url: str) -> UrlRecord | None:
        """Return the record of ``url``."""
        return self._records.get(url)

    def is_fresh(self, record: UrlRecord) -> bool:
        """Tell whether the server need not be asked."""
        return self._clock() < record.fresh_until

    def put(self, url: str, sound: str, answer: Download, old: UrlRecord | None = None) -> None:
        """Remember ``answer``; a 304 takes from ``old`` what it does not repeat."""
        headers: Mapping[str, str] = answer.headers
        if not may_store(headers):
            self.drop(url)
            return
        # A temporary redirect may lead elsewhere the next time: ask.
        seconds = lifetime(headers) if answer.permanent else 0.0
        record = UrlRecord(
            url=url,
            final_url=answer.url,
            sound=sound,
            fresh_until=self._clock() + seconds,
            etag=headers.get("ETag", old.etag if old else ""),
            last_modified=headers.get("Last-Modified", old.last_modified if old else ""),
        )
        if not record.validators and seconds == 0:
            self.drop(url)
            return
        self._records[url] = record
        self._records.move_to_end(url)
        path = self._path(url)
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(msgspec.json.encode(record))
        temporary.replace(path)
        self._trim()

    def drop(self, url: str) -> None:
        """Forget ``url``."""
        if self._records.pop(url, None) is not None:
            self._path(url).unlink(missing_ok=True)

    def _trim(self) -> None:
        while len(self._records) > MAX_URLS:
            self.drop(next(iter(self._records)))

    def _path(self, url: str) -> Path:
        return self._folder / f"{hashlib.sha256(url.encode()).hexdigest()}.json"
