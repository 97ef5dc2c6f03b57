"""What a soak shows: JSON after every sample, a plot and a summary."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import msgspec
from rich.console import Console

if TYPE_CHECKING:
    from bench.soak import Sample

mpl.use("Agg")
from matplotlib import pyplot as plt

_PLOT_EVERY = 12


def slope(samples: Sequence[Sample], value: str) -> float:
    """Return the growth of a figure an hour, by a straight line through all samples."""
    if len(samples) < 2:
        return 0.0
    times = [one.at / 3600 for one in samples]
    return statistics.linear_regression(times, [float(getattr(one, value)) for one in samples])[0]


def write(scheme: str, streams: int, samples: Sequence[Sample], folder: Path) -> None:
    """Write ``soak.json``, and ``soak.png`` every minute or so."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {
        "when": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "scheme": scheme,
        "streams": streams,
        "samples": samples,
    }
    (folder / "soak.json").write_bytes(msgspec.json.encode(whole))
    if len(samples) % _PLOT_EVERY == 0:
        _plot(scheme, streams, samples, folder / "soak.png")


def show(scheme: str, streams: int, samples: Sequence[Sample], folder: Path) -> None:
    """Print what came of it, draw the last plot."""
    _plot(scheme, streams, samples, folder / "soak.png")
    first, last = samples[0], samples[-1]
    say = Console().print
    say(f"{streams} streams, {scheme}, {last.at / 60:.0f} minutes, {len(samples)} samples")
    faults, silent = (sum(getattr(one, name) for one in samples) for name in ("faults", "silent"))
    say(f"faults: {faults}, silent: {silent}")
    for name, unit in (("memory_kb", "kB"), ("files", ""), ("cpu_us", "µs a pair")):
        begin, end = getattr(first, name), getattr(last, name)
        say(f"{name}: {begin:.1f} → {end:.1f} {unit}, {slope(samples, name):+.2f} an hour")
    say(f"drift: {first.drift_ms:+.1f} → {last.drift_ms:+.1f} ms")
    for key in ("p50", "p99", "max"):
        row = [one.latency_us[key] / 1000 for one in samples]
        say(f"up {key}: median {statistics.median(row):.2f}, most {max(row):.2f} ms")
    say(f"Written: {folder / 'soak.json'} and {folder / 'soak.png'}")


def _plot(scheme: str, streams: int, samples: Sequence[Sample], path: Path) -> None:
    figure, axes = plt.subplots(3, 2, figsize=(10, 8), layout="constrained", sharex=True)
    minutes = [one.at / 60 for one in samples]
    rows = {
        "Memory, MB": [one.memory_kb / 1000 for one in samples],
        "Open files": [float(one.files) for one in samples],
        "CPU, µs a frame pair": [one.cpu_us for one in samples],
        "Drift, ms": [one.drift_ms for one in samples],
        "Up p50 and p99, ms": [one.latency_us["p50"] / 1000 for one in samples],
        "Faults": [float(one.faults) for one in samples],
    }
    for axis, (title, row) in zip(axes.flat, rows.items(), strict=True):
        axis.plot(minutes, row, linewidth=1)
        axis.set_title(title, fontsize=10)
        axis.grid(alpha=0.3)
        if title.startswith("Up"):
            axis.plot(minutes, [one.latency_us["p99"] / 1000 for one in samples], linewidth=1)
        if not title.startswith("Drift"):
            axis.set_ylim(bottom=0)
    for axis in axes[-1]:
        axis.set_xlabel("minutes")
    figure.suptitle(f"{streams} streams, {scheme}")
    figure.savefig(path, dpi=120)
    plt.close(figure)
