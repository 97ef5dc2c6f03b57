"""A story as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from ari_app.debug.ladder.story import TITLES, Lane, Row, Story, Tone

STYLES: dict[Tone, str] = {
    "plain": "",
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "quiet": "dim",
    "verb": "bold cyan",
    "gap": "dim",
}
#: Columns of one lane.
_LANE = 10
_CLOCK = 9


class Ladder:
    """Draws a story with Rich; labels that are too long go on below."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._lanes: dict[Lane, int] = {
            lane: index * _LANE + _LANE // 2 for index, lane in enumerate(story.lanes)
        }
        self._width = _LANE * len(story.lanes)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield lines as wide as the terminal."""
        yield Text(self._story.title, style="bold")
        for name, value in self._story.facts:
            yield Text(f"  {name:<18} {value}", style="dim", no_wrap=True, overflow="ellipsis")
        yield Text()
        yield self.heads()
        before = self._story.start
        for row in self._story.rows:
            yield from self.lines(row, before, options.max_width)
            before = row.at

    def lines(self, row: Row, before: float, width: int) -> Iterator[Text]:
        """One row: clock, lanes, label."""
        style = STYLES[row.tone]
        if row.tone == "gap":
            line = Text(" " * _CLOCK)
            line.append("".join("┊" if mark == "│" else " " for mark in self._empty()), "dim")
            line.append(f"  {row.label} later", style="dim italic")
            yield line
            return
        line = Text(f"{row.at - self._story.start:8.3f} ", style="dim" if row.at == before else "")
        line.append_text(self._lifelines(row, style))
        label = self.label(row)
        left = _CLOCK + self._width + 1
        room = max(20, width - left)
        for index, part in enumerate(_wrapped(label, room)):
            if index:
                line = Text(" " * _CLOCK)
                line.append("".join(self._empty()), "dim")
            line.append(" ")
            line.append(part, style=style)
            yield line

    @staticmethod
    def label(row: Row) -> str:
        """The words of a row, indented below its verb."""
        text = "  " * row.depth + row.label
        if row.count > 1:
            text += f"  \N{MULTIPLICATION SIGN}{row.count} within {row.until - row.at:.1f} s"
        return text + ("  ·" if row.inferred else "")

    def heads(self) -> Text:
        """The names of the lanes, each above its own."""
        heads = Text(" " * _CLOCK)
        for lane in self._story.lanes:
            heads.append(f"{TITLES[lane]:^{_LANE + 1}}"[:_LANE], style="bold")
        return heads

    def _empty(self) -> list[str]:
        marks = [" "] * self._width
        for place in self._lanes.values():
            marks[place] = "│"
        return marks

    def _lifelines(self, row: Row, style: str) -> Text:
        marks = self._empty()
        begin = self._lanes[row.lane]
        if row.target is None or row.target == row.lane:
            marks[begin] = "●" if row.tone != "verb" else "◆"
            touched = {begin}
        else:
            end = self._lanes[row.target]
            low, high = min(begin, end), max(begin, end)
            touched = set(range(low, high + 1))
            for place in range(low + 1, high):
                marks[place] = "╌" if row.inferred else "─"
            marks[begin] = "├" if end > begin else "┤"
            marks[end - 1 if end > begin else end + 1] = "▶" if end > begin else "◀"
        text = Text()
        for place, mark in enumerate(marks):
            text.append(mark, style=(style or "bold") if place in touched else "dim")
        return text


def _wrapped(label: str, width: int) -> Iterator[str]:
    """Cut a label into lines, deeper ones indented as the first."""
    indent = " " * (len(label) - len(label.lstrip(" ")) + 2)
    line = ""
    for word in _words(label, width - len(indent)):
        if line.strip() and cell_len(line) + cell_len(word) > width:
            yield line.rstrip()
            line = indent
        line += word
    yield line.rstrip()


def _words(label: str, longest: int) -> Iterator[str]:
    """Words with the space behind them; an endless one in pieces."""
    lead = len(label) - len(label.lstrip(" "))
    yield label[:lead]
    for word in label[lead:].split(" "):
        text = word + " "
        while len(text) > longest > 0:
            yield text[:longest]
            text = text[longest:]
        yield text
