"""SRTP with AES_CM_128_HMAC_SHA1_80 (RFC 3711), one stream of less than 65,536 packets. Pure."""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_TAG, _HEADER = 10, 12
#: The roll-over counter of a short stream.
_ROC = bytes(4)


class Srtp:
    """Protects what is sent, or opens what came, with one master key (16 bytes) and salt (14)."""

    def __init__(self, key: bytes, salt: bytes) -> None:
        def derived(label: int, length: int) -> bytes:
            start = int.from_bytes(salt, "big") ^ (label << 48)
            return _key_stream(key, start << 16, bytes(length))

        self._key = derived(0, 16)
        self._auth = derived(1, 20)
        self._salt = int.from_bytes(derived(2, 14), "big")

    def protect(self, packet: bytes) -> bytes:
        """Return an RTP packet (no CSRC, no extension) encrypted and signed."""
        secret = packet[:_HEADER] + self._crypt(packet)
        return secret + self._tag(secret)

    def open(self, packet: bytes) -> bytes:
        """Return the payload of a protected packet; raises ValueError when it is not genuine."""
        secret, tag = packet[:-_TAG], packet[-_TAG:]
        if not hmac.compare_digest(tag, self._tag(secret)):
            raise ValueError("SRTP: the tag does not fit")
        return self._crypt(secret)

    def _crypt(self, packet: bytes) -> bytes:
        sequence, ssrc = int.from_bytes(packet[2:4], "big"), int.from_bytes(packet[8:12], "big")
        start = (self._salt << 16) ^ (ssrc << 64) ^ (sequence << 16)
        return _key_stream(self._key, start, packet[_HEADER:])

    def _tag(self, secret: bytes) -> bytes:
        return hmac.digest(self._auth, secret + _ROC, "sha1")[:_TAG]


def _key_stream(key: bytes, start: int, data: bytes) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.CTR(start.to_bytes(16, "big")))
    return cipher.encryptor().update(data)
