"""Exit codes, the same in every command."""

from __future__ import annotations

DONE = 0
#: Something was looked for and not found, or found wrong.
FAILED = 1
#: The command line cannot be understood (Typer's own code).
USAGE = 2
#: Asterisk, tap or file cannot be reached, or refuses.
UNREACHABLE = 3
INTERRUPTED = 130

HELP = (
    "Exit codes: 0 done; 1 what was looked for did not come, or is wrong; 2 wrong usage; "
    "3 nothing there or refused; 130 interrupted."
)


class QuitError(Exception):
    """End the command with words for the user, and this exit code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
