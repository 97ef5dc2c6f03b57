"""One stream of a worker: a session joined to its WebSocket and its RTP peer."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Callable

import msgspec
import structlog

from stream import control
from stream.oneway import OneWay
from stream.rtp import Packet, Sender
from stream.session import Session
from stream.udp import RtpSocket
from stream.ws_connect import BROKEN, StreamFailure, connect
from stream.ws_link import WsLink
from stream.ws_url import shown

log = structlog.get_logger(__name__)

PING_TICKS = 1_250
"""Ticks between pings to the server (25 s)."""

MISSED_PONGS = 2
"""Unanswered pings after which the server counts as gone."""

FAILED = 31900


class WorkerStream:
    """Life of a stream, from the Open command to the one Stopped event."""

    def __init__(
        self,
        spec: control.Open,
        rtp: RtpSocket,
        tls: ssl.SSLContext,
        emit: Callable[[control.StreamEvent], None],
        on_open: Callable[[WorkerStream], None],
        on_end: Callable[[WorkerStream], None],
        ping_ticks: int = PING_TICKS,
    ) -> None:
        self.sid = spec.stream_sid
        self._spec = spec
        self._rtp = rtp
        self._tls = tls
        self._emit = emit
        self._on_open = on_open
        self._on_end = on_end
        self._peer = b""
        self._peers: list[tuple[bytes, Callable[[Packet], None]]] = []
        self._link = WsLink(self)
        kind: type[Session | OneWay] = OneWay if spec.mode == "start" else Session
        self._session = kind(spec, self._link, self._tell)
        self._sender = Sender(
            self._session.payload_type,
            ssrc=secrets.randbits(32),
            sequence=secrets.randbits(15),
            timestamp=secrets.randbits(31),
        )
        self._ping_ticks = ping_ticks
        self._next_ping = ping_ticks
        self._connecting: asyncio.Task[None] | None = None
        self._ended = False
        # Said by the link; straight to the session, as it comes each frame.
        self.link_text: Callable[[bytes], None] = self._session.text
        self._log = log.bind(stream_sid=self.sid, call_sid=spec.call_sid)

    def start(self) -> None:
        """Begin: silence to the caller at once, the WebSocket as soon as it connects."""
        for host, port, receive in self._session.sources():
            try:
                self._peer = self._rtp.address(host, port)
            except (OSError, OverflowError):
                reason = f"peer {host!r}, {port} is no address of the RTP socket's"
                self._end("error", FAILED, reason)
                return
            self._peers.append((self._peer, receive))
            self._rtp.register(self._peer, receive)
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    def tick(self) -> bool:
        """Put out the frame that is due; the wheel calls this every 20 ms.

        Returns whether `sent` is to be called when it has left.
        """
        frame = self._session.tick()
        if frame is not None:
            self._rtp.put(self._sender.packet(frame), self._peer)
        self._next_ping -= 1
        if not self._next_ping:
            self._next_ping = self._ping_ticks
            self._ping()
        return self._session.marked

    def sent(self) -> None:
        """The frame has left (said by the wheel)."""
        self._session.sent()

    def dtmf(self, digit: str) -> None:
        """Tell the bot of a key press."""
        if not self._session.dtmf(digit):
            self._log.info("stream.dtmf_not_sent", digit=digit[:1])

    def stop(self) -> None:
        """End politely, because the app wants it."""
        self._part("requested", None, "")

    def fail(self, code: int, message: str) -> None:
        """End politely, because the worker cannot go on."""
        self._part("error", code, message)

    def link_open(self) -> None:
        """The upgrade is done (said by the link)."""
        self._session.open()
        self._on_open(self)
        self._log.info("stream.started", url=shown(self._spec.url))

    def link_binary(self) -> None:
        """A binary message came (said by the link)."""
        self._session.binary()

    def link_lost(self, code: int | None, message: str) -> None:
        """The WebSocket ended (said by the link)."""
        self._end("remote" if code is None else "error", code, message)

    def _tell(self, event: control.StreamEvent) -> None:
        if isinstance(event, control.Warned):
            self._log.warning("stream.warned", code=event.code, reason=event.message)
        self._emit(event)

    def _ping(self) -> None:
        if self._link.ping() >= MISSED_PONGS:
            self._link.abort()
            self._end("error", BROKEN, "the server answers no pings")

    async def _connect(self) -> None:
        try:
            await connect(self._spec, lambda: self._link, self._tls)
        except StreamFailure as failure:
            self._end("error", failure.code, failure.message)
        except Exception as error:
            self._log.exception("stream.connect_failed")
            self._end("error", FAILED, f"{type(error).__name__}: {error}")
        finally:
            self._connecting = None

    def _part(self, cause: control.Cause, code: int | None, message: str) -> None:
        if self._ended:
            return
        self._session.stop()
        self._link.close()
        self._end(cause, code, message)

    def _end(self, cause: control.Cause, code: int | None, message: str) -> None:
        if self._ended:
            return
        self._ended = True
        message = message[:500]
        self._session.close()
        for peer, receive in self._peers:
            self._rtp.unregister(peer, receive)
        if self._connecting is not None:
            self._connecting.cancel()
        stats = self._session.stats()
        log_line = self._log.warning if cause == "error" else self._log.info
        # What was heard and what was cleared, told apart (B-2); what is nought is left out.
        counts = {name: count for name, count in msgspec.structs.asdict(stats).items() if count}
        log_line(
            "stream.stopped",
            cause=cause,
            code=code,
            message=message,
            url=shown(self._spec.url),
            **counts,
        )
        self._emit(control.Stopped(self.sid, cause, code, message, stats))
        self._on_end(self)
