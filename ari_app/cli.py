"""The command line `ariswitch`: running a node and looking at it."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from ari_app.cli_later import Later, LaterGroup, register
from ari_app.cli_support import ConfigOption, Options

#: In the order of `ariswitch --help`. Their modules are imported when they are used.
COMMANDS = (
    Later("call", "ari_app.cli_rest:call", "Place a call."),
    Later(
        "up",
        "ari_app.cli_node:up",
        "Start everything in the background, wait until healthy, tell how to call.",
    ),
    Later(
        "run",
        "ari_app.cli_node:run",
        "Run everything in the foreground, logs on standard output, until SIGTERM.",
    ),
    Later(
        "asterisk",
        "ari_app.cli_node:asterisk",
        "Write Asterisk's configuration and become Asterisk in the foreground.",
    ),
    Later("down", "ari_app.cli_node:down", "Stop what `up` started."),
    Later(
        "status", "ari_app.cli_node:status", "Tell what runs; exit code 0 only when all is healthy."
    ),
    Later("logs", "ari_app.cli_node:logs", "Print the logs of all parts."),
    Later(
        "doctor",
        "ari_app.cli_node:doctor",
        "Check what a node needs and say what to do about what is missing.",
    ),
    Later(
        "config",
        "ari_app.cli_node:config",
        "Print the effective settings and where each came from, secrets masked.",
    ),
    Later("serve", "ari_app.cli_node:serve", "Run the app in the foreground."),
    Later(
        "stream-worker",
        "ari_app.cli_node:stream_worker",
        "Run one media process in the foreground.",
    ),
    Later(
        "recognizer", "ari_app.cli_node:recognizer", "Run the speech recogniser in the foreground."
    ),
    Later(
        "demo",
        "ari_app.cli_node:demo",
        "Place a real SIP call to the built-in echo bot and print what was heard.",
    ),
    Later("number", "ari_app.cli_rest:numbers", "Numbers that can be called."),
    Later("gateway", "ari_app.cli_gateway:app", "SIP gateways in front of the nodes (OpenSIPS)."),
)

app = typer.Typer(
    name="ariswitch",
    cls=LaterGroup,
    help="Self-hosted, Twilio-compatible voice on Asterisk.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
register(app, COMMANDS)


def main() -> None:
    """Run the command line."""
    app()


@app.callback()
def options(context: typer.Context, config: ConfigOption = None) -> None:
    """Self-hosted, Twilio-compatible voice on Asterisk."""
    context.obj = Options(config)


if __name__ == "__main__":
    sys.argv[0] = str(Path("ariswitch"))
    main()
