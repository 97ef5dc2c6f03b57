"""The command line `ari-debug`: see what Asterisk and the app really did."""

from __future__ import annotations

import typer

from ari_app.cli_later import Later, LaterGroup, register
from ari_app.debug.exits import HELP

#: In the order of `ari-debug --help`. Their modules are imported when they are used.
COMMANDS = (
    Later(
        "tail",
        "ari_app.debug.cli_tail:tail",
        "Show what happens, one line each, as it happens.",
    ),
    Later(
        "record",
        "ari_app.debug.cli_tail:record",
        "Write what happens into a file, until Ctrl-C.",
    ),
    Later(
        "ladder",
        "ari_app.debug.ladder.command:ladder",
        "Show the whole story of one call as a ladder over time.",
    ),
    Later(
        "top",
        "ari_app.debug.top.command:top",
        "Watch all calls: state, duration, verb, streams, packet loss and jitter of each leg.",
    ),
    Later(
        "replay",
        "ari_app.debug.cli_replay:replay",
        "Be the Asterisk of a recording, for an app that connects to it.",
    ),
    Later(
        "test",
        "ari_app.debug.cli_replay:again",
        "Replay a recorded call to the app and compare; or keep it as a regression test.",
    ),
    Later(
        "doctor",
        "ari_app.debug.cli_doctor:doctor",
        "Examine an Asterisk for ARI work; say what is wrong, each with the line to change.",
    ),
    Later(
        "explain",
        "ari_app.debug.cli_explain:explain",
        "Say why a call went as it did; or what a word of ARI or an error number means.",
    ),
    Later(
        "filters",
        "ari_app.debug.cli_filters:show_filters",
        "Explain the filter language that every command shares.",
    ),
)

app = typer.Typer(
    name="ari-debug",
    cls=LaterGroup,
    help="See what Asterisk and its ARI application really did.",
    epilog=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
register(app, COMMANDS, epilog=HELP)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
