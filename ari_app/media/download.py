"""One GET of an audio file into a temporary file, bounded in bytes and time."""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from ari_app.errors import TwilioError
from ari_app.media.convert import Kind

MAX_REDIRECTS = 10

_CHUNK = 1 << 18
_USERINFO = re.compile(r"//[^/?#]*@")
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
                raise TwilioError(11200, f"GET {shown(url)} answered {response.status}")
            kind = audio_kind(response.headers.get("Content-Type", ""), response.url.path, url)
            digest = await _save(response, url, target, limits)
            return Download(True, final, response.headers.copy(), permanent, kind, digest)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise http_error(url, error) from error


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
                    raise TwilioError(12400, f"too much is being downloaded to take {shown(url)}")
                digest.update(chunk)
                await asyncio.to_thread(file.write, chunk)
    finally:
        limits.under_way -= size
    if size == 0:
        raise TwilioError(13420, f"{shown(url)} is empty")
    return digest.hexdigest()


def _too_large(url: str, limits: Limits) -> TwilioError:
    return TwilioError(13420, f"{shown(url)} is larger than {limits.file_bytes // 1_000_000} MB")


def shown(url: str) -> str:
    """Return ``url`` as messages may show it: without user name and password."""
    return _USERINFO.sub("//", url, count=1)


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
        raise TwilioError(13420, f"{shown(url)} is {mime!r}, not audio")
    return "auto"


def http_error(url: str, error: Exception) -> TwilioError:
    """Map what aiohttp raises to Twilio's code (contract §1.3)."""
    cause: BaseException | None = error
    while cause is not None:  # a guard in the session speaks Twilio itself
        if isinstance(cause, TwilioError):
            return cause
        cause = cause.__cause__ or getattr(cause, "os_error", None)
    return TwilioError(
        _code(error), f"GET {shown(url)}: {type(error).__name__} {shown(str(error))}".rstrip()
    )


def _code(error: Exception) -> int:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _certificate_code(error.certificate_error)
    if isinstance(error, aiohttp.ClientSSLError):
        return 11220
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return 11210
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return 11201
    if isinstance(error, TimeoutError):
        return 11203
    if isinstance(error, aiohttp.TooManyRedirects):
        return 11215
    if isinstance(error, aiohttp.RedirectClientError):
        return 11216
    if isinstance(error, aiohttp.ClientConnectorError):
        return 11202 if isinstance(error.os_error, ConnectionRefusedError) else 11205
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientResponseError):
        return 11206
    if isinstance(error, ValueError | aiohttp.NonHttpUrlClientError):
        return 11100
    return 11205


def _certificate_code(error: Exception) -> int:
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code == 10:  # X509_V_ERR_CERT_HAS_EXPIRED
            return 11236
        if error.verify_code in (62, 64):  # host name, IP address mismatch
            return 11235
    return 11237
