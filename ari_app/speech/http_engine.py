"""What engines behind HTTP have in common: one bounded request, its failures told apart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import aiohttp
import msgspec

from ari_app.errors import TwilioError
from ari_app.urls import safe

MAX_BYTES = 64 * 1024 * 1024
"""20 minutes of 24 kHz 16-bit mono: ten times what the longest text takes."""
MAX_REQUESTS = 16
"""Requests to one engine at a time; more of them wait for a turn."""
_TEXT = 300

Refusal = Callable[[int, Mapping[str, str], bytes], TwilioError | None]
"""Status, headers and body of an answer that is no success to what it means."""


class HttpEngine:
    """Asks an engine's server. ``session`` must not be the one that is guarded for customers:
    the operator names these hosts, and they may be private. ``timeout`` is seconds for one
    part of a text, waiting for a turn included."""

    def __init__(self, name: str, session: aiohttp.ClientSession, timeout: float) -> None:
        self._name = name
        self._session = session
        self._timeout = timeout
        self._slots = asyncio.Semaphore(MAX_REQUESTS)

    async def ask(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        refusal: Refusal | None = None,
    ) -> bytes:
        """Return the body of a 200. Raises TwilioError: what ``refusal`` makes of another
        status, else 12400, also when the server is away, slow or has no end."""
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._slots,
                self._session.request(
                    method,
                    url,
                    data=body or None,
                    headers=headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
                ) as answer,
            ):
                content = await self._read(answer.content)
                if answer.status == 200:
                    return content
                told = refusal(answer.status, answer.headers, content) if refusal else None
                raise told or TwilioError(
                    12400, f"{self._name} answered {answer.status}: {_words(content)}"
                )
        except TimeoutError as error:
            raise TwilioError(
                12400, f"{self._name} gave no speech within {self._timeout:g} s"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise TwilioError(
                12400, f"{self._name} at {safe(url)} cannot be asked: {error}"
            ) from error

    async def _read(self, stream: aiohttp.StreamReader) -> bytes:
        content = bytearray()
        async for part in stream.iter_any():
            content += part
            if len(content) > MAX_BYTES:
                raise TwilioError(12400, f"{self._name} gave more than {MAX_BYTES >> 20} MB")
        return bytes(content)

    async def audio(
        self, url: str, body: object, headers: Mapping[str, str], refusal: Refusal | None = None
    ) -> bytes:
        """POST ``body`` as JSON and return audio. Raises TwilioError as ``ask`` does, and 12400
        when the answer is empty or a JSON document."""
        content = await self.ask(
            "POST",
            url,
            msgspec.json.encode(body),
            {"Content-Type": "application/json", **headers},
            refusal,
        )
        if not content or content.lstrip()[:1] == b"{":
            raise TwilioError(12400, f"{self._name} gave no audio: {_words(content)}")
        return content


def _words(content: bytes) -> str:
    return " ".join(content[:_TEXT].decode(errors="replace").split()) or "nothing"
