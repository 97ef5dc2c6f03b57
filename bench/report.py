"""What a bench run shows: tables on the terminal, JSON and plots in a folder."""

from __future__ import annotations

import datetime as dt
import os
import platform
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import msgspec
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from bench.bridge import Turn

mpl.use("Agg")
from matplotlib import pyplot as plt

_console = Console()
# The tables are as wide as they are, in a log file too.
_console.width = max(_console.width, 120)


def progress(turn: Turn) -> None:
    """Print a line for a turn that is done."""
    _console.print(
        f"[dim]{turn.scheme} {turn.streams} streams, {turn.subject}: {turn.cpu_us:.1f} µs a pair, "
        f"generator at {turn.generator_load:.0%}[/dim]"
    )


def spread(values: Iterable[float], digits: int = 1) -> str:
    """Return "median (least-most)"."""
    row = sorted(values)
    return f"{statistics.median(row):.{digits}f} ({row[0]:.{digits}f}-{row[-1]:.{digits}f})"


def ratios(turns: Sequence[Turn]) -> list[float]:
    """Return the worker's CPU over that of C, turn by turn."""
    ours = [turn.cpu_us for turn in turns if turn.subject == "worker"]
    c = [turn.cpu_us for turn in turns if turn.subject == "C"]
    return [one / other for one, other in zip(ours, c, strict=True)]


def _cells(turns: Sequence[Turn]) -> dict[tuple[str, int], list[Turn]]:
    cells: dict[tuple[str, int], list[Turn]] = {}
    for turn in turns:
        cells.setdefault((turn.scheme, turn.streams), []).append(turn)
    return cells


def _tables(turns: Sequence[Turn]) -> list[Table]:
    """CPU in one table, what the streams felt in another: one would be too wide to read."""
    cpu = _empty("CPU: median (least-most) over turns", "µs/pair", "x C", "streams/core", "system")
    felt = _empty(
        "Streams: median over turns, ms as p50/p99/max",
        "up, ms", "pacing, ms", "wake-ups/pair", "kB/stream", "silent", "faults",
    )  # fmt: skip
    for (scheme, streams), cell in _cells(turns).items():
        for name in dict.fromkeys(turn.subject for turn in cell):
            mine = [turn for turn in cell if turn.subject == name]
            times = [turn.cpu_us for turn in mine]
            cpu.add_row(
                scheme,
                str(streams),
                name,
                spread(times),
                spread(ratios(cell), 2) if name == "worker" else "",
                f"{20_000 / statistics.median(times):.0f}",
                f"{statistics.median(turn.system_share for turn in mine):.0%}",
            )
            felt.add_row(
                scheme,
                str(streams),
                name,
                _times(turn.latency_us for turn in mine),
                _times(turn.pacing_us for turn in mine),
                f"{statistics.median(turn.wakeups for turn in mine):.2f}",
                f"{statistics.median(turn.memory_kb for turn in mine):.0f}",
                str(sum(turn.silent for turn in mine)),
                str(sum(turn.faults for turn in mine)),
            )
        cpu.add_section()
        felt.add_section()
    return [cpu, felt]


def _empty(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in ("", "streams", "subject", *headings):
        table.add_column(heading, justify="left" if heading == "subject" else "right")
    return table


def _times(rows: Iterable[dict[str, int]]) -> str:
    kept = list(rows)
    return " / ".join(
        f"{statistics.median(row[key] for row in kept) / 1000:.2f}" for key in ("p50", "p99", "max")
    )


def _plot(turns: Sequence[Turn], path: Path) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    cells = _cells(turns)
    for scheme in dict.fromkeys(turn.scheme for turn in turns):
        mine = {streams: cell for (kind, streams), cell in cells.items() if kind == scheme}
        dashes = "-" if scheme == "ws" else "--"
        for name in dict.fromkeys(turn.subject for turn in turns):
            _line(
                axes[0], mine, lambda cell, name=name: [  # type: ignore[misc]
                    turn.cpu_us for turn in cell if turn.subject == name
                ], f"{name}, {scheme}", dashes,
            )  # fmt: skip
        _line(axes[1], mine, ratios, scheme, dashes)
    axes[0].set(title="CPU time of a frame pair", xlabel="streams", ylabel="µs")
    axes[1].set(title="Worker / C", xlabel="streams", ylabel="times")
    for axis in axes:
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _line(
    axis: Any,
    cells: dict[int, list[Turn]],
    values: Callable[[list[Turn]], list[float]],
    label: str,
    dashes: str,
) -> None:
    """Draw medians over streams, with a bar from the least to the most."""
    rows = [(streams, values(cell)) for streams, cell in sorted(cells.items())]
    middle = [statistics.median(row) for _, row in rows]
    below = [at - min(row) for at, (_, row) in zip(middle, rows, strict=True)]
    above = [max(row) - at for at, (_, row) in zip(middle, rows, strict=True)]
    axis.errorbar(
        [streams for streams, _ in rows], middle, [below, above],
        label=label, linestyle=dashes, marker="o", capsize=3,
    )  # fmt: skip


def write(turns: Sequence[Turn], folder: Path) -> None:
    """Print the tables; write ``bridge.json`` and ``bridge.png``."""
    for table in _tables(turns):
        _console.print(table)
    folder.mkdir(parents=True, exist_ok=True)
    whole = {
        "when": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "machine": {
            "kernel": platform.release(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
        },
        "turns": turns,
    }
    text = msgspec.json.format(msgspec.json.encode(whole), indent=1)
    (folder / "bridge.json").write_bytes(text)
    _plot(turns, folder / "bridge.png")
    _console.print(f"Written: {folder / 'bridge.json'} and {folder / 'bridge.png'}")
