"""From REST's ``To`` and ``From`` to what Asterisk dials and shows."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\+?[0-9A-Za-z*#._-]{1,64}")
#: User, host, port, parameters and at most one header (RFC 3261 §19.1). Of what could lead the
#: call elsewhere than to the host, or into another header, nothing is taken: escapes in the names
#: of parameters, headers that are not one's own.
_SIP_URI = re.compile(
    r"sips?:(?:[^\s,()|<>&$\\\"{}@?]+@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::[0-9]{1,5})?"
    r"(?P<params>(?:;[0-9A-Za-z._-]+(?:=[^\s,()|<>&$\\\"{}@?;]*)?)*)"
    r"(?:\?[Xx]-[0-9A-Za-z-]+=[^\s,()|<>&$\\\"{}@?]*)?"
)
_LONGEST_URI = 260
_IDENTITY = re.compile(r"[0-9A-Za-z_.+-]{1,121}")
_CLIENT = "client:"
_CONTROL = re.compile(r"%[01][0-9A-Fa-f]|%7[Ff]")

#: The PJSIP endpoint that outbound calls use.
OUTBOUND = "PJSIP/outbound/"


def is_sip(to: str) -> bool:
    """Whether ``to`` is written as a SIP address rather than a number."""
    return to.lower().startswith(("sip:", "sips:"))


def dial_string(to: str, template: str | None, clients: str | None = None) -> str:
    """Return what Asterisk dials for ``to``: a number through ``template``, a client, a SIP URI.

    ``template`` is like ``sip:{number}@host:port``, ``clients`` like ``sip:{client}@host:port``.
    Raises ValueError for a number or client without its template and for anything that could
    break out of the dial string.
    """
    if to.startswith(_CLIENT):
        return client_string(to.removeprefix(_CLIENT), clients)
    if is_sip(to):
        _parts(to)
        return OUTBOUND + to
    if not _NUMBER.fullmatch(to):
        raise ValueError(f"not a number that can be dialled: {to!r}")
    if not template:
        raise ValueError("no outbound route: set ARISWITCH_OUTBOUND_SIP_URI")
    return OUTBOUND + template.replace("{number}", to)


def client_string(identity: str, template: str | None) -> str:
    """Return what Asterisk dials for a registered client; raises ValueError as `dial_string`."""
    if not _IDENTITY.fullmatch(identity):
        raise ValueError(f"{identity[:64]!r} is no client's identity")
    if not template:
        raise ValueError(f"client {identity} is not registered")
    return OUTBOUND + template.replace("{client}", identity)


#: Headers in a Refer-To: each of one's own (Twilio: Refer, Sip).
_QUERY = re.compile(r"(?:(?:^|&)[0-9A-Za-z-]+=[0-9A-Za-z._~!*'()%+:/@;-]*)+")


def refer_to(uri: str) -> str:
    """Return the address of a Refer-To header for ``uri``, its query of headers included.

    Raises ValueError for what could break out of the header.
    """
    address, _, query = uri.strip().partition("?")
    _parts(address)
    if query and (not _QUERY.fullmatch(query) or _CONTROL.search(query)):
        raise ValueError(f"headers that cannot be sent: {query[:64]!r}")
    return f"<{address}?{query}>" if query else address


def sip_host(to: str) -> str | None:
    """Return the host that ``to`` calls by itself, None when it is a number.

    Raises ValueError as `dial_string` does.
    """
    if not is_sip(to):
        return None
    return _parts(to)["host"].strip("[]")


def _parts(uri: str) -> re.Match[str]:
    found = _SIP_URI.fullmatch(uri)
    if found is None or len(uri) > _LONGEST_URI or _CONTROL.search(uri):
        raise ValueError(f"not a SIP URI that can be dialled: {uri!r}")
    # It names the host that is really called (RFC 3261 §19.1.1).
    if ";maddr=" in found["params"].lower():
        raise ValueError(f"a SIP URI with maddr cannot be dialled: {uri!r}")
    return found


def caller_id(from_: str) -> str:
    """Return the caller ID that shows ``from_`` as the user of SIP's From header.

    A SIP URI shows its user, ``client:alice`` shows ``alice``. In brackets, because Asterisk
    takes what is no telephone number for a display name otherwise.
    """
    scheme, _, rest = from_.partition(":")
    if scheme.lower() in ("sip", "sips"):
        return f"<{re.split('[@;?:]', rest, maxsplit=1)[0]}>"
    return f"<{rest or from_}>"
