"""As much of STUN (RFC 5389) as an ICE agent needs (RFC 8445): checks and their answers. Pure."""

from __future__ import annotations

import hmac
import secrets
import socket
import struct
from zlib import crc32

_COOKIE = 0x2112A442
_REQUEST, _SUCCESS = 0x0001, 0x0101
_USERNAME, _INTEGRITY, _XOR_ADDRESS = 0x0006, 0x0008, 0x0020
_PRIORITY, _USE_CANDIDATE, _FINGERPRINT, _CONTROLLING = 0x0024, 0x0025, 0x8028, 0x802A


def is_request(data: bytes) -> bool:
    """Whether a message is a binding request."""
    return data[:2] == _REQUEST.to_bytes(2, "big")


def is_success(data: bytes) -> bool:
    """Whether a message says that a check went well."""
    return data[:2] == _SUCCESS.to_bytes(2, "big")


def check(user: str, password: str) -> bytes:
    """Return a check of the controlling agent that nominates the pair.

    ``user`` is ``<their ufrag>:<our ufrag>``, ``password`` theirs.
    """
    attributes = [
        (_USERNAME, user.encode()),
        (_PRIORITY, struct.pack("!I", 2122260223)),
        (_CONTROLLING, secrets.token_bytes(8)),
        (_USE_CANDIDATE, b""),
    ]
    return _message(_REQUEST, secrets.token_bytes(12), attributes, password)


def answer(request: bytes, source: tuple[str, int], password: str) -> bytes:
    """Return the answer to a check from ``source``; ``password`` is ours."""
    address = int.from_bytes(socket.inet_aton(source[0]), "big") ^ _COOKIE
    seen = struct.pack("!xBHI", 1, source[1] ^ (_COOKIE >> 16), address)
    return _message(_SUCCESS, request[8:20], [(_XOR_ADDRESS, seen)], password)


def _message(
    kind: int, transaction: bytes, attributes: list[tuple[int, bytes]], password: str
) -> bytes:
    """Return a message with integrity and fingerprint (RFC 5389 sections 15.4 and 15.5)."""
    body = b"".join(_attribute(*one) for one in attributes)

    def head(length: int) -> bytes:
        return struct.pack("!HHI", kind, length, _COOKIE) + transaction

    # Each of the two is made over a length that counts it already.
    signed = hmac.digest(password.encode(), head(len(body) + 24) + body, "sha1")
    body += _attribute(_INTEGRITY, signed)
    checksum = crc32(head(len(body) + 8) + body) ^ 0x5354554E
    body += _attribute(_FINGERPRINT, struct.pack("!I", checksum))
    return head(len(body)) + body


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)
