"""What the tap costs a node, and what `ari-debug tail` takes without losing one.

    python -m bench.tap append                        # one append, nobody attached
    python -m bench.tap read [--redis URL]            # the app's CPU and pauses while it is read
    python -m bench.tap flood [--rate 5000]           # an Asterisk that talks, attached

Times are of the CPU, the best of several turns: other processes only add to them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO

import msgspec
import typer
from aiohttp import web

from ari_app.ari.trace import Asked
from ari_app.bus import RedisBus
from ari_app.tap import Measuring, Tap, TapRelay, TapServer
from stream import control

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)

EVENT = msgspec.json.encode(
    {
        "type": "ChannelVarset", "application": "ariswitch", "variable": "RTPAUDIOQOS",
        "value": "x" * 200, "timestamp": "2026-01-01T00:00:00.000+0000",
        "asterisk_id": "00:00:00:00:00:00",
        "channel": {
            "id": "node1-1796024034.0", "name": "PJSIP/anonymous-00000000", "state": "Up",
            "caller": {"name": "", "number": "+15557000"}, "connected": {"name": "", "number": ""},
            "dialplan": {"context": "app", "exten": "s", "priority": 2, "app_name": "Stasis"},
        },
    }
).decode()  # fmt: skip
_ASKED = Asked(7, "POST", "/channels/node1-1796024034.0/play/p1", {"media": "sound:x"}, None)
_KINDS: dict[str, Callable[[Tap], None]] = {
    "event": lambda tap: tap.event(EVENT),
    "request": lambda tap: tap.asked(_ASKED),
    "answer": lambda tap: tap.answered(_ASKED, 201, b'{"id": "p1"}', 0.004),
    "mark": lambda tap: tap.stream_event(control.Mark("MZ" + "1" * 32, "m", "played")),
}


@app.command()
def append(turns: int = 9, count: int = 50_000) -> None:
    """Time one append of each kind, the ring full, nobody attached."""
    for name, add in _KINDS.items():
        tap = Tap()
        for _ in range(20_000):
            add(tap)
        found = []
        for _ in range(turns):
            begun = time.process_time()
            for _ in range(count):
                add(tap)
            found.append((time.process_time() - begun) / count * 1e6)
        typer.echo(f"{name:<8} {min(found):5.2f} us best, {sorted(found)[turns // 2]:5.2f} median")


@app.command()
def read(rate: int = 500, seconds: float = 10, redis: str = "") -> None:
    """Feed a tap at a rate; the app's CPU without a reader, with one, and its longest pauses."""
    for reader in (False, True):
        items, used, late, seen = asyncio.run(_fed(rate, seconds, redis, reader))
        words = f"{seen} lines read" if reader else "nobody reads"
        typer.echo(
            f"{items} items, {words}: {used / seconds * 100:.1f} % of a core, "
            f"{used / items * 1e6:.0f} us an item; "
            f"the loop was late by {late[len(late) // 2] * 1e3:.1f} ms (median),"
            f" {late[int(len(late) * 0.99)] * 1e3:.1f} ms (99 %), {late[-1] * 1e3:.1f} ms at most"
        )


async def _fed(
    rate: int, seconds: float, redis: str, reader: bool
) -> tuple[int, float, list[float], int]:
    tap = Tap()

    async def nothing() -> None:
        """No statistics."""

    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if redis:
            bus = RedisBus(redis)
            await bus.start()
            stack.push_async_callback(bus.close)
            relay = TapRelay(tap, "n1", bus, lambda: _publisher(redis), Measuring(nothing))
            relay.start()
            stack.push_async_callback(relay.close)
            await bus.subscribe("probe").ready()
        server = TapServer(tap, folder / "tap.sock", Measuring(nothing))
        await server.start()
        stack.push_async_callback(server.close)
        out = stack.enter_context((folder / "out").open("wb"))
        where = ["--redis", redis] if redis else ["--tap", str(folder / "tap.sock")]
        command = [sys.executable, "-m", "ari_app.debug.cli", "tail", "--json", *where]
        if reader:
            process = _begun(command, out)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            tap.event(EVENT)
            while not (folder / "out").stat().st_size:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.1)
        begun, used, late, items = time.monotonic(), time.process_time(), list[float](), 0
        while (now := time.monotonic()) < begun + seconds:
            while items < (now - begun) * rate:
                tap.event(EVENT)
                items += 1
            await asyncio.sleep(0.005)
            late.append(time.monotonic() - now - 0.005)
        used = time.process_time() - used
        size = -1
        while (folder / "out").stat().st_size != size:  # until nothing more comes
            size = (folder / "out").stat().st_size
            await asyncio.sleep(2)
        return items, used, sorted(late), (folder / "out").read_bytes().count(b'"event"')


@contextlib.asynccontextmanager
async def _publisher(url: str) -> AsyncIterator[RedisBus]:
    bus = RedisBus(url)
    try:
        yield bus
    finally:
        await bus.close()


@app.command()
def flood(rate: int = 5000, seconds: float = 10) -> None:
    """Attach `ari-debug tail` to an Asterisk that sends so many events a second, into a file."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_flooded(rate, seconds, Path(folder)))


async def _flooded(rate: int, seconds: float, folder: Path) -> None:
    done = asyncio.Event()
    runner = web.AppRunner(_asterisk(rate, seconds, done), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    command = [sys.executable, "-m", "ari_app.debug.cli", "tail", "--json", "kind:event"]
    environ = os.environ | {"ARI_URL": f"http://127.0.0.1:{runner.addresses[0][1]}"}
    path = folder / "out"
    with path.open("wb") as out:
        process = _begun([*command, "--until", "type:Over"], out, environ)
        await done.wait()
        used, most = _used(process.pid)
        await asyncio.to_thread(process.wait)
    await runner.cleanup()
    events = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    numbers = [one["data"]["n"] for one in events if one["type"] == "ChannelVarset"]
    sent = int(rate * seconds)
    typer.echo(
        f"{sent} events in {seconds:.0f} s: {len(numbers)} came, "
        f"{'in order' if numbers == list(range(sent)) else 'NOT all or not in order'}; "
        f"{used:.1f} s of CPU, {most:.0f} MB at most"
    )


def _asterisk(rate: int, seconds: float, done: asyncio.Event) -> web.Application:
    """Answers what attaching asks, and sends numbered events."""
    answers = {
        "asterisk/info": {"system": {"version": "22.10.1"}},
        "applications": [],
        "channels": [],
    }
    event = msgspec.json.decode(EVENT)

    async def request(request: web.Request) -> web.Response:
        return web.json_response(answers.get(request.match_info["path"], {}))

    async def events(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        begun, number = time.monotonic(), 0
        while number < rate * seconds:
            while number < min((time.monotonic() - begun) * rate, rate * seconds):
                await socket.send_bytes(msgspec.json.encode(event | {"n": number}))
                number += 1
            await asyncio.sleep(0.005)
        done.set()
        await asyncio.sleep(1)
        await socket.send_bytes(b'{"type": "Over"}')
        async for _ in socket:
            pass
        return socket

    application = web.Application()
    application.router.add_get("/ari/events", events)
    application.router.add_get("/ari/{path:.*}", request)
    return application


def _begun(
    command: list[str], out: IO[bytes], environ: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=out, env=environ)


def _used(pid: int) -> tuple[float, float]:
    """Seconds of CPU and the most megabytes of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text()
    most = int(status.partition("VmHWM:")[2].split()[0])
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), most / 1024


if __name__ == "__main__":
    app()
