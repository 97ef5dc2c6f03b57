"""One GET of an audio file into a temporary file, bounded in bytes and time."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from ari_app.errors import TwilioError
from ari_app.failures import explain
from ari_app.media.convert import Kind
from ari_app.urls import safe

MAX_REDIRECTS = 10

_CHUNK = 1 << 18
_HEADERS = {
    "Accept": "audio/*, application/octet-stream;q=0.5",
    "Accept-Encoding": "identity",
    "User-Agent": "TwilioProxy/1.1",
}
_KINDS: dict[str, Kind] = {
    "audio/basic": "ulaw",
    "audio/mulaw": "ulaw",
    "audio/pcmu": "ulaw",
    "audio/ulaw": "ulaw",
    "audio/x-mulaw": "ulaw",
    "audio/x-ulaw": "ulaw",
    "audio/gsm": "gsm",
    "audio/x-gsm": "gsm",
}
# What object stores and plain file servers say of files they know nothing about.
_UNTYPED = {"", "application/octet-stream", "binary/octet-stream"}
_SUFFIX_KINDS: dict[str, Kind] = {"ulaw": "ulaw", "ul": "ulaw", "gsm": "gsm"}


@dataclass
class Limits:
    """Bounds of downloads: bytes of one, bytes of all under way, seconds.

    40 minutes of CD audio are 423 MB.
    """

    file_bytes: int = 450_000_000
    total_bytes: int = 1_000_000_000
    timeout: aiohttp.ClientTimeout = field(
        default_factory=lambda: aiohttp.ClientTimeout(total=120, sock_connect=10, sock_read=15)
    )
    under_way: int = 0  # bytes on disk of downloads not finished


@dataclass(frozen=True)
class Download:
    """The answer to a GET; ``digest`` (SHA-256, hex) and ``kind`` are empty for a 304."""

    modified: bool
    url: str  # after redirects
    headers: Mapping[str, str]
    permanent: bool  # no temporary redirect led here
    kind: Kind = "auto"
    digest: str = ""


async def download(
    session: aiohttp.ClientSession,
    url: str,
    target: Path,
    validators: Mapping[str, str],
    limits: Limits,
) -> Download:
    """Fetch ``url`` to ``target``; ``validators`` are If-None-Match / If-Modified-Since.

    Raises TwilioError: 13420 for a type that is no audio or a body too large, 112xx for
    everything HTTP, 11100 for a bad URL, 12400 when all downloads together are too large; OSError
    when ``target`` cannot be written.
    """
    try:
        async with session.get(
            url,
            headers={**_HEADERS, **validators},
            timeout=limits.timeout,
            max_redirects=MAX_REDIRECTS,
        ) as response:
            permanent = all(hop.status in (301, 308) for hop in response.history)
            final = str(response.url)
            if response.status == 304 and validators:
                return Download(False, final, response.headers.copy(), permanent)
            if response.status != 200:
                raise TwilioError(11200, f"GET {safe(url)} answered {response.status}")
            kind = audio_kind(response.headers.get("Content-Type", ""), response.url.path, url)
            digest = await _save(response, url, target, limits)
            return Download(True, final, response.headers.copy(), permanent, kind, digest)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        cause = explain(error)
        raise TwilioError(cause.code, f"GET {safe(url)}: {cause.text}") from error


async def _save(response: aiohttp.ClientResponse, url: str, target: Path, limits: Limits) -> str:
    if (response.content_length or 0) > limits.file_bytes:
        raise _too_large(url, limits)
    digest = hashlib.sha256()
    size = 0
    try:
        with await asyncio.to_thread(target.open, "wb") as file:
            async for chunk in response.content.iter_chunked(_CHUNK):
                size += len(chunk)
                limits.under_way += len(chunk)
                if size > limits.file_bytes:
                    raise _too_large(url, limits)
                if limits.under_way > limits.total_bytes:
                    raise TwilioError(12400, f"too much is being downloaded to take {safe(url)}")
                digest.update(chunk)
                await asyncio.to_thread(file.write, chunk)
    finally:
        limits.under_way -= size
    if size == 0:
        raise TwilioError(13420, f"{safe(url)} is empty")
    return digest.hexdigest()


def _too_large(url: str, limits: Limits) -> TwilioError:
    return TwilioError(13420, f"{safe(url)} is larger than {limits.file_bytes // 1_000_000} MB")


def audio_kind(content_type: str, path: str, url: str) -> Kind:
    """Return how to read a body of ``content_type``; raises TwilioError 13420 for no audio.

    Any ``audio/`` type is read by its content, headerless µ-law and GSM by their type, an
    untyped body by its content and the extension of ``path``.
    """
    mime = content_type.split(";", 1)[0].strip().lower()
    if mime in _KINDS:
        return _KINDS[mime]
    if mime in _UNTYPED:
        return _SUFFIX_KINDS.get(path.rpartition(".")[2].lower(), "auto")
    if not mime.startswith("audio/"):
        raise TwilioError(13420, f"{safe(url)} is {mime!r}, not audio")
    return "auto"
