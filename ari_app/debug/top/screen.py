"""The live screen: a table of calls, and the ladder of the one that is chosen."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Header, Static

from ari_app.debug.ladder import NoCallError, pick, tell
from ari_app.debug.ladder.text import Ladder
from ari_app.debug.record import Item
from ari_app.debug.sources import SourceError
from ari_app.debug.top.table import Call, Quality, Table

#: Items kept for ladders.
_KEPT = 20_000
#: Seconds between two looks at the table.
_REFRESH = 0.5
_COLUMNS = ("call", "from", "to", "state", "time", "verb", "streams", "loss, jitter", "trouble")
_STATES = {"in-progress": "green", "completed": "dim", "ringing": "yellow", "up": "green"}


class Top(App[None]):
    """Shows calls as items tell of them. ``source`` gives items; ``clock`` unix seconds."""

    TITLE = "ari-debug top"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    DataTable { height: 1fr; }
    #line { height: 1; background: $panel; padding: 0 1; }
    #heads { height: 1; background: $panel; padding: 0 1; }
    #story { padding: 0 1; width: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("enter", "follow", "Ladder", priority=True),
    ]

    def __init__(self, source: AsyncIterator[Item], clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._source = source
        self._clock = clock
        self.calls = Table()
        self.items: deque[Item] = deque(maxlen=_KEPT)
        self._rows: set[str] = set()
        self._state = "connecting"

    def compose(self) -> ComposeResult:
        """Lay the screen out."""
        yield Header(show_clock=True, icon="")
        yield Static(id="line")
        yield DataTable(cursor_type="row", zebra_stripes=True)
        yield Footer()

    def on_mount(self) -> None:
        """Begin to read, and to look every now and then."""
        table = self.query_one(DataTable)
        for name in _COLUMNS:
            table.add_column(name, key=name)
        table.focus()
        self.run_worker(self._read(), exclusive=True)
        self.set_interval(_REFRESH, self.refresh_table)

    async def _read(self) -> None:
        try:
            async for item in self._source:
                self._state = "live"
                self.calls.feed(item)
                self.items.append(item)
            self._state = "the source has ended"
        except SourceError as error:
            self._state = str(error)

    def refresh_table(self) -> None:
        """Bring the table up to date; the chosen row stays chosen."""
        now, table = self._clock(), self.screen_stack[0].query_one(DataTable)
        shown = {call.key: call for call in self.calls.shown(now)}
        for key in self._rows - set(shown):
            table.remove_row(key)
        for key, call in shown.items():
            cells = _cells(call, now)
            if key not in self._rows:
                table.add_row(*cells, key=key)
                continue
            for name, cell in zip(_COLUMNS, cells, strict=True):
                table.update_cell(key, name, cell, update_width=True)
        self._rows = set(shown)
        running = sum(not call.ended for call in shown.values())
        streams = sum(len(call.streams) for call in shown.values())
        words = f"{running} calls  {streams} streams  {self.calls.rate(now):.0f} items/s"
        if self.calls.missed:
            words += f"  {self.calls.missed} missed"
        line = Text(words, "bold")
        line.append(f"  {self._state}", "dim")
        self.screen_stack[0].query_one("#line", Static).update(line)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A ladder leads to no other one."""
        return not (action == "follow" and isinstance(self.screen, LadderScreen))

    def action_follow(self) -> None:
        """Show the ladder of the chosen call."""
        table = self.screen_stack[0].query_one(DataTable)
        if isinstance(self.screen, LadderScreen) or not table.row_count:
            return
        key = table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value
        if key:
            self.push_screen(LadderScreen(key, self.items))


class LadderScreen(Screen[None]):
    """The ladder of one call, as it grows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.pop_screen", "Back"),
        Binding("a", "everything", "All / less"),
    ]

    def __init__(self, key: str, items: deque[Item]) -> None:
        super().__init__()
        self._key = key
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
            mine = pick(list(self._items), self._key)
        except NoCallError as error:
            story.update(Text(str(error)))
            return
        ladder = Ladder(tell(mine, everything=self._everything))
        story.update(ladder)
        self.query_one("#heads", Static).update(ladder.heads())
        if at_end:
            scroll.scroll_end(animate=False)


def _cells(call: Call, now: float) -> tuple[Text, ...]:
    seconds = int(call.seconds(now))
    return (
        Text(f"{call.key[:8]}…" if len(call.key) > 20 else call.key),
        Text(call.number_from),
        Text(call.number_to),
        Text(call.state, _STATES.get(call.state, "" if not call.ended else "red")),
        Text(f"{seconds // 60}:{seconds % 60:02}", justify="right"),
        Text(" ".join(call.verbs), "cyan"),
        Text(str(len(call.streams) or ""), justify="right"),
        _quality(call.quality),
        Text(call.error[:60], "red"),
    )


def _quality(found: Quality | None) -> Text:
    """Loss and jitter; yellow from 1 % or 30 ms on, red from 5 % on."""
    if found is None:
        return Text("")
    style = "red" if found.loss >= 5 else "yellow" if found.loss >= 1 else ""
    if not style and found.jitter_ms >= 30:
        style = "yellow"
    return Text(f"{found.loss:.1f}% {found.jitter_ms:.0f}ms", style, justify="right")
