"""Files of recordings that lie on other nodes, fetched over their HTTP API."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import aiohttp
import structlog

from ari_app.api.ports import ApiError
from ari_app.cluster import Presence
from ari_app.model import Account, RecordingRecord

log = structlog.get_logger(__name__)

#: Files that are kept for who asks again, and their bytes; beyond it the oldest go.
KEPT = 50
KEPT_BYTES = 200 * 1024 * 1024
#: Seconds that fetching one may take.
PATIENCE = 120.0


class FetchedFiles:
    """A small folder of copies."""

    def __init__(
        self,
        folder: Path,
        session: aiohttp.ClientSession,
        presence: Presence,
        account: Callable[[str], Awaitable[Account | None]],
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        """``session`` may go to private addresses: nodes are the operator's own."""
        self._folder = folder
        self._session = session
        self._presence = presence
        self._account = account
        self._kept_bytes = kept_bytes

    async def fetch(
        self, record: RecordingRecord, kind: Literal["wav", "mp3"], channels: int | None
    ) -> Path:
        """Return a copy of the file. Raises FileNotFoundError, ApiError 503."""
        path = self._folder / f"{record.sid}-{channels or 'all'}.{kind}"
        if path.exists():
            return path
        node, account = self._presence.find(record.node), await self._account(record.account_sid)
        if node is None or account is None:
            raise ApiError(503, 20503, "The node that has the recording is away")
        url = f"{node.api}/2010-04-01/Accounts/{account.sid}/Recordings/{record.sid}.{kind}"
        query = {"RequestedChannels": str(channels)} if channels else {}
        part = path.with_name(uuid.uuid4().hex)
        try:
            async with (
                asyncio.timeout(PATIENCE),
                self._session.get(
                    url,
                    params=query,
                    headers={
                        "Authorization": aiohttp.encode_basic_auth(account.sid, account.auth_token)
                    },
                ) as response,
            ):
                if response.status == 404:
                    raise FileNotFoundError(record.sid)
                response.raise_for_status()
                await self._keep(response, part)
            part.replace(path)
        except FileNotFoundError:
            raise
        except (aiohttp.ClientError, OSError) as error:  # no answer in time, or no room here
            log.warning("recording.not_fetched", sid=record.sid, node=record.node, error=str(error))
            raise ApiError(503, 20503, "The node that has the recording does not answer") from error
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        await asyncio.to_thread(self._forget_old, path)
        return path

    async def _keep(self, response: aiohttp.ClientResponse, part: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
            async for chunk in response.content.iter_chunked(256 * 1024):
                await asyncio.to_thread(file.write, chunk)

    def _forget_old(self, new: Path) -> None:
        """Keep the newest; ``new`` in any case, and what is being fetched."""
        found = []
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another's part, ready this moment
                stat = path.stat()
                fetching = not path.suffix and time.time() - stat.st_mtime < PATIENCE
                if path != new and not fetching:
                    found.append((stat.st_mtime, stat.st_size, path))
        count, size = 1, new.stat().st_size if new.exists() else 0
        for _, more, path in sorted(found, reverse=True):
            count, size = count + 1, size + more
            if count > KEPT or size > self._kept_bytes:
                path.unlink(missing_ok=True)
