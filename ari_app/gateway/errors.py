"""What goes wrong at a gateway."""

from __future__ import annotations


class GatewayError(Exception):
    """Something that an operator can be told in one sentence."""


class MiError(GatewayError):
    """OpenSIPS's management interface refused a command, or could not be reached.

    ``code`` is that of the JSON-RPC error, None when there was no answer.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code
