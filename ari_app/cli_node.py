"""The commands of `ariswitch` that run a node and look at it."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ari_app.cli_support import Options, plainly
from ari_app.node import asterisk as node_asterisk
from ari_app.node import doctor as examination
from ari_app.node import logs as log_files
from ari_app.node import reference, report, stack
from ari_app.node.notify import announced
from ari_app.node.priority import real_time
from ari_app.node.state import prepare


@plainly
def up(context: typer.Context) -> None:
    """Start everything in the background, wait until healthy, tell how to call."""
    loaded = Options.of(context).load()
    started = stack.up(loaded, say=_note)
    typer.echo(report.how_to_call(started))


@plainly
def run(context: typer.Context) -> None:
    """Run everything in the foreground, logs on standard output, until SIGTERM."""
    stack.run(Options.of(context).load())


@plainly
def asterisk(context: typer.Context) -> None:
    """Write Asterisk's configuration and become Asterisk in the foreground."""
    settings = prepare(Options.of(context).load().settings)
    node_asterisk.render(settings)
    command = node_asterisk.command(settings)
    os.execv(command[0], command)  # noqa: S606 - so that signals and systemd reach it


@plainly
def down(context: typer.Context) -> None:
    """Stop what `up` started."""
    stopped = stack.down(Options.of(context).load().settings, say=_note)
    typer.echo("Stopped." if stopped else "Nothing was running.")


@plainly
def status(context: typer.Context) -> None:
    """Tell what runs; exit code 0 only when all is healthy."""
    text, well = report.status(Options.of(context).running())
    typer.echo(text)
    raise typer.Exit(0 if well else 1)


@plainly
def logs(
    context: typer.Context,
    part: Annotated[
        str | None, typer.Argument(help="asterisk, app, stream; all if left out")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="Lines of each log")] = 20,
) -> None:
    """Print the logs of all parts."""
    folder = Options.of(context).load().settings.log_dir
    for line in log_files.last_lines(folder, lines, part):
        typer.echo(line)
    if follow:
        try:
            for line in log_files.follow(folder, part):
                typer.echo(line)
        except KeyboardInterrupt:
            return


@plainly
def doctor(context: typer.Context) -> None:
    """Check what a node needs and say what to do about what is missing."""
    bad = 0
    for finding in examination.examine(Options.of(context).load()):
        typer.echo(f"{'ok  ' if finding.ok else 'BAD '} {finding.what:<20}{finding.detail}")
        if not finding.ok:
            bad += 1
            if finding.remedy:
                typer.echo(f"     -> {finding.remedy}")
    raise typer.Exit(1 if bad else 0)


@plainly
def config(
    context: typer.Context,
    markdown: Annotated[bool, typer.Option(help="The page of all settings instead")] = False,
) -> None:
    """Print the effective settings and where each came from, secrets masked."""
    if markdown:
        typer.echo(reference.page(), nl=False)
        return
    table = Table("setting", "value", "from", box=None, pad_edge=False)
    for row in reference.effective(Options.of(context).load()):
        table.add_row(*row)
    Console(soft_wrap=True).print(table)


@plainly
def serve(context: typer.Context) -> None:
    """Run the app in the foreground."""
    settings = prepare(Options.of(context).load().settings)
    from ari_app.main import serve as run  # noqa: PLC0415  (only this command needs it all)

    raise typer.Exit(run(settings))


@plainly
def stream_worker(
    context: typer.Context,
    index: Annotated[int, typer.Option(min=0, max=63, help="Which one, from 0")] = 0,
) -> None:
    """Run one media process in the foreground.

    A running app finds it, also one that is more than the settings ask for.
    """
    settings = prepare(Options.of(context).load().settings)
    from stream.worker import run_worker  # noqa: PLC0415  (only this command needs it)

    if settings.stream_realtime:
        real_time()
    run_worker(
        index,
        settings.run_dir / f"stream-{index}.sock",
        settings.media_address,
        settings.stream_capacity,
        ca_file=settings.ca_file,
        while_running=announced,
    )


@plainly
def recognizer(context: typer.Context) -> None:
    """Run the speech recogniser in the foreground."""
    settings = prepare(Options.of(context).load().settings)
    from ari_app.recognition.server import run_recognizer  # noqa: PLC0415
    from ari_app.wiring.recognition import make_engine  # noqa: PLC0415

    run_recognizer(
        lambda stack: make_engine(settings, stack),
        settings.recognizer_socket,
        settings.recognizer_limit,
        while_running=announced,
    )


@plainly
def demo(context: typer.Context) -> None:
    """Place a real SIP call to the built-in echo bot and print what was heard."""
    settings = Options.of(context).running().settings
    from ari_app.demo.call import demo as run  # noqa: PLC0415  (only this command needs it)

    stats_url = f"{settings.local_url}/demo/echo/last"
    raise typer.Exit(run(settings.host, settings.sip_port, stats_url=stats_url))


def _note(text: str) -> None:
    typer.echo(text, err=True)
