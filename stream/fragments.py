"""Fragmented WebSocket messages put together (RFC 6455 §5.4), within a bound."""

from __future__ import annotations

MAX_MESSAGE = 16 * 1024 * 1024
"""Longest message taken from a bot, in bytes: half an hour of audio."""


class FragmentError(Exception):
    """The frames break RFC 6455 §5.4 or the bound; ``close_code`` says which."""

    def __init__(self, close_code: int, message: str) -> None:
        super().__init__(message)
        self.close_code = close_code


class Fragments:
    """Assembler of one connection's data frames."""

    def __init__(self, limit: int = MAX_MESSAGE) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._text: bool | None = None

    def begin(self, payload: bytes, fin: bool, text: bool) -> bytes | None:
        """Take a text or binary frame; return the message when it is whole.

        Raises `FragmentError` when an earlier message is still unfinished.
        """
        if self._text is not None:
            raise FragmentError(1002, "new message inside a fragmented one")
        if fin:
            return payload
        self._text = text
        return self._keep(payload, False)

    def proceed(self, payload: bytes, fin: bool) -> tuple[bytes, bool] | None:
        """Take a continuation frame; return (message, is text) when it is the last.

        Raises `FragmentError` when there is nothing to continue, or the bound is passed.
        """
        if self._text is None:
            raise FragmentError(1002, "continuation without a beginning")
        text = self._text
        message = self._keep(payload, fin)
        return None if message is None else (message, text)

    def _keep(self, payload: bytes, fin: bool) -> bytes | None:
        self._size += len(payload)
        if self._size > self._limit or len(self._parts) > self._limit // 256:
            self._parts.clear()
            raise FragmentError(1009, f"message over {self._limit} bytes")
        self._parts.append(payload)
        if not fin:
            return None
        message = b"".join(self._parts)
        self._parts, self._size, self._text = [], 0, None
        return message
