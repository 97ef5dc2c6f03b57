"""The app's side of the recogniser process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec

from ari_app.errors import TwilioError
from ari_app.recognition.messages import (
    Event,
    Failed,
    Final,
    Ready,
    Wanted,
    decode_event,
    encode,
)

DEGRADED = 13340
#: Seconds to wait for the process to be ready.
READY_SECONDS = 5.0
#: Bytes of PCM a message (1 s).
PIECE = 16_000


class Recognition:
    """One recognition that runs: where its audio goes, and what comes of it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, url: str) -> None:
        self._socket = socket
        #: Where a stream worker sends the audio.
        self.url = url

    async def send(self, pcm: bytes) -> None:
        """Give it audio of a recording; b"" is its end."""
        await self._socket.send_bytes(pcm)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events()

    async def _events(self) -> AsyncIterator[Event]:
        async for message in self._socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            event = decode_event(message.data)
            if isinstance(event, Failed):
                raise TwilioError(event.code, event.message)
            yield event


class RecognizerClient:
    """Asks the process behind ``socket``."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    @asynccontextmanager
    async def listen(self, wanted: Wanted) -> AsyncIterator[Recognition]:
        """Begin a recognition; it ends with the block.

        Raises TwilioError 13340 when the process is away or busy, 13331 for a language that the
        engine does not know; so does waiting for events.
        """
        connector = aiohttp.UnixConnector(str(self._socket))
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=READY_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
                session.ws_connect("http://recognizer/listen") as socket,
            ):
                await socket.send_str(encode(wanted))
                event = decode_event(await socket.receive_str(timeout=READY_SECONDS))
                if isinstance(event, Failed):
                    raise TwilioError(event.code, event.message)
                if not isinstance(event, Ready):
                    raise TwilioError(DEGRADED, "the recogniser did not begin")
                yield Recognition(socket, event.url)
        except (aiohttp.ClientError, OSError, TypeError, msgspec.MsgspecError) as error:
            raise TwilioError(DEGRADED, f"no speech recognition: {error}") from error

    async def transcribe(self, pcm: bytes, wanted: Wanted) -> str:
        """Return all that is said in a whole recording, 16-bit PCM at 8 kHz; raises TwilioError."""
        async with self.listen(msgspec.structs.replace(wanted, file=True)) as running:
            for at in range(0, len(pcm), PIECE):
                await running.send(pcm[at : at + PIECE])
            await running.send(b"")
            said = [one.text async for one in running if isinstance(one, Final) and one.text]
        return " ".join(said)
