"""The ladder of one call on the live screen, as it grows."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Header, Static

from ari_app.debug.ladder import NoCallError, pick, tell
from ari_app.debug.ladder.text import Ladder
from ari_app.debug.record import Item

#: Seconds between two looks for news.
_REFRESH = 0.5


class LadderScreen(Screen[None]):
    """The ladder of one call, as it grows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.pop_screen", "Back"),
        Binding("a", "everything", "All / less"),
    ]

    def __init__(self, key: str, items: deque[Item]) -> None:
        super().__init__()
        self.key = key
        self._items = items
        self._everything = False
        self._seen = -1.0

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield Header(show_clock=True, icon="")
        yield Static(id="heads")
        with VerticalScroll():
            yield Static(id="story")
        yield Footer()

    def on_mount(self) -> None:
        """Draw, and draw again when there is more."""
        self.query_one(VerticalScroll).focus()
        self.redraw()
        self.set_interval(_REFRESH, self.redraw)

    def action_everything(self) -> None:
        """Show what says little, too, or no more."""
        self._everything = not self._everything
        self._seen = -1.0
        self.redraw()

    def redraw(self) -> None:
        """Tell the story anew if there is news; stay at the end if it was in sight."""
        last = self._items[-1].at if self._items else 0.0
        if last == self._seen:
            return
        self._seen = last
        scroll, story = self.query_one(VerticalScroll), self.query_one("#story", Static)
        at_end = scroll.scroll_offset.y >= scroll.max_scroll_y
        try:
            mine = pick(list(self._items), self.key)
        except NoCallError as error:
            story.update(Text(str(error)))
            return
        ladder = Ladder(tell(mine, everything=self._everything))
        story.update(ladder)
        self.query_one("#heads", Static).update(ladder.heads())
        if at_end:
            scroll.scroll_end(animate=False)
