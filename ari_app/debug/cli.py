"""The command line `ari-debug`: see what Asterisk and the app really did."""

from __future__ import annotations

import typer

from ari_app.debug import cli_doctor, cli_explain, cli_replay, cli_tail, filters
from ari_app.debug.cli_support import EPILOG
from ari_app.debug.ladder.command import ladder
from ari_app.debug.top.command import top

app = typer.Typer(
    name="ari-debug",
    help="See what Asterisk and its ARI application really did.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog=EPILOG)(cli_tail.tail)
app.command(epilog=EPILOG)(cli_tail.record)
app.command(epilog=EPILOG)(ladder)
app.command(epilog=EPILOG)(top)
app.command(epilog=EPILOG)(cli_replay.replay)
app.command("test", epilog=EPILOG)(cli_replay.again)
app.command(epilog=EPILOG)(cli_doctor.doctor)
app.command(epilog=EPILOG)(cli_explain.explain)


@app.command("filters")
def show_filters() -> None:
    """Explain the filter language that every command shares."""
    typer.echo(filters.__doc__)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
