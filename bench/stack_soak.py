"""Calls held for long: does anything drift, grow or get lost?"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import matplotlib as mpl
import msgspec

from bench.processes import RESULTS
from bench.stack_report import progress
from bench.stack_results import Window, window
from bench.stack_subjects import NUMBER, whole
from bench.stack_world import Meter, Outside, place_calls
from bench.stolen import watched

mpl.use("Agg")
from matplotlib import pyplot as plt

RATE = 10
#: Seconds of a sample.
SAMPLE = 10.0


class Sample(msgspec.Struct):
    """One look: ``at`` is seconds since all calls talked; memory in bytes.

    ``stolen`` is what the machine's host took of the cores in the worst 0.2 s since the last look.
    """

    at: float
    stolen: float
    window: Window
    memory: dict[str, int]
    files: dict[str, int]


async def soak(minutes: float, calls: int, workers: int) -> None:
    """Hold ``calls`` calls for so many minutes; every frame of every caller is checked."""
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory(prefix="ariswitch-bench-") as made:
        folder = Path(made)
        async with (
            await Outside.start(calls) as outside,
            whole(folder / "state", outside, workers=workers) as node,
            await place_calls(
                node.sip, NUMBER, outside, folder,
                calls=calls, rate=RATE, seconds=minutes * 60 + calls / RATE + 120,
            ),
            watched() as stolen,
        ):  # fmt: skip
            await outside.all_talking(calls)
            await asyncio.sleep(2)
            meter, begun = Meter(node.pids), time.monotonic()
            while time.monotonic() - begun < minutes * 60:
                meter.lap()
                seen = await outside.measure(SAMPLE)
                at = time.monotonic() - begun
                one = window(seen, meter.lap())
                samples.append(Sample(at, stolen.lap(), one, meter.memory(), meter.files()))
                progress(_line(samples[-1], calls))
                _write(samples, calls, minutes)
    progress(f"Written: {RESULTS / 'stack_soak.json'}, {RESULTS / 'stack_soak.png'}")


def _line(sample: Sample, calls: int) -> str:
    one = sample.window
    middle, high = one.round_trip_us["p50"] / 1000, one.round_trip_us["p99"] / 1000
    memory = " ".join(f"{name} {size / 1e6:.1f} MB" for name, size in sample.memory.items())
    return (
        f"{sample.at / 60:6.1f} min: {100 * sum(one.cpu.values()) / calls:.3f} % a call, "
        f"round trip {middle:.1f} / {high:.1f} ms, "
        f"{one.heard} frames, {one.faults} faults, {one.silent} silent, "
        f"{one.behind} behind, {100 * sample.stolen:.0f} % stolen, {memory}"
    )


def _write(samples: list[Sample], calls: int, minutes: float) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    body: dict[str, Any] = {"calls": calls, "minutes": minutes, "samples": samples}
    (RESULTS / "stack_soak.json").write_bytes(msgspec.json.format(msgspec.json.encode(body)))
    figure, axes = plt.subplots(2, 2, figsize=(11, 7), layout="constrained")
    times = [sample.at / 60 for sample in samples]
    for name in samples[0].memory:
        axes[0][0].plot(times, [s.memory[name] / 1e6 for s in samples], label=name)
        axes[0][1].plot(times, [s.files[name] for s in samples], label=name)
        axes[1][1].plot(times, [100 * s.window.cpu[name] / calls for s in samples], label=name)
    for key in ("p50", "p99", "max"):
        axes[1][0].plot(times, [s.window.round_trip_us[key] / 1000 for s in samples], label=key)
    host = axes[1][0].twinx()
    host.bar(times, [100 * s.stolen for s in samples], width=SAMPLE / 60, color="0.85")
    host.set(ylabel="grey: stolen, % of a core", ylim=(0, 200))
    axes[1][0].set_zorder(host.get_zorder() + 1)
    axes[1][0].patch.set_visible(False)
    titles = (("Memory, MB", "Open files"), ("Round trip, ms", "CPU a call, % of a core"))
    for row, names in zip(axes, titles, strict=True):
        for axis, title in zip(row, names, strict=True):
            axis.set(title=title, xlabel="minutes")
            axis.set_ylim(bottom=0)
            axis.grid(alpha=0.3)
            axis.legend(fontsize="small")
    last = samples[-1].window
    figure.suptitle(f"{calls} calls: {last.heard} frames checked, {last.faults} faults")
    figure.savefig(RESULTS / "stack_soak.png", dpi=100)
    plt.close(figure)
