"""The open WebSocket of one stream: whole messages up, synchronous bounded writes down."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from typing import Protocol

import structlog

from stream import frames
from stream.fragments import FragmentError, Fragments
from stream.hot import Poller, Wire
from stream.twin import Lane
from stream.ws_connect import BROKEN
from stream.ws_upgrade import Opened

log = structlog.get_logger(__name__)

CLOSED_ABNORMALLY = 31921
PROTOCOL = 31924
FAILED = 31900

SLOW_BYTES = 64 * 1024
"""Unsent bytes above which media is dropped: four seconds of it."""

DEAD_BYTES = 16 * 1024 * 1024
"""Unsent bytes above which the connection is given up."""

CLOSE_SECONDS = 2.0
"""How long the server may take to answer our close."""

_NORMAL = frozenset({1000, 1001, 1005})
#: Close codes that a server may send (RFC 6455 §7.4); 1005 stands for none at all.
_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})


class Owner(Protocol):
    """What the link reports to; ``link_lost`` is said once, and last."""

    def link_open(self) -> Lane | None:
        """The upgrade is done; returns who takes whole text messages, if not `link_text`."""

    def link_text(self, message: bytes) -> None:
        """A text message came."""

    def link_binary(self) -> None:
        """A binary message came."""

    def link_lost(self, code: int | None, message: str) -> None:
        """The connection ended: ``code`` None when the server closed it normally."""


class WsLink(Wire):
    """One connection with its manners. A lost link takes sends and drops them."""

    def __init__(self, owner: Owner, poller: Poller) -> None:
        super().__init__()
        self._owner = owner
        self._poller = poller
        self._loop = asyncio.get_running_loop()
        self._opened: Opened | None = None
        self._fragments = Fragments()
        self._over = False
        self._parting = False
        self._unanswered = 0

    # Called by the session.

    def send(self, message: bytes) -> None:
        """Send one text message."""
        if not self._over:
            self.send_frame(frames.TEXT, message)

    def congested(self) -> bool:
        """Tell whether the server reads too slowly for more media; one beyond hope is left."""
        unsent = self.unsent
        if unsent <= SLOW_BYTES:
            return False
        if unsent > DEAD_BYTES:
            self._loop.call_soon(
                self._fail, BROKEN, f"the server left {DEAD_BYTES >> 20} MiB unread"
            )
        return True

    # Called by the stream.

    def open(self, opened: Opened) -> None:
        """Begin: the upgrade is done."""
        self._opened = opened
        if self._over:  # given up while the server was thinking
            self.disconnect()
            return
        self.attach(opened.socket, opened.tls)
        self._poller.add(opened.socket.fileno(), self)
        lane = self._owner.link_open()
        if not self._over:
            self.lane = lane
        if opened.rest:
            self.take(opened.rest)

    def ping(self) -> int:
        """Send a ping; return how many before it are unanswered."""
        unanswered = self._unanswered
        if self._opened is not None and not self._over:
            self.send_frame(frames.PING, b"")
            self._unanswered += 1
        return unanswered

    def close(self, code: int = 1000) -> None:
        """Close from our side; nothing is reported any more."""
        self._end()
        if self._opened is not None:
            self._send_close(code)
            self._loop.call_later(CLOSE_SECONDS, self.disconnect)

    def abort(self) -> None:
        """Drop the connection at once; nothing is reported any more."""
        self._end()
        self.disconnect()

    def disconnect(self) -> None:
        """Close the socket, whatever waits."""
        opened, self._opened = self._opened, None
        if opened is None:
            return
        if opened.tls is not None and not self.unsent:
            with contextlib.suppress(OSError):
                opened.socket.send(opened.tls.end())
        self.detach()
        self._poller.remove(opened.socket.fileno())
        opened.socket.close()

    # Called by the wire.

    def on_frame(self, opcode: int, fin: bool, payload: bytes) -> None:
        """One frame came."""
        if self._over:
            if opcode == frames.CLOSE:
                self._part()
            return
        try:
            if opcode == frames.TEXT:
                message = self._fragments.begin(payload, fin, True)
                self.fragmented = not fin
                if message is not None:
                    self._owner.link_text(message)
            elif opcode == frames.CONTINUATION:
                whole = self._fragments.proceed(payload, fin)
                self.fragmented = not fin
                if whole is not None and whole[1]:
                    self._owner.link_text(whole[0])
                elif whole is not None:
                    self._owner.link_binary()
            elif opcode == frames.BINARY:
                whole_one = self._fragments.begin(payload, fin, False)
                self.fragmented = not fin
                if whole_one is not None:
                    self._owner.link_binary()
            elif opcode == frames.PING:
                self.send_frame(frames.PONG, payload)
            elif opcode == frames.PONG:
                self._unanswered = 0
            else:
                self._closed(payload)
        except FragmentError as error:
            self.on_violation(error.close_code, str(error))

    def on_violation(self, close_code: int, reason: str) -> None:
        """The server broke RFC 6455."""
        if not self._over:
            self._send_close(close_code)
            self._fail(PROTOCOL, reason)

    def on_gone(self, reason: str) -> None:
        """TCP is gone."""
        self._lost(BROKEN, f"the server dropped the connection {reason}".rstrip())
        self.disconnect()

    def on_blocked(self, blocked: bool) -> None:
        """The socket takes no more for now, or does again."""
        if self._opened is not None:
            self._poller.block(self._opened.socket.fileno(), blocked)
            if self._parting and not blocked:
                self.disconnect()

    def on_failure(self, error: BaseException) -> None:
        """Something in here is broken: this connection ends, the others go on."""
        log.error("stream.link_failed", exc_info=error)
        self._lost(FAILED, "internal failure")
        self.disconnect()

    def _closed(self, payload: bytes) -> None:
        code = struct.unpack_from("!H", payload)[0] if len(payload) >= 2 else 1005
        if payload and code not in _CODES:
            self.on_violation(frames.PROTOCOL_ERROR, f"closed with {code}, which is no code")
            return
        self._send_close(1000 if code == 1005 else code)
        if code in _NORMAL:
            self._lost(None, f"the server closed ({code})")
        else:
            reason = payload[2:].decode(errors="replace")
            self._lost(CLOSED_ABNORMALLY, f"the server closed with {code} {reason}".rstrip())
        self._part()

    def _send_close(self, code: int) -> None:
        self.send_frame(frames.CLOSE, struct.pack("!H", code))

    def _part(self) -> None:
        """Disconnect as soon as everything is sent, or soon enough."""
        if not self.unsent:
            self.disconnect()
        elif not self._parting:
            self._parting = True
            self._loop.call_later(CLOSE_SECONDS, self.disconnect)

    def _fail(self, code: int, message: str) -> None:
        self._lost(code, message)
        self._loop.call_later(0.1, self.disconnect)

    def _lost(self, code: int | None, message: str) -> None:
        if not self._over:
            self._end()
            self._owner.link_lost(code, message)

    def _end(self) -> None:
        self._over = True
        self.lane = None
