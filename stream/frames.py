"""WebSocket frames of a client (RFC 6455 §5): masked ones out, the server's in. Sans IO."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from typing import NamedTuple

from stream.fragments import MAX_MESSAGE

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

# The key keeps scripts in browsers from writing to the wire what proxies take for HTTP (§10.3).
# There are none here, so that it need not be a secret.
_key = random.Random(secrets.randbits(64))  # noqa: S311

PROTOCOL_ERROR = 1002
TOO_BIG = 1009

_OPCODES = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
_MAX_CONTROL = 125


class FrameError(Exception):
    """The server breaks RFC 6455 §5: the ``close_code`` to answer with, and what it did."""

    def __init__(self, close_code: int, message: str) -> None:
        super().__init__(message)
        self.close_code = close_code


class Frame(NamedTuple):
    """A frame as it came; the payload of a text frame is not checked to be UTF-8."""

    opcode: int
    fin: bool
    payload: bytes


def build(opcode: int, payload: bytes) -> bytes:
    """Return a whole masked frame (RFC 6455 §5.2, §5.3)."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 0x10000:
        head = bytes((0x80 | opcode, 0xFE, size >> 8, size & 0xFF))
    else:
        head = bytes((0x80 | opcode, 0xFF)) + size.to_bytes(8, "big")
    return head + mask(payload, _key.getrandbits(32).to_bytes(4, "little"))


def mask(payload: bytes, key: bytes) -> bytes:
    """Return ``key`` and the payload masked with it (RFC 6455 §5.3)."""
    size = len(payload)
    keys = key * (size // 4 + 1)
    number = int.from_bytes(payload, "little") ^ int.from_bytes(keys[:size], "little")
    return key + number.to_bytes(size, "little")


class FrameReader:
    """Bytes of a connection to frames. What is not a whole frame yet is kept, up to ``limit``."""

    def __init__(self, limit: int = MAX_MESSAGE) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._wanted = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames complete with ``data``; raises `FrameError` at the first bad one.

        To be iterated to its end, or not to be fed any more.
        """
        if self._parts:
            # Not joined before all is there: a long message comes in hundreds of pieces.
            self._parts.append(data)
            self._size += len(data)
            if self._size < self._wanted:
                return
            data = b"".join(self._parts)
            self._parts.clear()
        at, end = 0, len(data)
        while True:
            if end - at < 2:
                self._wanted = 2
                break
            first, size = data[at], data[at + 1]
            start = at + 2
            if size == 126:
                start += 2
                if end < start:
                    self._wanted = 4
                    break
                size = data[at + 2] << 8 | data[at + 3]
            elif size == 127:
                start += 8
                if end < start:
                    self._wanted = 10
                    break
                size = int.from_bytes(data[at + 2 : start], "big")
            elif size > 127:
                raise FrameError(PROTOCOL_ERROR, "masked frame from the server")
            opcode = first & 0x0F
            self._check(first, opcode, size)
            if end - start < size:
                self._wanted = start - at + size
                break
            at = start + size
            yield Frame(opcode, first > 0x7F, data[start:at])
        if at < end:
            self._parts.append(data[at:])
            self._size = end - at

    def _check(self, first: int, opcode: int, size: int) -> None:
        if first & 0x70:
            raise FrameError(PROTOCOL_ERROR, "reserved bits in a frame")
        if opcode not in _OPCODES:
            raise FrameError(PROTOCOL_ERROR, f"reserved opcode {opcode}")
        if opcode >= CLOSE and (size > _MAX_CONTROL or first < 0x80):
            raise FrameError(PROTOCOL_ERROR, "control frame too long or in fragments")
        if size > self._limit:
            raise FrameError(TOO_BIG, f"frame over {self._limit} bytes")
