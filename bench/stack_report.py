"""Tables and plots of the whole-stack bench."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
from rich.console import Console
from rich.table import Table

from bench.report import spread
from bench.stack_results import Load, Results

mpl.use("Agg")
from matplotlib import pyplot as plt

SUBJECTS = ("whole", "floor", "stock")
BASES = SUBJECTS[1:]

console = Console()
# The tables are as wide as they are, in a log file too.
console.width = max(console.width, 130)


def progress(text: str) -> None:
    """Print a line for a step that is done."""
    console.print(f"[dim]{text}[/dim]", highlight=False)


def load_line(load: Load) -> str:
    """Return a line about one turn."""
    return (
        f"{load.calls} calls, {load.subject}: {statistics.median(load.per_call()):.3f} % a call, "
        f"round trip {load.median(lambda w: w.round_trip_us['p50']) / 1000:.1f} ms, "
        f"faults {load.windows[-1].faults}, outside at "
        f"{load.median(lambda w: w.outside_load):.0%}"
    )


def show(results: Results, folder: Path) -> None:
    """Print the tables; write ``stack.png``."""
    tables = [_cpu(results), _ratios(results), _felt(results)] if results.loads else []
    if results.setups:
        tables.append(_setups(results))
    for one in tables:
        console.print(one)
    if results.clear:
        times = results.clear.silence_us
        console.print(
            f"clear → silence, {results.clear.clears} times: p50 {times['p50'] / 1000:.1f} ms, "
            f"p99 {times['p99'] / 1000:.1f} ms, most {times['max'] / 1000:.1f} ms"
        )
    if results.loads:
        _plot(results, folder / "stack.png")
    console.print(f"Written: {folder / 'stack.json'}, {folder / 'stack.png'}")


def table(title: str, *headings: str) -> Table:
    """Return an empty table; all columns but ``subject`` are numbers."""
    rows = Table(title=title, title_justify="left")
    for heading in headings:
        rows.add_column(heading, justify="left" if heading == "subject" else "right")
    return rows


def costs(loads: Sequence[Load], *names: str) -> list[float]:
    """Return the CPU a call in % of a core, of all windows of all turns."""
    return [cost for load in loads for cost in load.per_call(*names)]


def ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """Return the ratio of two medians."""
    return statistics.median(over) / statistics.median(under)


def _cpu(results: Results) -> Table:
    rows = table(
        "CPU, % of a core a call: median (least-most) over windows",
        "calls", "subject", "Asterisk", "app", "workers", "all",
    )  # fmt: skip
    for calls in results.levels:
        for name in SUBJECTS:
            loads = results.of(name, calls)
            if not loads:
                continue
            row = [spread(costs(loads, "asterisk"), 3), "", ""]
            if name == "whole":
                workers = [one for one in loads[0].ours if one != "app"]
                row[1:] = spread(costs(loads, "app"), 3), spread(costs(loads, *workers), 3)
            rows.add_row(str(calls), name, *row, spread(costs(loads), 3))
        rows.add_section()
    return rows


def _ratios(results: Results) -> Table:
    headings = [f"{over} ÷ {base}" for base in BASES for over in ("whole stack", "app + workers")]
    rows = table("Ratios of the medians", "calls", *headings)
    for calls in results.levels:
        row = []
        for base in BASES:
            pair = ratios(results, calls, base)
            row += [f"{one:.2f}" for one in pair] if pair else ["", ""]
        rows.add_row(str(calls), *row)
    return rows


def ratios(results: Results, calls: int, base: str) -> tuple[float, float] | None:
    """Return what the whole stack, and app and workers, cost over a floor at a level."""
    wholes, under = results.of("whole", calls), costs(results.of(base, calls))
    if not wholes or not under:
        return None
    return ratio(costs(wholes), under), ratio(costs(wholes, *wholes[0].ours), under)


def _felt(results: Results) -> Table:
    rows = table(
        "What callers felt: medians over windows, ms as p50/p99/max",
        "calls", "subject", "round trip", "pacing", "frames", "faults", "silent", "behind",
        "MB a call", "outside",
    )  # fmt: skip
    for calls in results.levels:
        for name in SUBJECTS:
            for load in results.of(name, calls):
                last = load.windows[-1]
                rows.add_row(
                    str(calls), name,
                    _times(load, "round_trip_us"), _times(load, "pacing_us"),
                    str(last.heard), str(last.faults), str(last.silent), str(last.behind),
                    f"{sum(load.memory.values()) / calls / 1e6:.2f}",
                    f"{load.median(lambda w: w.outside_load):.0%}",
                )  # fmt: skip
        rows.add_section()
    return rows


def _times(load: Load, field: str) -> str:
    return " / ".join(
        f"{load.median(lambda w, key=key: getattr(w, field)[key]) / 1000:.1f}"  # type: ignore[misc]
        for key in ("p50", "p99", "max")
    )


def _setups(results: Results) -> Table:
    rows = table(
        "Calls set up: INVITE sent to `start` received; CPU ms of a whole call's setup and end",
        "calls/s", "calls", "started", "p50 ms", "p99 ms", "max ms", "Asterisk", "app", "worker",
    )  # fmt: skip
    for setup in results.setups:
        row = sorted(setup.start_ms)
        workers = sum(ms for name, ms in setup.cpu_ms.items() if name.startswith("stream"))
        rows.add_row(
            str(setup.rate), str(setup.calls), str(setup.started),
            f"{row[len(row) // 2]:.1f}", f"{row[len(row) * 99 // 100]:.1f}", f"{row[-1]:.1f}",
            f"{setup.cpu_ms['asterisk']:.1f}", f"{setup.cpu_ms['app']:.1f}", f"{workers:.1f}",
        )  # fmt: skip
    return rows


def _plot(results: Results, path: Path) -> None:
    """Draw CPU a call, its ratios and the round trip against the number of calls."""
    figure, axes = plt.subplots(1, 3, figsize=(14, 4), layout="constrained")
    lines: list[tuple[str, Callable[[int], list[float]]]] = [
        ("whole stack", lambda calls: costs(results.of("whole", calls))),
        ("of it Asterisk", lambda calls: costs(results.of("whole", calls), "asterisk")),
        ("floor: Asterisk, bare echo", lambda calls: costs(results.of("floor", calls))),
        ("stock: the same, as it comes", lambda calls: costs(results.of("stock", calls))),
    ]
    for label, of in lines:
        rows = [(calls, of(calls)) for calls in results.levels if of(calls)]
        if rows:
            middle = [statistics.median(row) for _, row in rows]
            least = [at - min(row) for at, (_, row) in zip(middle, rows, strict=True)]
            most = [max(row) - at for at, (_, row) in zip(middle, rows, strict=True)]
            axes[0].errorbar(
                [calls for calls, _ in rows], middle, [least, most],
                label=label, marker="o", capsize=3,
            )  # fmt: skip
    for base in BASES:
        pairs = [(calls, ratios(results, calls, base)) for calls in results.levels]
        known = [(calls, pair) for calls, pair in pairs if pair]
        for index, over, dashes in ((0, "whole stack", "-"), (1, "app + workers", "--")):
            axes[1].plot(
                [calls for calls, _ in known], [pair[index] for _, pair in known],
                marker="o", linestyle=dashes, label=f"{over} ÷ {base}",
            )  # fmt: skip
    for key, dashes in (("p50", "-"), ("p99", "--")):
        for name in ("whole", "floor"):
            rows2 = [(calls, results.of(name, calls)) for calls in results.levels]
            axes[2].plot(
                [calls for calls, loads in rows2 if loads],
                [
                    loads[0].median(lambda w, key=key: w.round_trip_us[key]) / 1000  # type: ignore[misc]
                    for _, loads in rows2 if loads
                ],
                marker="o", linestyle=dashes, label=f"{name}, {key}",
            )  # fmt: skip
    axes[0].set(title="CPU of a call", xlabel="calls", ylabel="% of a core")
    axes[1].set(title="Ratios", xlabel="calls", ylabel="times")
    axes[2].set(title="Round trip of a frame", xlabel="calls", ylabel="ms")
    for axis in axes:
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
        axis.legend(fontsize="small")
    figure.savefig(path, dpi=120)
    plt.close(figure)
