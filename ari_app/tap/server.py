"""The tap's Unix socket: what the ring holds, then what happens, as JSON lines.

A client that reads too slowly misses entries and is told how many; nobody waits for it. A client
may send ``{"want": "rtp"}``: while it is attached, Asterisk's RTP statistics are asked for.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import msgspec

from ari_app.tap.lines import AT_ONCE, lines, note
from ari_app.tap.measuring import Measuring
from ari_app.tap.tap import Tap

#: Clients that may be attached at a time.
MOST_CLIENTS = 16
#: Entries read at a time.
_BATCH = 50
#: Seconds between looks for something new.
_LOOK = 0.05
#: Bytes that may wait in a client's socket.
_UNSENT = 256 * 1024
_LONGEST_WISH = 1024


class _Wish(msgspec.Struct):
    """What a client asks for beyond items."""

    want: str = ""


class TapServer:
    """Serves one tap at ``path``. ``measuring`` goes on while a client wants statistics.

    ``about`` is told to each client first (node, version), with ``started``, the mark of this
    memory, and ``first``, the number of the oldest entry that it holds.
    """

    def __init__(
        self,
        tap: Tap,
        path: Path,
        measuring: Measuring,
        about: dict[str, str] | None = None,
    ) -> None:
        self._tap = tap
        self._path = path
        self._rounds = measuring
        self._about = about or {}
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._measuring: set[asyncio.Task[None]] = set()
        #: Entries that clients were too slow for.
        self.dropped = 0

    async def start(self) -> None:
        """Listen; raises OSError."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(
            self._accept, str(self._path), limit=_LONGEST_WISH
        )
        self._path.chmod(0o600)

    async def close(self) -> None:
        """Part from all clients and stop to listen."""
        if self._server is None:
            return
        self._server.close()
        for task in (*self._clients, *self._measuring):
            task.cancel()
        await asyncio.gather(*self._clients, *self._measuring, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._clients) >= MOST_CLIENTS:
            writer.close()
            return
        self._clients.add(task)
        wishes = asyncio.create_task(self._wishes(reader, task))
        try:
            await self._serve(writer)
        except (OSError, asyncio.CancelledError):
            pass  # the client has gone, or the app ends
        finally:
            wishes.cancel()
            self._clients.discard(task)
            writer.close()

    async def _wishes(self, reader: asyncio.StreamReader, client: asyncio.Task[None]) -> None:
        """Read what the client wants; that it hangs up ends it."""
        measuring: asyncio.Task[None] | None = None
        try:
            while wish_line := await reader.readline():
                with suppress(msgspec.MsgspecError):
                    wish = msgspec.json.decode(wish_line, type=_Wish)
                    if wish.want == "rtp" and measuring is None:
                        measuring = asyncio.create_task(self._rounds.keep())
                        self._measuring.add(measuring)
        except (OSError, ValueError):
            pass  # gone, or no client of ours
        finally:
            if measuring is not None:
                measuring.cancel()
                self._measuring.discard(measuring)
            client.cancel()

    async def _serve(self, writer: asyncio.StreamWriter) -> None:
        writer.transport.set_write_buffer_limits(high=_UNSENT)
        ring, number = self._tap.ring, self._tap.ring.first
        kept = {"started": self._tap.started, "kept": len(ring), "first": number}
        writer.write(note("attached", {**self._about, **kept}))
        told_up_to_now = False
        while True:
            first, entries = ring.read(number, _BATCH)
            if first > number:
                self.dropped += first - number
                writer.write(note("missed", {"entries": first - number}))
            for offset, entry in enumerate(entries):
                writer.writelines(lines(self._tap, first + offset, entry))
                if offset % AT_ONCE == AT_ONCE - 1:
                    await asyncio.sleep(0)
            number = first + len(entries)
            if len(entries) < _BATCH and not told_up_to_now:
                told_up_to_now = True
                writer.write(note("caught-up", {"up_to": number - 1}))
            await writer.drain()
            await asyncio.sleep(0 if len(entries) == _BATCH else _LOOK)
