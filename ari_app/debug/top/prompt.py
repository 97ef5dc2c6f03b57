"""One line to be typed at the bottom of the live screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class Prompt(ModalScreen[str | None]):
    """Asks for a line; Enter takes it, Escape gives None.

    ``refused`` says what is wrong with a line, "" when it is taken.
    """

    CSS = """
    Prompt { align: center bottom; background: $background 40%; }
    Prompt Vertical { height: auto; border: round $primary; background: $surface; }
    Prompt .wrong { color: $error; height: auto; }
    Prompt Input { border: none; height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Back")]

    def __init__(self, label: str, value: str, refused: Callable[[str], str]) -> None:
        super().__init__()
        self._label, self._value, self._refused = label, value, refused

    def compose(self) -> ComposeResult:
        """Lay the prompt out."""
        with Vertical() as box:
            box.border_title = self._label
            yield Input(self._value)
            yield Static(classes="wrong")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the line, or say what is wrong with it."""
        if wrong := self._refused(event.value):
            self.query_one(Static).update(Text(wrong))
        else:
            self.dismiss(event.value)
