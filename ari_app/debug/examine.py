"""Asking an Asterisk everything that the doctor judges by.

Changes nothing in it; to try RTP, channels of its own are there for a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from ari_app.ari.errors import AriError, Forbidden, Unauthorized, Unavailable
from ari_app.ari.transport import Transport
from ari_app.debug.conf import general
from ari_app.debug.doctor import Facts
from ari_app.debug.hello import HelloError, hello
from ari_app.gateway.errors import MiError
from ari_app.gateway.mi import Destination, Mi

_FILES = ("ari.conf", "http.conf", "rtp.conf")


async def examine(
    url: str,
    user: str,
    password: str,
    folder: Path | None,
    *,
    rtp: bool = True,
    balancer: str = "",
) -> Facts:
    """Ask; raises Unavailable, Unauthorized or Forbidden, when nothing can be asked at all.

    `folder` is where the configuration files are, if they can be read from here. `rtp`: try
    whether audio passes. `balancer` is the URL of the management interface of an OpenSIPS that
    hands calls to this Asterisk.
    """
    transport = Transport(url, user, password)
    try:
        facts = await _asked(transport, folder)
        if rtp and not facts.read_only:
            try:
                facts.hello = await hello(transport)
            except HelloError as error:
                facts.hello = str(error)
        if balancer:
            facts.balancer = await _balanced(balancer)
        return facts
    finally:
        await transport.close()


async def _balanced(url: str) -> tuple[Destination, ...] | str:
    """What an OpenSIPS says of its nodes; words where it says nothing."""
    try:
        async with Mi.connect(url) as mi:
            return await mi.lb_list()
    except MiError as error:
        return str(error)


async def _skew(transport: Transport) -> float | None:
    """Seconds that Asterisk's clock is ahead: its answers' `Date` tells whole seconds."""
    before = time.time()
    async with transport.session.get(
        transport.base / "asterisk" / "ping", headers=transport.headers
    ) as answer:
        date = answer.headers.get("Date", "")
    after = time.time()
    try:
        told = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
    # Told is any moment of that second.
    if told > after:
        return told - after
    return min(0.0, told + 1 - before)


async def _asked(transport: Transport, folder: Path | None) -> Facts:
    facts, refused = Facts(), {}
    answers: dict[str, Any] = {}
    for name, path in _PATHS.items():
        begun = time.perf_counter()
        try:
            answers[name] = msgspec.json.decode(await transport.request("GET", path, {}, None))
        except (Unavailable, Unauthorized, Forbidden):
            raise
        except (AriError, msgspec.DecodeError) as error:
            refused[name] = str(error)
        # The first one makes the connection too.
        facts.request_s = time.perf_counter() - begun
    facts.info = _object(answers.get("info"))
    facts.version = str(_object(facts.info.get("system")).get("version", ""))
    facts.modules = answers.get("modules")
    facts.applications = answers.get("applications")
    facts.channels = answers.get("channels") or ()
    facts.bridges = answers.get("bridges") or ()
    facts.refused = refused
    facts.ages = _ages([*facts.channels, *facts.bridges])
    facts.websocket = await _websocket(transport)
    facts.read_only = await _read_only(transport)
    facts.skew = await _skew(transport)
    facts.config = _config(folder)
    return facts


_PATHS = {
    "info": "/asterisk/info",
    "modules": "/asterisk/modules",
    "applications": "/applications",
    "channels": "/channels",
    "bridges": "/bridges",
}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _ages(things: list[Mapping[str, Any]]) -> dict[str, float]:
    now, found = time.time(), {}
    for thing in things:
        with contextlib.suppress(ValueError):
            text = str(thing.get("creationtime", ""))
            made = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
            found[str(thing.get("id", ""))] = now - made.timestamp()
    return found


async def _websocket(transport: Transport) -> str:
    """Open the event WebSocket under a name of our own; what went wrong, or nothing."""
    name = f"ari-debug-doctor-{os.getpid()}-{secrets.token_hex(3)}"
    try:
        async with (
            asyncio.timeout(5),
            transport.session.ws_connect(
                (transport.base / "events").with_query(app=name), headers=transport.headers
            ) as socket,
        ):
            await socket.ping()
            return ""
    except aiohttp.WSServerHandshakeError as error:
        return f"the upgrade was answered with {error.status} {error.message}"
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        return f"cannot be opened: {error or type(error).__name__}"


async def _read_only(transport: Transport) -> bool | None:
    """Whether the user may only read: asked by a change of nothing, to what cannot be there."""
    path = f"/bridges/ari-debug-{secrets.token_hex(6)}"
    try:
        await transport.request("DELETE", path, {}, None)
    except Forbidden:
        return True
    except AriError as error:
        return False if error.status == 404 else None
    return False


def _config(folder: Path | None) -> dict[str, dict[str, str]]:
    if folder is None:
        return {}
    found: dict[str, dict[str, str]] = {}
    for name in _FILES:
        with contextlib.suppress(OSError):
            found[name] = general((folder / name).read_text(errors="replace"))
    return found
