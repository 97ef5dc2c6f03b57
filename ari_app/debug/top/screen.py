"""The live screen: a table of calls, and the ladder of the one that is chosen."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Footer, Header, Static

from ari_app.debug.filters import Filter, FilterError, parse
from ari_app.debug.record import Item
from ari_app.debug.sources import SourceError
from ari_app.debug.top.cells import COLUMNS, cells
from ari_app.debug.top.follow import LadderScreen
from ari_app.debug.top.prompt import Prompt
from ari_app.debug.top.save import SaveError, save, usual_name
from ari_app.debug.top.table import Call, Table

#: Items kept for ladders.
_KEPT = 20_000
#: Seconds between two looks at the table.
_REFRESH = 0.5


class Top(App[None]):
    """Shows calls as items tell of them. ``source`` gives items; ``clock`` unix seconds.

    ``nodes``: they are of several nodes, and each call's is shown.
    """

    TITLE = "ari-debug top"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    DataTable { height: 1fr; }
    #line { height: 1; background: $panel; padding: 0 1; }
    #heads { height: 1; background: $panel; padding: 0 1; }
    #story { padding: 0 1; width: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "follow", "Ladder", priority=True),
        Binding("space", "choose", "Select"),
        Binding("f7", "filter", "Filter"),
        Binding("f2", "save", "Save"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(
        self,
        source: AsyncIterator[Item],
        clock: Callable[[], float] = time.time,
        *,
        nodes: bool = False,
    ) -> None:
        super().__init__()
        self._columns = [name for name in COLUMNS if nodes or name != "node"]
        self._source = source
        self._clock = clock
        self.calls = Table()
        self.items: deque[Item] = deque(maxlen=_KEPT)
        #: Keys of the calls that Space has selected.
        self.chosen: set[str] = set()
        self._filter_text = ""
        self._filter: Filter | None = None
        self._fitting: set[str] = set()
        self._rows: list[str] = []
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
        for name in self._columns:
            table.add_column(name, key=name)
        table.focus()
        self.run_worker(self._read(), exclusive=True)
        self.set_interval(_REFRESH, self.refresh_table)

    async def _read(self) -> None:
        try:
            async for item in self._source:
                self._state = "live"
                call = self.calls.feed(item)
                self.items.append(item)
                # Before its SID was known a call was called by its channel.
                if call and self._filter and (self._filter(item) or item.channel in self._fitting):
                    self._fitting.add(call.key)
            self._state = "the source has ended"
        except SourceError as error:
            self._state = str(error)

    def refresh_table(self) -> None:
        """Bring the table up to date; the row under the cursor stays there."""
        now, table = self._clock(), self._table
        known = {call.key: call for call in self.calls.shown(now)}
        self.chosen &= known.keys()
        self._fitting &= known.keys()
        shown = {
            key: call for key, call in known.items() if self._filter is None or key in self._fitting
        }
        self._fill(table, shown, now)
        words = self._words(known, shown, now)
        line = Text(words, "bold")
        line.append(f"  {self._state}", "dim")
        self.screen_stack[0].query_one("#line", Static).update(line)

    def _fill(self, table: DataTable[Text], shown: dict[str, Call], now: float) -> None:
        below, stay = self._under_cursor(), [key for key in self._rows if key in shown]
        # The table can only append: what a filter has back among others has all be written anew.
        in_order = list(shown)[: len(stay)] == list(stay)
        if not in_order:
            table.clear()
            stay.clear()
        for key in set(self._rows) - shown.keys() if in_order else ():
            table.remove_row(key)
        for key, call in shown.items():
            row = dict(zip(COLUMNS, cells(call, now, key in self.chosen), strict=True))
            if key not in stay:
                table.add_row(*(row[name] for name in self._columns), key=key)
                continue
            for name in self._columns:
                table.update_cell(key, name, row[name], update_width=True)
        self._rows = list(shown)
        if not in_order and below in shown:
            table.move_cursor(row=self._rows.index(below))

    def _words(self, known: dict[str, Call], shown: dict[str, Call], now: float) -> str:
        running = sum(not call.ended for call in known.values())
        streams = sum(len(call.streams) for call in known.values())
        words = f"{running} calls  {streams} streams  {self.calls.rate(now):.0f} items/s"
        if self._filter is not None:
            words += f"  filter {self._filter_text!r}: {len(shown)} of {len(known)}"
        if self.chosen:
            words += f"  {len(self.chosen)} selected"
        if self.calls.missed:
            words += f"  {self.calls.missed} missed"
        return words

    @property
    def _table(self) -> DataTable[Text]:
        return self.screen_stack[0].query_one(DataTable)

    def _under_cursor(self) -> str:
        table = self._table
        if not table.row_count:
            return ""
        return table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value or ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A ladder leads to no other one, and a prompt has its own keys."""
        if action in ("follow", "choose", "filter"):
            return len(self.screen_stack) == 1
        return not (action == "save" and isinstance(self.screen, Prompt))

    def action_follow(self) -> None:
        """Show the ladder of the call under the cursor."""
        if key := self._under_cursor():
            self.push_screen(LadderScreen(key, self.items))

    def action_choose(self) -> None:
        """Select the call under the cursor, or no more; go on to the next."""
        if key := self._under_cursor():
            self.chosen ^= {key}
            self.refresh_table()
            self._table.action_cursor_down()

    def action_filter(self) -> None:
        """Ask which calls are to be shown: those of which an item fits."""

        def taken(text: str | None) -> None:
            if text is not None:
                self._choose_filter(text)

        prompt = Prompt("Filter (empty: all calls)", self._filter_text, _unreadable)
        self.push_screen(prompt, taken)

    def _choose_filter(self, text: str) -> None:
        self._filter_text = text.strip()
        self._filter = parse(self._filter_text) if self._filter_text else None
        self._fitting = {
            call.key
            for item in self.items
            if self._filter is not None
            and (call := self.calls.of(item)) is not None
            and self._filter(item)
        }
        self.refresh_table()

    def action_save(self) -> None:
        """Ask for a file and write the selected calls, else the one under the cursor."""
        here = self.screen.key if isinstance(self.screen, LadderScreen) else self._under_cursor()
        alone = isinstance(self.screen, LadderScreen) or not self.chosen
        keys = [here] if alone else [key for key in self.calls.calls if key in self.chosen]
        if not keys or not here:
            return

        def write(name: str) -> str:
            try:
                self.notify(save(Path(name), list(self.items), keys))
            except SaveError as error:
                return str(error)
            return ""

        label = (
            f"Save {len(keys)} call{'s' * (len(keys) > 1)} as (.jsonl: recording, .html: ladder)"
        )
        self.push_screen(Prompt(label, usual_name(keys), write))


def _unreadable(text: str) -> str:
    """What is wrong with a filter, "" when nothing is."""
    try:
        parse(text)
    except FilterError as error:
        return str(error)
    return ""
