"""A recorded call as a test: the app lives through it again and must do the same."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from ari_app.debug import record
from ari_app.debug.ladder.scene import member
from ari_app.debug.record import Item
from ari_app.debug.replay.choose import of_one_call
from ari_app.debug.replay.matching import Bindings, origins
from ari_app.debug.replay.media import Media, working
from ari_app.debug.replay.player import Difference, Player, Report
from ari_app.debug.replay.server import Server, listening, serving
from ari_app.debug.replay.web import Web, path_of
from ari_app.debug.tapped import Tapped

#: Seconds for the app to connect, and for its last steps to be told.
_START = 120.0
_END = 30.0
_NUMBER = re.compile(r"/sip:\+\d+@(.+)$")


def check(
    recording: Path, command: Sequence[str] = (), *, call: str | None = None, speed: float = 10.0
) -> Report:
    """Replay a recording to an app and compare; raises AssertionError with the first difference.

    Without a `command` the app is ariswitch: its webhooks are answered as recorded, and the TwiML
    that it runs must be the same. ``call`` names one of several that came in; else it is the
    first. Any other app is started with ARI_URL, ARI_USERNAME and
    ARI_PASSWORD in its environment, and its requests must be the same.
    """
    return asyncio.run(check_async(recording, command, call=call, speed=speed))


async def check_async(
    recording: Path, command: Sequence[str] = (), *, call: str | None = None, speed: float = 10.0
) -> Report:
    """As `check`, within a running loop."""
    with recording.open("rb") as file:
        items = list(record.read(file)[1])
    if call or not command:
        items = of_one_call(items, call)
    with tempfile.TemporaryDirectory(prefix="ari-debug-") as folder:
        return await _checked(items, command, Path(folder), speed)


async def _checked(items: list[Item], command: Sequence[str], folder: Path, speed: float) -> Report:
    server, pages, media = Server(), Web(items), Media()
    site = web.Application()
    site.router.add_route("*", "/{path:.*}", pages.handle)
    player = Player(
        items, server.send, speed=speed, patience=_END, web=not command,
        tell=None if command else media.tell,
    )  # fmt: skip
    server.player = pages.player = media.player = player
    async with (
        serving(server, "127.0.0.1", 0) as ari,
        listening(site, "127.0.0.1", 0) as here,
        working(media, folder / "run" / "stream-0.sock"),
    ):
        environ = _ariswitch(items, folder, ari, here) if not command else {}
        environ |= {"ARI_URL": ari, "ARI_USERNAME": "ariswitch", "ARI_PASSWORD": "replay"}
        log = folder / "app.log"
        async with _app(command or [sys.executable, "-m", "ari_app.cli", "serve"], environ, log):
            try:
                async with asyncio.timeout(_START):
                    await server.connected.wait()
            except TimeoutError:
                raise AssertionError(f"the app did not connect:\n{_end_of(log)}") from None
            try:
                report = await player.run()
            except Difference as error:
                raise AssertionError(f"{error}\n{_end_of(log)}") from error
            if not command:
                await _same_twiml(items, folder / "run" / "tap.sock", here, player.bindings)
    return report


def _ariswitch(items: list[Item], folder: Path, ari: str, here: str) -> dict[str, str]:
    """Settings of an ariswitch with the recorded number alone."""
    begun = next(item for item in items if item.type == "call-begun")
    first = next(item for item in items if item.kind == "webhook" and item.type == "request")
    config = folder / "ariswitch.toml"
    config.write_text(
        "[[numbers]]\n"
        f'phone_number = "{begun.data["to"]}"\n'
        f'voice_url = "{here}{path_of(first)}"\n'
        f'voice_method = "{first.data.get("method", "POST")}"\n'
    )
    prefix = "ARISWITCH_"
    settings = {
        "CONFIG": str(config), "STATE_DIR": str(folder), "ARI_URL": ari,
        "ARI_USERNAME": "ariswitch", "ARI_PASSWORD": "replay", "HTTP_PORT": str(_free_port()),
        "ALLOW_PRIVATE_URLS": "true", "DEMO": "false", "STREAM_WORKERS": "1",
    }  # fmt: skip
    if uri := _outbound(items):
        settings["OUTBOUND_SIP_URI"] = uri
    return {f"{prefix}{name}": value for name, value in settings.items()}


def _outbound(items: list[Item]) -> str:
    """Where calls to numbers went, "" when there were none."""
    for item in items:
        query = item.data.get("query") if isinstance(item.data, dict) else None
        endpoint = str(query.get("endpoint", "")) if isinstance(query, dict) else ""
        if found := _NUMBER.search(endpoint):
            return f"sip:{{number}}@{found[1]}"
    return ""


@asynccontextmanager
async def _app(command: Sequence[str], environ: dict[str, str], log: Path) -> AsyncIterator[None]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("ARISWITCH_")}
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=inherited | environ,
            stdout=out,
            stderr=out,
            stdin=asyncio.subprocess.DEVNULL,
        )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_END):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _same_twiml(items: list[Item], tap: Path, here: str, bindings: Bindings) -> None:
    """Compare the verbs that ran, in order, with what they were given and how they ended."""
    then = [_verb(item) for item in items if item.kind == "twiml"]
    now: list[dict[str, Any]] = []
    over = asyncio.Event()

    def sink(entry: Any) -> None:
        item = entry if isinstance(entry, Item) else record.read_item(entry.text)
        if item.kind == "twiml":
            now.append(_verb(item))
        if item.type in _ENDED and not member(item.data, "parent"):
            over.set()  # the call itself, not one that it has dialled

    reading = asyncio.create_task(Tapped(tap).run(sink))
    try:
        async with asyncio.timeout(_END):
            await over.wait()
    except TimeoutError:
        raise AssertionError("the call of the replay did not end") from None
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    for number, (one, other) in enumerate(zip(then, now, strict=False), 1):
        wanted = _moved(one, origins(items), here)
        if found := list(bindings.differing(wanted, other)):
            raise AssertionError(
                f"step {number} of the TwiML run differs:\n  " + "\n  ".join(found)
            )
    if len(then) != len(now):
        raise AssertionError(f"{len(then)} steps of TwiML were recorded, {len(now)} ran")


_ENDED = frozenset(
    f"call-{status}" for status in ("completed", "busy", "failed", "no-answer", "canceled")
)


def _verb(item: Item) -> dict[str, Any]:
    data = item.data if isinstance(item.data, dict) else {}
    return {"verb": item.type} | {k: data[k] for k in ("state", "attributes", "line") if k in data}


def _moved(value: Any, recorded: list[str], here: str) -> Any:
    """With the web server of now in the place of the recorded ones."""
    if isinstance(value, dict):
        return {key: _moved(one, recorded, here) for key, one in value.items()}
    if isinstance(value, list):
        return [_moved(one, recorded, here) for one in value]
    if isinstance(value, str):
        for origin in recorded:
            value = value.replace(origin, here)
    return value


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end_of(log: Path, lines: int = 8) -> str:
    text = log.read_text(errors="replace").splitlines()[-lines:]
    return "The app's last words:\n  " + "\n  ".join(text)
