"""What which release of Asterisk can do for an ARI application. Pure."""

from __future__ import annotations

import re

Version = tuple[int, ...]

#: First release of the 22 branch that has it → what it is, in words of who misses it.
GATES: tuple[tuple[Version, str], ...] = (
    ((22, 4, 0), "ARI over outbound WebSockets, and REST over the WebSocket"),
    ((22, 6, 0), "FLUSH_MEDIA on chan_websocket that counts right"),
    ((22, 8, 0), "MARK_MEDIA and JSON control messages on chan_websocket"),
    ((22, 9, 0), "no padding with silence on chan_websocket; ACLs for HTTP and ARI"),
    ((22, 10, 0), "fixes of three deadlocks under ARI load; StasisBroadcast and claim"),
    ((22, 10, 1), "security: REST over the WebSocket heeds read-only users (GHSA-wcvv-g26m-wx5c)"),
    ((22, 11, 0), "fixes of two RTP/ICE lock inversions; keepalives of the WebSocket"),
)
#: Least release for production.
LEAST: Version = (22, 10, 1)


def version_of(text: str) -> Version:
    """`22.10.1+dfsg+~cs6` → (22, 10, 1); empty when there is no number to be found."""
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else ()


def missing(version: Version) -> list[str]:
    """What this release lacks. Branches before 22 lack all of it; those after have it."""
    if not version or version[0] > 22:
        return []
    return [f"{'.'.join(map(str, since))}: {what}" for since, what in GATES if version < since]
