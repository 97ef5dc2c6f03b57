"""One WebSocket of events, from upgrade to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
import structlog

from ari_app.ari.decode import decode
from ari_app.ari.errors import Unavailable, error_for
from ari_app.ari.events import ApplicationReplaced, Event
from ari_app.ari.trace import Trace
from ari_app.ari.transport import Transport

log = structlog.get_logger(__name__)

# After so many events without a pause the loop gets a turn: a flood must not starve the calls.
_BATCH = 64

# Why a connection ended when another process took the application over.
REPLACED = "replaced"


@dataclass(frozen=True)
class Watch:
    """How a silent or slow connection is noticed; all in seconds.

    A ping goes out every `interval`. No pong within `lagging`: the state says so. None within
    `dead`: the connection is given up.
    """

    interval: float = 5.0
    lagging: float = 1.0
    dead: float = 10.0


async def connect(
    transport: Transport, app: str, deadline: float = 10.0
) -> aiohttp.ClientWebSocketResponse:
    """Open `GET /events` for one application; raises AriError (Unavailable, Unauthorized…)."""
    url = transport.base / "events"
    try:
        async with asyncio.timeout(deadline):
            return await transport.session.ws_connect(
                url.with_query(app=app),
                headers=transport.headers,
                autoping=False,
                autoclose=True,
                max_msg_size=16 * 1024 * 1024,
                timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
            )
    except aiohttp.WSServerHandshakeError as error:
        # A server that answers 101 and then not as agreed is as good as none.
        status = 0 if error.status == 101 else error.status
        raise error_for("GET", "/events", status, error.message) from error
    except TimeoutError:
        raise Unavailable("GET", "/events", 0, f"no answer within {deadline:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Unavailable("GET", "/events", 0, str(error) or type(error).__name__) from error


class Connection:
    """Reads events and watches that the other side lives."""

    def __init__(
        self,
        ws: aiohttp.ClientWebSocketResponse,
        app: str,
        watch: Watch,
        on_event: Callable[[Event], None],
        on_lag: Callable[[bool, float], None],
        trace: Trace | None = None,
    ) -> None:
        """`on_event` must neither wait nor raise; `on_lag(late, seconds)` follows each ping."""
        self._ws = ws
        self._app = app
        self._watch = watch
        self._on_event = on_event
        self._on_lag = on_lag
        self._trace = trace
        self._pong = asyncio.Event()
        # False while a ping waits for its pong; any pong will do.
        self._pong.set()

    async def run(self) -> str:
        """Until the connection is over; why it is."""
        reader = asyncio.create_task(self._read(), name="ari events")
        watchdog = asyncio.create_task(self._ping(), name="ari watchdog")
        try:
            done, _ = await asyncio.wait({reader, watchdog}, return_when=asyncio.FIRST_COMPLETED)
            return (reader if reader in done else watchdog).result()
        finally:
            reader.cancel()
            watchdog.cancel()
            await asyncio.gather(reader, watchdog, return_exceptions=True)
            await self._ws.close()

    async def _read(self) -> str:
        """Decode and hand over, nothing else: Asterisk cuts off a slow reader (B-23)."""
        events = 0
        while True:
            message = await self._ws.receive()
            kind = message.type
            if kind in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                if self._trace is not None:
                    self._trace.event(message.data)
                event = decode(message.data)
                if event is not None:
                    self._on_event(event)
                    if isinstance(event, ApplicationReplaced) and event.application == self._app:
                        return REPLACED
                events += 1
                if events % _BATCH == 0:
                    await asyncio.sleep(0)
            elif kind is aiohttp.WSMsgType.PING:
                await self._ws.pong(message.data)
            elif kind is aiohttp.WSMsgType.PONG:
                self._pong.set()
            elif kind is aiohttp.WSMsgType.ERROR:
                return f"broken: {message.data}"
            else:
                return f"closed with {self._ws.close_code}"

    async def _ping(self) -> str:
        loop = asyncio.get_running_loop()
        while True:
            sent = loop.time()
            self._pong.clear()
            try:
                async with asyncio.timeout(self._watch.dead):
                    await self._ws.ping()
                    await self._answered()
            except TimeoutError:
                return f"silent for {self._watch.dead:g} s"
            except (aiohttp.ClientError, ConnectionError) as error:
                return f"broken: {error or type(error).__name__}"
            self._on_lag(False, loop.time() - sent)
            await asyncio.sleep(self._watch.interval)

    async def _answered(self) -> None:
        try:
            async with asyncio.timeout(self._watch.lagging):
                await self._pong.wait()
        except TimeoutError:
            self._on_lag(True, self._watch.lagging)
            await self._pong.wait()
