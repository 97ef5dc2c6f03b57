"""The open WebSocket of one stream: whole messages up, synchronous bounded writes down."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable
from typing import Protocol, cast

import picows

from stream.fragments import FragmentError, Fragments
from stream.ws_connect import BROKEN

CLOSED_ABNORMALLY = 31921
PROTOCOL = 31924

SLOW_BYTES = 64 * 1024
"""Unsent bytes above which media is dropped: four seconds of it."""

DEAD_BYTES = 16 * 1024 * 1024
"""Unsent bytes above which the connection is given up."""

CLOSE_SECONDS = 2.0
"""How long the server may take to answer our close."""

_NORMAL = frozenset({1000, 1001, 1005})
_TEXT = picows.WSMsgType.TEXT


class Owner(Protocol):
    """What the link reports to; ``link_lost`` is said once, and last."""

    def link_open(self) -> None:
        """The upgrade is done."""

    def link_text(self, message: bytes) -> None:
        """A text message came."""

    def link_binary(self) -> None:
        """A binary message came."""

    def link_lost(self, code: int | None, message: str) -> None:
        """The connection ended: ``code`` None when the server closed it normally."""


class WsLink(picows.WSListener):
    """Listener and sender of one connection. A lost link takes sends and drops them."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._transport: picows.WSTransport | None = None
        self._unsent: Callable[[], int] = lambda: 0
        self._fragments = Fragments()
        self._over = False
        self._unanswered = 0

    # Called by the session.

    def send(self, message: bytes) -> None:
        """Send one text message."""
        if self._transport is not None and not self._over:
            self._transport.send(_TEXT, message)

    def congested(self) -> bool:
        """Tell whether the server reads too slowly for more media; one beyond hope is left."""
        unsent = self._unsent()
        if unsent <= SLOW_BYTES:
            return False
        if unsent > DEAD_BYTES:
            self._loop.call_soon(
                self._fail, BROKEN, f"the server left {DEAD_BYTES >> 20} MiB unread"
            )
        return True

    # Called by the stream.

    def ping(self) -> int:
        """Send a ping; return how many before it are unanswered."""
        unanswered = self._unanswered
        if self._transport is not None and not self._over:
            self._transport.send_ping()
            self._unanswered += 1
        return unanswered

    def close(self, code: int = 1000) -> None:
        """Close from our side; nothing is reported any more."""
        self._over = True
        if self._transport is not None:
            _send_close(self._transport, code)
            self._loop.call_later(CLOSE_SECONDS, self._transport.disconnect, False)

    def abort(self) -> None:
        """Drop the connection at once; nothing is reported any more."""
        self._over = True
        if self._transport is not None:
            self._transport.disconnect(False)

    # Called by picows.

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        """Handshake done (picows)."""
        self._transport = transport
        self._unsent = transport.underlying_transport.get_write_buffer_size
        if self._over:  # given up while the server was thinking
            transport.disconnect(False)
        else:
            self._owner.link_open()

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        """One frame came (picows); its memory is valid only in here."""
        kind = frame.msg_type
        if self._over:
            if kind == picows.WSMsgType.CLOSE:
                transport.disconnect()
            return
        try:
            if kind is _TEXT:
                message = self._fragments.begin(frame.get_payload_as_bytes(), frame.fin, True)
                if message is not None:
                    self._owner.link_text(message)
            elif kind == picows.WSMsgType.CONTINUATION:
                whole = self._fragments.proceed(frame.get_payload_as_bytes(), frame.fin)
                if whole is not None and whole[1]:
                    self._owner.link_text(whole[0])
                elif whole is not None:
                    self._owner.link_binary()
            elif kind == picows.WSMsgType.BINARY:
                if self._fragments.begin(frame.get_payload_as_bytes(), frame.fin, False):
                    self._owner.link_binary()
            elif kind == picows.WSMsgType.PONG:
                self._unanswered = 0
            elif kind == picows.WSMsgType.CLOSE:
                self._closed(transport, frame.get_payload_as_bytes())
        except FragmentError as error:
            _send_close(transport, error.close_code)
            self._fail(PROTOCOL, str(error))

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:
        """TCP is gone (picows)."""
        self._loop.create_task(_consume(transport))
        shake = transport.close_handshake
        if shake is not None and shake.sent is not None and not self._over:
            self._lost(PROTOCOL, shake.sent.reason or "bad frames from the server")
        else:
            self._lost(BROKEN, "the server dropped the connection")

    def pause_writing(self) -> None:
        """Nothing to do: `congested` asks the transport (picows)."""

    def resume_writing(self) -> None:
        """Nothing to do (picows)."""

    def _closed(self, transport: picows.WSTransport, payload: bytes) -> None:
        shake = transport.close_handshake
        if shake is not None and shake.sent is not None:  # picows had closed for a violation
            transport.disconnect()
            self._lost(PROTOCOL, shake.sent.reason or "bad frames from the server")
            return
        code = struct.unpack_from("!H", payload)[0] if len(payload) >= 2 else 1005
        _send_close(transport, 1000 if code == 1005 else code)
        transport.disconnect()
        if code in _NORMAL:
            self._lost(None, f"the server closed ({code})")
        else:
            reason = payload[2:].decode(errors="replace")
            self._lost(CLOSED_ABNORMALLY, f"the server closed with {code} {reason}".rstrip())

    def _fail(self, code: int, message: str) -> None:
        self._lost(code, message)
        if self._transport is not None:
            self._loop.call_later(0.1, self._transport.disconnect, False)

    def _lost(self, code: int | None, message: str) -> None:
        if not self._over:
            self._over = True
            self._owner.link_lost(code, message)


def _send_close(transport: picows.WSTransport, code: int) -> None:
    # picows takes any code at run time; its enum lists the registered ones only.
    transport.send_close(cast("picows.WSCloseCode", code))


async def _consume(transport: picows.WSTransport) -> None:
    """Take the exception that picows leaves with a connection it broke off itself."""
    with contextlib.suppress(Exception):
        await transport.wait_disconnected()
