"""Watching any Asterisk as an ARI application of our own, which takes nothing from anybody.

The application's name is made anew for each connection and is nobody else's: a connection under
the name of a running application would take its calls away. It is subscribed to everything
(`subscribeAll`), so it sees the events of every channel, bridge and endpoint; requests of other
applications are not told by ARI, and are to be had from ariswitch's tap only.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec

from ari_app.ari.errors import AriError, Forbidden, NotFound, Unauthorized, Unavailable, error_for
from ari_app.ari.transport import Transport
from ari_app.debug.backlog import Wire
from ari_app.debug.record import Item
from ari_app.debug.world import World

Sink = Callable[[Wire | Item], None]

#: A silent connection is given up after so many seconds; a ping goes out in half that time.
_SILENT = 20.0
_BACKOFF = (0.2, 5.0)
#: After so many events without a pause the loop gets a turn.
_BATCH = 256


class Attach:
    """One Asterisk, watched for as long as `run` runs."""

    def __init__(self, url: str, user: str, password: str, prefix: str = "ari-debug") -> None:
        """`url` like http://127.0.0.1:8088. Raises ValueError for a bad one."""
        self._transport = Transport(url, user, password)
        self._prefix = prefix
        self._world = World()
        self._seq = 0
        #: Version of Asterisk, known once connected; "" when it does not tell.
        self.asterisk = ""
        self.app = ""

    async def close(self) -> None:
        """End the HTTP session."""
        await self._transport.close()

    async def first(self) -> None:
        """Look whether Asterisk answers and who it is; raises AriError."""
        with contextlib.suppress(NotFound, msgspec.MsgspecError):
            info = msgspec.json.decode(await self._get("/asterisk/info"))
            self.asterisk = str(info.get("system", {}).get("version", ""))

    async def run(self, sink: Sink) -> None:
        """Tell everything to `sink` until cancelled, over any number of connections.

        Raises Unauthorized or Forbidden, and nothing else of ARI.
        """
        wait = _BACKOFF[0]
        lost: float | None = None
        why = ""
        while True:
            begun = time.monotonic()
            try:
                async with await self._connect() as socket:
                    await self._connected(sink, lost, why)
                    lost = None
                    why = await self._read(socket, sink)
            except (Unauthorized, Forbidden):
                raise
            except AriError as error:
                why = str(error)
            now = time.time()
            if lost is None:
                lost = now
                self._note(sink, "lost", error=why, data={"app": self.app})
            if time.monotonic() - begun > _BACKOFF[1]:
                wait = _BACKOFF[0]
            await asyncio.sleep(wait)
            wait = min(wait * 2, _BACKOFF[1])

    async def _get(self, path: str) -> bytes:
        return await self._transport.request("GET", path, {}, None)

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        self.app = await self._free_name()
        url = self._transport.base / "events"
        query = {"app": self.app, "subscribeAll": "true"}
        try:
            async with asyncio.timeout(self._transport.deadline):
                return await self._transport.session.ws_connect(
                    url.with_query(query),
                    headers=self._transport.headers,
                    heartbeat=_SILENT,
                    max_msg_size=16 * 1024 * 1024,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                )
        except aiohttp.WSServerHandshakeError as error:
            raise error_for("GET", "/events", error.status, error.message) from error
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise Unavailable("GET", "/events", 0, reason) from error

    async def _free_name(self) -> str:
        """A name that no application has."""
        taken = {entry.get("name") for entry in await self._listed("/applications") if entry}
        while True:
            name = f"{self._prefix}-{os.getpid()}-{secrets.token_hex(3)}"
            if name not in taken:
                return name

    async def _listed(self, path: str) -> list[dict[str, Any]]:
        """A list of objects; what an Asterisk does not have or not say is empty."""
        with contextlib.suppress(NotFound, msgspec.MsgspecError):
            return msgspec.json.decode(await self._get(path), type=list[dict[str, Any]])
        return []

    async def _connected(self, sink: Sink, lost: float | None, why: str) -> None:
        """Tell what is there now; after a gap also what it swallowed."""
        channels = await self._listed("/channels")
        bridges = await self._listed("/bridges")
        data: dict[str, Any] = {"app": self.app, "asterisk": self.asterisk}
        data |= {"channels": len(channels), "bridges": len(bridges)}
        ended, begun = self._world.compared(channels)
        if lost is None:
            self._note(sink, "connected", data=data)
        else:
            away = time.time() - lost
            data |= {"away_ms": round(away * 1000), "ended": ended, "begun": begun}
            words = f"events of {away:.1f} s ({why}): {len(ended)} channels ended"
            self._note(sink, "missed", error=f"{words}, {len(begun)} began", data=data)
        for channel in channels:
            self._note(sink, "channel", data={"channel": channel}, of=channel)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse, sink: Sink) -> str:
        """Hand over and count; why it ended."""
        events = 0
        while True:
            message = await socket.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                text = message.data.encode()
            elif message.type is aiohttp.WSMsgType.BINARY:
                text = message.data
            elif message.type is aiohttp.WSMsgType.ERROR:
                return f"broken: {message.data}"
            else:
                return f"closed with {socket.close_code}"
            self._seq += 1
            sink(Wire(time.time(), self._seq, text, True))
            self._world.note(text)
            events += 1
            if events % _BATCH == 0:
                await asyncio.sleep(0)

    def _note(
        self,
        sink: Sink,
        kind: str,
        *,
        error: str = "",
        data: dict[str, Any],
        of: dict[str, Any] | None = None,
    ) -> None:
        self._seq += 1
        channel = str((of or {}).get("id", ""))
        sink(
            Item(
                at=time.time(),
                seq=self._seq,
                source="attach",
                kind="note",
                type=kind,
                channel=channel,
                error=error,
                data=data,
            )
        )
