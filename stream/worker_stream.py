"""One stream of a worker: a session joined to its WebSocket and its RTP peer."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import msgspec
import structlog

from stream import control
from stream.hot import Poller
from stream.oneway import OneWay
from stream.session import Session
from stream.twin import Lane, Receiver
from stream.udp import RtpSocket
from stream.ws_connect import BROKEN, StreamFailure, connect
from stream.ws_link import WsLink
from stream.ws_url import shown

log = structlog.get_logger(__name__)

MISSED_PONGS = 2
"""Unanswered pings after which the server counts as gone."""

FAILED = 31900


class WorkerStream:
    """Life of a stream, from the Open command to the one Stopped event."""

    def __init__(
        self,
        spec: control.Open,
        rtp: RtpSocket,
        poller: Poller,
        tls: ssl.SSLContext,
        emit: Callable[[control.StreamEvent], None],
        on_open: Callable[[WorkerStream], None],
        on_end: Callable[[WorkerStream], None],
    ) -> None:
        self.sid = spec.stream_sid
        self._spec = spec
        self._rtp = rtp
        self._tls = tls
        self._emit = emit
        self._on_open = on_open
        self._on_end = on_end
        self._peers: list[tuple[bytes, Receiver]] = []
        self._link = WsLink(self, poller)
        kind: type[Session | OneWay] = OneWay if spec.mode == "start" else Session
        self._session = kind(spec, self._link, self._tell)
        self._session.on_failed = self._broken
        self._connecting: asyncio.Task[None] | None = None
        self._ended = False
        self._log = log.bind(stream_sid=self.sid, call_sid=spec.call_sid)

    def start(self) -> None:
        """Begin: silence to the caller at once, the WebSocket as soon as it connects."""
        for host, port, receiver in self._session.sources():
            try:
                peer = self._rtp.address(host, port)
            except (OSError, OverflowError):
                reason = f"peer {host!r}, {port} is no address of the RTP socket's"
                self._end("error", FAILED, reason)
                return
            self._peers.append((peer, receiver))
            self._rtp.register(peer, receiver)
            if isinstance(self._session, Session):
                self._session.peer = peer
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    @property
    def lane(self) -> Session | OneWay:
        """What the wheel ticks every 20 ms."""
        return self._session

    @property
    def owner(self) -> tuple[str, str]:
        """SIDs of the account and the call."""
        return self._spec.account_sid, self._spec.call_sid

    def stats(self) -> control.Stats:
        """Return the counters of this stream's life."""
        return self._session.stats()

    def ping(self) -> None:
        """See that the server is still there."""
        if self._link.ping() >= MISSED_PONGS:
            self._link.abort()
            self._end("error", BROKEN, "the server answers no pings")

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

    def link_open(self) -> Lane | None:
        """The upgrade is done (said by the link)."""
        self._connecting = None
        self._session.open()
        self._on_open(self)
        self._log.info("stream.started", url=shown(self._spec.url))
        return self._session if isinstance(self._session, Session) else None

    def link_text(self, message: bytes) -> None:
        """A text message came that the lane has not taken (said by the link)."""
        self._session.text(message)

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

    def _broken(self, error: BaseException) -> None:
        self._log.error("stream.failed", exc_info=error)
        self.fail(FAILED, "internal failure")

    async def _connect(self) -> None:
        try:
            opened = await connect(self._spec, self._tls)
            self._link.open(opened)
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
        for peer, receiver in self._peers:
            self._rtp.unregister(peer, receiver)
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
