"""A voice bot that says what it hears, over Twilio's Media Streams protocol."""

from __future__ import annotations

import base64
from collections import Counter, deque
from typing import Any

import msgspec
import structlog
from aiohttp import WSMsgType, web

log = structlog.get_logger(__name__)

FRAMES_PER_SECOND = 50
MAX_DELAY_MS = 5000

#: Silence sent right before the first echo, so that a frame a little late leaves no hole (ms).
CUSHION_MS = 200
_CUSHION = base64.b64encode(b"\xff" * (8 * CUSHION_MS)).decode()


class EchoBots:
    """Serves every echo stream of one web server and remembers the counts of the last one."""

    def __init__(self) -> None:
        self._last: dict[str, Any] = {}

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Be one bot until the stream stops, ``#`` is pressed or the socket closes."""
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=1024 * 1024)
        await socket.prepare(request)
        bot = _EchoBot(socket)
        async for message in socket:
            if message.type is not WSMsgType.TEXT or not await bot.hear(message.data):
                break
        # Before the close: the call may end, and somebody ask, while the other side agrees to it.
        self._last = bot.summary()
        await socket.close()
        log.info("echo bot ended", **self._last)
        return socket

    async def last(self, _: web.Request) -> web.Response:
        """Answer the message counts of the stream that ended last, as JSON."""
        return web.json_response(self._last)


class _EchoBot:
    """One stream. Holds ``delay`` ms of audio back; ``*`` clears what the switch has queued."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._stream_sid = ""
        self._call_sid = ""
        self._delay = 0
        self._held: deque[str] = deque()
        self._echoed = 0
        self._received: Counter[str] = Counter()
        self._sent: Counter[str] = Counter()

    async def hear(self, text: str) -> bool:
        """Act on one message; False when the stream is over."""
        try:
            message = msgspec.json.decode(text)
            event = str(message["event"])
            if event in {"connected", "start", "media", "dtmf", "mark", "stop"}:
                self._received[event] += 1
            if event == "media":
                await self._echo(message["media"]["payload"])
            elif event == "start":
                self._start(message["start"])
            elif event == "dtmf":
                return await self._key(message["dtmf"]["digit"])
            return event != "stop"
        except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
            log.warning("echo bot cannot read a message", error=repr(error), text=text[:200])
            return False

    def summary(self) -> dict[str, Any]:
        """Counts by event, both ways."""
        return {
            "stream_sid": self._stream_sid,
            "call_sid": self._call_sid,
            "received": dict(self._received),
            "sent": dict(self._sent),
        }

    def _start(self, start: dict[str, Any]) -> None:
        self._stream_sid, self._call_sid = start["streamSid"], start["callSid"]
        delay = start["customParameters"].get("delay", "0")
        if delay.isdecimal():
            self._delay = min(int(delay), MAX_DELAY_MS) * FRAMES_PER_SECOND // 1000

    async def _echo(self, payload: str) -> None:
        self._held.append(payload)
        if len(self._held) > self._delay:
            if not self._echoed:
                await self._send("media", media={"payload": _CUSHION})
            await self._send("media", media={"payload": self._held.popleft()})
            self._echoed += 1
            if self._echoed % FRAMES_PER_SECOND == 0:
                name = f"second {self._echoed // FRAMES_PER_SECOND}"
                await self._send("mark", mark={"name": name})

    async def _key(self, digit: str) -> bool:
        if digit == "*":
            self._held.clear()
            await self._send("clear")
        return digit != "#"

    async def _send(self, event: str, **fields: Any) -> None:
        self._sent[event] += 1
        message = {"event": event, "streamSid": self._stream_sid, **fields}
        await self._socket.send_str(msgspec.json.encode(message).decode())
