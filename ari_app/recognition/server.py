"""The recogniser process: recognitions asked for over a Unix socket, audio as Media Streams."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog
from aiohttp import WSMsgType, web

from ari_app.recognition.engine import Engine, RecognitionError
from ari_app.recognition.hearing import Hearing, pcm_of
from ari_app.recognition.messages import Event, Failed, Ready, decode_wanted, encode

log = structlog.get_logger(__name__)

#: Seconds an app may take to say what it wants.
ASK_SECONDS = 5.0
#: How choosy the voice detection is, 0 to 3: telephones carry noise.
STRICTNESS = 3


class _Payload(msgspec.Struct):
    payload: bytes
    track: str = "inbound"


class _Message(msgspec.Struct):
    event: str
    media: _Payload | None = None


_messages = msgspec.json.Decoder(_Message)


def webrtc_voice() -> Callable[[bytes], bool]:
    """Return a judge of 20 ms frames at 8 kHz (WebRTC's voice activity detection)."""
    from pocketsphinx import Vad  # noqa: PLC0415 - the library loads only where it is used

    return Vad(STRICTNESS, 8000, 0.02).is_speech  # type: ignore[no-any-return]


class RecognizerServer:
    """Serves recognitions until closed. ``limit`` bounds those at a time."""

    def __init__(
        self,
        engine: Engine,
        socket: Path,
        *,
        limit: int,
        voice: Callable[[], Callable[[bytes], bool]] = webrtc_voice,
    ) -> None:
        self._engine = engine
        self._socket = socket
        self._limit = limit
        self._voice = voice
        self._asked = 0
        self._feeds: dict[str, Hearing] = {}
        self._stack = contextlib.AsyncExitStack()
        self._port = 0

    async def start(self) -> None:
        """Open the sockets; one left behind by an earlier life is replaced."""
        self._socket.unlink(missing_ok=True)
        app = await self._serve(web.get("/listen", self._listen))
        await web.UnixSite(app, str(self._socket)).start()
        self._socket.chmod(0o600)
        feeds = await self._serve(web.get("/feed/{id}", self._feed))
        await web.TCPSite(feeds, "127.0.0.1", 0).start()
        self._port = feeds.addresses[0][1]
        log.info("recognizer.started", engine=self._engine.name, port=self._port)

    async def close(self) -> None:
        """Close the sockets and what runs on them."""
        await self._stack.aclose()
        self._socket.unlink(missing_ok=True)

    async def _serve(self, route: web.RouteDef) -> web.AppRunner:
        app = web.Application()
        app.add_routes([route])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        return runner

    async def _listen(self, request: web.Request) -> web.WebSocketResponse:
        """The app's side of a recognition."""
        socket = web.WebSocketResponse(max_msg_size=1024 * 1024)
        await socket.prepare(request)

        async def tell(event: Event) -> None:
            with contextlib.suppress(ConnectionError):
                await socket.send_str(encode(event))

        try:
            async with asyncio.timeout(ASK_SECONDS):
                wanted = decode_wanted(await socket.receive_str())
        except (TimeoutError, TypeError, msgspec.MsgspecError) as error:
            log.warning("recognizer.bad_request", error=repr(error)[:200])
            return socket
        if self._asked >= self._limit:
            await tell(Failed(13340, f"{self._limit} recognitions run already"))
            return socket
        self._asked += 1
        hearing = Hearing(self._engine, wanted, self._voice, tell)
        feed = secrets.token_hex(16)
        try:
            # Opened now, so that what cannot be had is told before the call is tapped.
            hearing.open()
            if not wanted.file:
                self._feeds[feed] = hearing
            await tell(Ready(f"ws://127.0.0.1:{self._port}/feed/{feed}"))
            async for message in socket:
                if message.type is not WSMsgType.BINARY or not wanted.file:
                    break
                if not message.data:
                    await hearing.finish()
                    break
                await hearing.push("inbound", message.data)
        except RecognitionError as error:
            await tell(Failed(error.code, error.message))
        finally:
            self._asked -= 1
            self._feeds.pop(feed, None)
            await hearing.close()
        return socket

    async def _feed(self, request: web.Request) -> web.WebSocketResponse:
        """A stream worker's side: the audio."""
        hearing = self._feeds.pop(request.match_info["id"], None)
        if hearing is None:
            raise web.HTTPNotFound
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            try:
                said = _messages.decode(message.data)
            except msgspec.MsgspecError as error:
                log.warning("recognizer.bad_message", error=str(error)[:200])
                break
            if said.media is not None:
                await hearing.push(said.media.track, pcm_of(said.media.payload))
        return socket


def run_recognizer(
    make: Callable[[contextlib.AsyncExitStack], Engine],
    socket: Path,
    limit: int,
    *,
    while_running: Callable[
        [], contextlib.AbstractAsyncContextManager[object]
    ] = contextlib.nullcontext,
) -> None:
    """Run the process until SIGTERM or SIGINT; ``make`` is called inside its event loop.

    ``while_running`` is entered once recognitions are taken and left before the process stops.
    """

    async def main() -> None:
        async with contextlib.AsyncExitStack() as stack:
            server = RecognizerServer(make(stack), socket, limit=limit)
            await server.start()
            stack.push_async_callback(server.close)
            ending = asyncio.Event()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, ending.set)
            async with while_running():
                await ending.wait()

    asyncio.run(main())
