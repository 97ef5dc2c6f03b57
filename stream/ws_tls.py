"""TLS of one connection between two memory buffers: the socket stays ours."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator

_RECORD = 16 * 1024
_SLICE = 2 * 1024


class Tls:
    """A TLS client; bytes of the wire in and out, with no buffer that lasts."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_hostname=host)
        #: Whether the server has said that nothing more comes.
        self.ended = False

    def shake(self) -> bool:
        """Go on with the handshake; return whether it is done. Raises ``ssl.SSLError``."""
        try:
            self.object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def feed(self, data: bytes) -> None:
        """Take what came over the wire in the handshake."""
        self.incoming.write(data)

    def pending(self) -> bytes:
        """Return what is to be sent over the wire besides data: handshake, key updates, alerts."""
        return self.outgoing.read()

    def encrypt(self, data: bytes) -> bytes:
        """Return ``data`` as records. Raises ``ssl.SSLError``."""
        self.object.write(data)
        return self.outgoing.read()

    def decrypt(self, data: bytes) -> Iterator[bytes]:
        """Yield what the records in ``data`` hold. Raises ``ssl.SSLError``."""
        # Bit by bit: OpenSSL's buffer stays as large as it ever was.
        for at in range(0, len(data), _SLICE):
            self.incoming.write(data[at : at + _SLICE])
            # A read has room for a whole record, so that nothing waits inside OpenSSL.
            while self.incoming.pending:
                try:
                    plain = self.object.read(_RECORD)
                except ssl.SSLWantReadError:
                    break
                except ssl.SSLZeroReturnError:
                    plain = b""
                if not plain:
                    self.ended = True
                    return
                yield plain

    def end(self) -> bytes:
        """Return the goodbye (RFC 8446 §6.1)."""
        with contextlib.suppress(ssl.SSLError, ValueError):
            self.object.unwrap()
        return self.outgoing.read()
