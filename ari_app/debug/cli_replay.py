"""`ari-debug replay` and `test`: an app lives through a recorded call again."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from ari_app.debug import record
from ari_app.debug.cli_support import compiled, plainly
from ari_app.debug.exits import FAILED, INTERRUPTED, UNREACHABLE, USAGE, QuitError
from ari_app.debug.lines import Lines
from ari_app.debug.record import Item

Recording = Annotated[Path, typer.Argument(help="A recording, made from a tap")]


@plainly
def replay(
    file: Recording,
    filter_: Annotated[
        list[str] | None, typer.Argument(metavar="[FILTER]...", help="Replay only this")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any free one")] = 8088,
    speed: Annotated[
        float, typer.Option(min=0, help="1: as recorded, 10: ten times as fast, 0: at once")
    ] = 1.0,
    step: Annotated[
        bool, typer.Option("--step", help="Wait for Enter before each event, for nothing else")
    ] = False,
    patience: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long a recorded request is waited for")
    ] = 10.0,
) -> None:
    """Be the Asterisk of a recording, for an app that connects to it.

    Serves ARI: the events of the recording over the WebSocket, its answers over REST. Events that
    came after a request are held back until the app has made it; ids, ports and sound files may
    be others than recorded. At the first difference it says what was expected and what came, and
    ends with code 1. Any user and password will do. With --step no recorded pause is waited for,
    and answers do not wait for you; the app's own timers go on.

    \b
    Examples:
      ari-debug replay call.jsonl
      ari-debug replay call.jsonl 'id:CA12*' --speed 10
      ari-debug replay call.jsonl --step
    """
    items = _read(file, " ".join(filter_ or ()))
    try:
        raise typer.Exit(asyncio.run(_replayed(items, host, port, speed, step, patience)))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except OSError as error:
        raise QuitError(UNREACHABLE, f"{host}:{port}: {error.strerror or error}") from error


async def _replayed(
    items: list[Item], host: str, port: int, speed: float, step: bool, patience: float
) -> int:
    from ari_app.debug.replay import Difference, Player  # noqa: PLC0415  (aiohttp)
    from ari_app.debug.replay.server import Server, serving  # noqa: PLC0415

    prompt, width = "   [Enter sends it] " if step else "", 0
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - len(prompt)
    lines = Lines(colour=sys.stderr.isatty(), width=width)

    def show(item: Item) -> None:
        typer.echo(lines.line(item), err=True)

    async def gate(item: Item) -> None:
        typer.echo(lines.line(item) + prompt, err=True, nl=False)
        await _enter()

    server = Server()
    server.player = Player(
        items, server.send, speed=0 if step else speed, patience=patience,
        gate=gate if step else None, show=show,
    )  # fmt: skip
    async with serving(server, host, port) as url:
        typer.echo(f"Waiting for an ARI application at {url}", err=True)
        await server.connected.wait()
        try:
            report = await server.player.run()
        except Difference as error:
            typer.echo(f"ari-debug: the app differs from the recording\n{error}", err=True)
            return FAILED
    typer.echo(
        f"Same: {report.events} events sent, {report.requests} requests as recorded", err=True
    )
    return 0


async def _enter() -> None:
    """Wait for the end of a line; not in a thread, which Ctrl-C would have to wait for."""
    loop, ready, source = asyncio.get_running_loop(), asyncio.Event(), sys.stdin.fileno()
    try:
        loop.add_reader(source, ready.set)
    except PermissionError:
        pass  # a file: there is nothing to wait for
    else:
        try:
            await ready.wait()
        finally:
            loop.remove_reader(source)
    # Byte by byte: what is behind the line is the next step's.
    while os.read(source, 1) not in (b"\n", b""):
        pass
    if not os.isatty(source):
        typer.echo("", err=True)


@plainly
def again(
    file: Recording,
    as_test: Annotated[
        Path | None, typer.Option("--as-test", help="Write this pytest file instead of running")
    ] = None,
    call: Annotated[
        str | None,
        typer.Option(
            help="Which call, by any name that `ladder` takes; else the first that came in"
        ),
    ] = None,
    command: Annotated[
        str, typer.Option(help="Start this app; it finds ARI_URL in its environment")
    ] = "",
    speed: Annotated[float, typer.Option(min=0, help="As of replay")] = 10.0,
) -> None:
    """Replay a recorded call to the app and compare; or keep it as a regression test.

    Starts ariswitch with the recorded number, answers its requests and webhooks as recorded, and
    compares the TwiML that it runs, verb by verb. Streams are stood in for: no bot is connected
    to, what the media worker said then is said again. With --command it starts another ARI
    application and compares its requests. With --as-test it writes a pytest file, and puts the
    recording beside it.

    \b
    Examples:
      ari-debug test call.jsonl
      ari-debug test calls.jsonl --call CA12…
      ari-debug test call.jsonl --as-test tests/test_call.py
      ari-debug test call.jsonl --command 'python my_app.py'
    """
    words = shlex.split(command)
    if as_test is not None:
        _write_test(file, as_test, words, call)
        return
    _read(file, "")
    from ari_app.debug.replay import check  # noqa: PLC0415  (aiohttp)

    try:
        report = check(file, words, call=call, speed=speed)
    except AssertionError as error:
        raise QuitError(FAILED, str(error)) from error
    typer.echo(
        f"Same: {report.events} events, {report.requests} requests, {report.webhooks} webhooks"
        + (f", streams (no audio, no bot): {report.streams}" if report.streams else "")
    )


def _write_test(file: Path, target: Path, words: list[str], call: str | None) -> None:
    if target.suffix != ".py" or not target.name.startswith("test_"):
        raise QuitError(USAGE, f"{target}: pytest wants a name like test_call.py")
    _read(file, "")
    kept = target.with_suffix(".jsonl")
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.resolve() != kept.resolve():
        shutil.copyfile(file, kept)
    name = re.sub(r"\W+", "_", target.stem.removeprefix("test_")).strip("_") or "call"
    arguments = f"RECORDING, {words!r}" if words else "RECORDING"
    arguments += f", call={call!r}" if call else ""
    target.write_text(_TEST.format(file=kept.name, name=name, arguments=arguments))
    typer.echo(f"{target} replays {kept}", err=True)


_TEST = '''"""The call recorded in {file}: the app does the same again."""

from __future__ import annotations

from pathlib import Path

from ari_app.debug.replay import check

RECORDING = Path(__file__).with_name("{file}")


def test_{name}_runs_as_recorded() -> None:
    check({arguments})
'''


def _read(file: Path, text: str) -> list[Item]:
    chosen = compiled(text)
    try:
        with file.open("rb") as stream:
            return [item for item in record.read(stream)[1] if chosen(item)]
    except OSError as error:
        raise QuitError(UNREACHABLE, f"{file}: {error.strerror}") from error
    except record.RecordError as error:
        raise QuitError(FAILED, f"{file}: {error}") from error
