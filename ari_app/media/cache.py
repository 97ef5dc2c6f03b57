"""Sounds for Play and Say: fetched or made once, converted once, kept within bounds.

Asterisk is handed nothing but complete, checked files (B-29: its own URL cache races under load
and reports missing files as played).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import structlog

from ari_app.errors import TwilioError
from ari_app.media.convert import Kind, UnusableAudio, convert, is_plain
from ari_app.media.download import Limits, audio_kind, download
from ari_app.media.files import SoundFiles
from ari_app.media.index import UrlIndex
from ari_app.media.isolate import convert_isolated
from ari_app.media.sound import Sound
from ari_app.urls import safe

log = structlog.get_logger(__name__)

MAX_URL = 4096
_FULL = (errno.ENOSPC, errno.EDQUOT)


class MediaCache:
    """Sounds by URL or by key under ``root``, at most ``max_bytes`` (see ``SoundFiles``).

    ``session`` carries the guard against private addresses. Requests for one URL or key at a
    time share one piece of work, which goes on when a waiting call is cancelled.
    """

    def __init__(
        self,
        root: Path,
        session: aiohttp.ClientSession,
        max_bytes: int,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._limits = limits or Limits()
        self._session = session
        self._files = SoundFiles(root, max_bytes, clock=clock)
        self._index = UrlIndex(root.resolve() / "urls", clock=clock)
        self._flights: dict[str, asyncio.Task[Sound]] = {}
        self._converters = asyncio.Semaphore(max(1, os.cpu_count() or 1))

    async def fetch(self, url: str) -> Sound:
        """Return the audio at ``url``, asking its server as little as its headers allow.

        Raises TwilioError: 13420 not usable as audio, 11100 and 112xx as HTTP fails, 12400 no
        room in the media folder.
        """
        if len(url) > MAX_URL or not url.lower().startswith(("http://", "https://")):
            raise TwilioError(11100, f"Play URL is not an absolute http(s) URL: {safe(url)}")
        return await self._once(f"url:{url}", lambda: self._fetch(url))

    async def keep(self, body: bytes, content_type: str, url: str) -> Sound:
        """Return the sound of audio that came from ``url`` with a webhook's answer.

        Raises TwilioError: 13420 not usable as audio, 12400 no room in the media folder.
        """
        kind = audio_kind(content_type, urlsplit(url).path, url)
        digest = hashlib.sha256(body).hexdigest()
        name = hashlib.sha256(f"{kind}:{digest}".encode()).hexdigest()
        return self._files.get(name) or await self._once(
            f"keep:{name}", lambda: self._keep(name, body, kind, url)
        )

    async def make(self, key: str, producer: Callable[[], Awaitable[bytes]]) -> Sound:
        """Return the sound of ``key``; ``producer`` gives it as WAV bytes when it is not here.

        ``producer`` is trusted: its audio is converted in this process. Raises what it raises,
        and TwilioError 13420 or 12400.
        """
        name = hashlib.sha256(f"make:{key}".encode()).hexdigest()
        return self._files.get(name) or await self._once(
            f"make:{key}", lambda: self._make(name, producer)
        )

    async def close(self) -> None:
        """End the work under way."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    async def _once(self, key: str, work: Callable[[], Awaitable[Sound]]) -> Sound:
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._guarded(work))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(flight)

    def _landed(self, key: str, flight: asyncio.Task[Sound]) -> None:
        del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # seen, even if every call that waited is gone

    async def _guarded(self, work: Callable[[], Awaitable[Sound]]) -> Sound:
        try:
            return await work()
        except OSError as error:
            reason = "is full" if error.errno in _FULL else f"failed: {error}"
            log.error("media_folder_failed", error=str(error))
            raise TwilioError(12400, f"the media folder {reason}") from error

    async def _fetch(self, url: str) -> Sound:
        record = self._index.get(url)
        sound = self._files.get(record.sound) if record else None
        if record and sound:
            if self._index.is_fresh(record):
                return sound
        else:
            record = None
        source = self._files.temporary()
        try:
            with sound or contextlib.nullcontext():
                answer = await download(
                    self._session,
                    url,
                    source,
                    record.validators if record else {},
                    self._limits,
                )
                if not answer.modified and record and sound:
                    if answer.url == record.final_url:
                        self._index.put(url, record.sound, answer, record)
                        return sound
                    # It redirects elsewhere now, where the same tag may mean another file.
                    answer = await download(self._session, url, source, {}, self._limits)
            name = hashlib.sha256(f"{answer.kind}:{answer.digest}".encode()).hexdigest()
            sound = self._files.get(name) or await self._convert_foreign(
                url, name, source, answer.kind
            )
            self._index.put(url, name, answer)
            return sound
        finally:
            self._files.discard(source)

    async def _convert_foreign(self, url: str, name: str, source: Path, kind: Kind) -> Sound:
        self._files.make_room()
        try:
            async with self._converters:
                if await asyncio.to_thread(is_plain, source, kind):
                    await asyncio.to_thread(convert, source, kind, source)
                else:
                    await convert_isolated(source, kind, source)
        except UnusableAudio as error:
            raise TwilioError(13420, f"{safe(url)} is not usable audio: {error}") from error
        sound = self._files.add(name, source)
        log.info("sound_fetched", url=safe(url), seconds=sound.duration)
        return sound

    async def _keep(self, name: str, body: bytes, kind: Kind, url: str) -> Sound:
        source = self._files.temporary()
        try:
            await asyncio.to_thread(source.write_bytes, body)
            return await self._convert_foreign(url, name, source, kind)
        finally:
            self._files.discard(source)

    async def _make(self, name: str, producer: Callable[[], Awaitable[bytes]]) -> Sound:
        self._files.make_room()
        wav = await producer()
        source = self._files.temporary()
        try:
            async with self._converters:
                await asyncio.to_thread(source.write_bytes, wav)
                await asyncio.to_thread(convert, source, "auto", source)
            return self._files.add(name, source)
        except UnusableAudio as error:
            raise TwilioError(13420, f"made audio is not usable: {error}") from error
        finally:
            self._files.discard(source)
