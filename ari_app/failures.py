"""What went wrong with an HTTP request to a customer, in Twilio's numbers."""

from __future__ import annotations

import ssl
from typing import Literal, NamedTuple

import aiohttp

#: Classes of failure that a retry policy may name; None is never retried.
Retryable = Literal["ct", "rt", "4xx", "5xx"]

_EXPIRED = 10
_NOT_YET_VALID = 9
_WRONG_HOST = (62, 64)


class AddressDeniedError(OSError):
    """An address that may not be connected to; errno is EACCES."""


class Cause(NamedTuple):
    """Twilio's number, words for the log, and which retry policy covers it."""

    code: int
    text: str
    retryable: Retryable | None = None


def explain(error: BaseException) -> Cause:
    """Name the cause of an aiohttp failure (11100, 11201 to 11237)."""
    if isinstance(error, aiohttp.ClientConnectorError | ssl.SSLError):
        return _connecting(error)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Cause(11201, "connecting timed out", "ct")
    if isinstance(error, TimeoutError):
        return Cause(11203, "no answer within the time limit", "rt")
    if isinstance(error, aiohttp.TooManyRedirects):
        return Cause(11215, "too many redirects")
    if isinstance(error, aiohttp.RedirectClientError):
        return Cause(11216, "redirected to an invalid URL")
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError | UnicodeError):
        return Cause(11100, "invalid URL")
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return Cause(11205, "the server closed the connection without an answer")
    if isinstance(error, aiohttp.ClientPayloadError):
        return _payload(error)
    if isinstance(error, aiohttp.ClientConnectionError | OSError):
        return Cause(11205, f"connection lost: {_words(error)}")
    if isinstance(error, aiohttp.ClientResponseError):
        return Cause(11206, f"not a valid HTTP answer: {_words(error.message)}")
    return Cause(11206, f"not a valid HTTP answer: {_words(error)}")


def _connecting(error: Exception) -> Cause:
    """Failures before a request could be sent."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Cause(11210, f"host name does not resolve: {_words(error.os_error)}", "ct")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _certificate(error.certificate_error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error)
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, ssl.SSLError):
        return Cause(11220, f"TLS handshake failed: {_words(cause.reason or cause)}", "ct")
    if isinstance(cause, AddressDeniedError):
        return Cause(11205, cause.strerror or "address not allowed")
    if isinstance(cause, ConnectionRefusedError):
        return Cause(11202, "connection refused", "ct")
    if isinstance(cause, TimeoutError):
        return Cause(11201, "connecting timed out", "ct")
    if isinstance(cause, ConnectionError):
        return Cause(11205, f"connection lost while connecting: {_words(cause)}", "ct")
    return Cause(11205, f"cannot connect: {_words(cause)}", "ct")


def _certificate(error: Exception) -> Cause:
    """Why the certificate is not accepted; the numbers are OpenSSL's X509_V_ERR_*."""
    code = getattr(error, "verify_code", 0)
    text = _words(getattr(error, "verify_message", "") or error)
    if code in _WRONG_HOST:
        return Cause(11235, f"certificate is for another host: {text}")
    if code in (_EXPIRED, _NOT_YET_VALID):
        return Cause(11236, f"certificate is out of date: {text}")
    return Cause(11237, f"certificate not trusted: {text}")


def _payload(error: aiohttp.ClientPayloadError) -> Cause:
    """A body cut short is a lost connection; one that cannot be decoded is no HTTP."""
    inner = error.__cause__
    if inner is None or type(inner).__name__ in ("ContentLengthError", "TransferEncodingError"):
        return Cause(11205, "the server closed the connection in the middle of its answer")
    return Cause(11206, f"not a valid HTTP answer: {_words(inner)}")


def _words(error: object) -> str:
    """An exception's text on one bounded line; its type's name when it has none."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:200]
