"""The worker's end of the control socket: commands in, events out, nothing lost in between."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec
import structlog

from stream import control

log = structlog.get_logger(__name__)

RING = 8192
"""Events kept for an app that is away; the oldest go first."""

CHATTER = 1024
"""The same of marks and keys. A bot makes as many as it likes, and may not push out others."""

MAX_NEWS_UNREAD = 256 * 1024
"""Bytes an attached app may leave unread before news are left out: some thousand of them."""

MAX_UNREAD = 32 * 1024 * 1024
"""Bytes an attached app may leave unread before it is cut off (it comes back for them).

More than full rings, so that telling everything again never cuts off by itself.
"""


class ControlServer:
    """Unix socket server with at most one app attached; a second one replaces the first."""

    def __init__(
        self,
        path: Path,
        on_command: Callable[[control.Command], None],
        hello: Callable[[], control.Hello],
        ring: int = RING,
    ) -> None:
        self._path = path
        self._on_command = on_command
        self._hello = hello
        self._ring: deque[tuple[int, bytes]] = deque(maxlen=ring)
        self._chatter: deque[tuple[int, bytes]] = deque(maxlen=CHATTER)
        self._seq = 0
        self._app: _Peer | None = None
        #: News that an app was too slow for, or away.
        self.news_dropped = 0
        self._server: asyncio.Server | None = None
        self.peers: set[_Peer] = set()

    @property
    def kept(self) -> int:
        """Events not yet acknowledged."""
        return len(self._ring) + len(self._chatter)

    async def start(self) -> None:
        """Listen; a socket left behind by an earlier life is replaced."""
        self._path.unlink(missing_ok=True)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: _Peer(self), str(self._path))
        self._path.chmod(0o600)

    async def close(self) -> None:
        """Stop listening and part from the app."""
        if self._server is not None:
            self._server.close()
        for peer in list(self.peers):
            peer.close()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def emit(self, event: control.StreamEvent) -> None:
        """Number ``event``, keep it until it is acknowledged, and tell it; or tell news."""
        if isinstance(event, control.News):
            self._tell_news(event)
            return
        self._seq += 1
        event.seq = self._seq
        line = control.encode(event)
        chatter = isinstance(event, control.Mark | control.DtmfSent)
        (self._chatter if chatter else self._ring).append((self._seq, line))
        if self._app is not None:
            self._app.write(line)

    def tell(self, event: control.Counts | control.Measured) -> None:
        """Tell the app something that it can do without: neither numbered nor kept."""
        if self._app is not None:
            self._app.write(control.encode(event))

    def _tell_news(self, news: control.News) -> None:
        if self._app is None or self._app.unread > MAX_NEWS_UNREAD:
            if self.news_dropped == 0:
                log.warning("control.news_dropped", stream_sid=news.stream_sid)
            self.news_dropped += 1
            return
        self._app.write(control.encode(news))

    def connected(self, peer: _Peer) -> None:
        """Somebody connected (called by the peer)."""
        self.peers.add(peer)

    def disconnected(self, peer: _Peer) -> None:
        """Somebody went (called by the peer)."""
        self.peers.discard(peer)
        if self._app is peer:
            self._app = None
            log.info("control.detached")

    def line(self, peer: _Peer, line: bytes) -> None:
        """Take one line of ``peer`` (called by the peer)."""
        try:
            command = control.decode_command(line)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            log.warning("control.bad_command", error=str(error)[:200])
            return
        if isinstance(command, control.Attach):
            self._attach(peer, command)
        elif peer is not self._app:
            log.warning("control.not_attached", command=type(command).__name__)
        elif isinstance(command, control.Ack):
            for ring in (self._ring, self._chatter):
                while ring and ring[0][0] <= command.seq:
                    ring.popleft()
        elif isinstance(command, control.Ping):
            peer.write(control.encode(control.Pong()))
        else:
            self._on_command(command)

    def _attach(self, peer: _Peer, attach: control.Attach) -> None:
        if self._app is not None and self._app is not peer:
            log.warning("control.replaced")
            self._app.write(control.encode(control.Replaced()))
            self._app.close()
        self._app = peer
        hello = self._hello()
        hello.seq = self._seq
        kept = list(heapq.merge(self._ring, self._chatter))
        hello.first_seq = kept[0][0] if kept else self._seq + 1
        peer.write(control.encode(hello))
        known = attach.last_seq if attach.boot == hello.boot else 0
        again = [line for seq, line in kept if seq > known]
        for line in again:
            peer.write(line)
        log.info("control.attached", told_again=len(again))


class _Peer(asyncio.Protocol):
    """One connection to the control socket."""

    def __init__(self, server: ControlServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._server.connected(self)

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > control.MAX_LINE:
            log.warning("control.line_too_long")
            self.close()
            return
        for line in lines:
            self._server.line(self, line)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.disconnected(self)

    @property
    def unread(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def write(self, line: bytes) -> None:
        """Send a line; a reader too far behind is cut off."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(line)
        if self._transport.get_write_buffer_size() > MAX_UNREAD:
            log.warning("control.app_too_slow")
            self._transport.abort()

    def close(self) -> None:
        """End the connection after what was written."""
        if self._transport is not None:
            self._transport.close()
