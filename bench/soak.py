"""The bridge alone for hours: is anything growing, drifting or getting lost?

One stream worker under a steady load, a sample every few seconds: CPU, memory, open files,
latency, drift of the play-out against the clock on the wall, and every fault of every frame since
the sample before.

    python -m bench.soak [--minutes 60] [--streams 150] [--scheme wss]

Writes ``soak.json`` and ``soak.png``; exits with 1 when a frame was lost, doubled, reordered or
altered.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from bench import soak_report
from bench.bridge import FAULTS
from bench.processes import (
    RESULTS,
    Certificates,
    Generator,
    Worker,
    compile_c,
    open_files,
    resident,
)

CAPACITY = 250
SHARE = 0.6
WARM_UP = 5.0


class Sample(msgspec.Struct):
    """One window. ``at`` is its end, in seconds since the first began.

    ``drift_ms`` is the audio that a stream has sent since the start, less the time it took.
    """

    at: float
    cpu_us: float
    memory_kb: float
    files: int
    latency_us: dict[str, int]
    pacing_us: dict[str, int]
    drift_ms: float
    faults: int
    silent: int
    generator_late_us: int


def sample(generator: Generator, worker: Worker, seconds: float, began: float) -> Sample:
    """Measure one window."""
    seen = generator.go_on(worker.pid, seconds)
    rows = [seen[row] for row in ("up", "down", "rtp")]
    pairs = (seen["up"]["right"] + seen["rtp"]["right"]) / 2
    return Sample(
        at=time.monotonic() - began,
        cpu_us=seen["cpu_ns"] / 1000 / max(pairs, 1),
        memory_kb=resident(worker.pid) / 1000,
        files=open_files(worker.pid),
        latency_us=seen["latency_us"],
        pacing_us=seen["pacing_us"],
        drift_ms=seen["drift_ms"],
        faults=sum(row[fault] for row in rows for fault in FAULTS) + seen["stalled"],
        silent=seen["up"]["silent"] + seen["down"]["silent"],
        generator_late_us=seen["generator_late_us"],
    )


def main(
    minutes: Annotated[float, typer.Option(help="Length of the soak")] = 60.0,
    streams: Annotated[int, typer.Option(help="Streams all the while")] = int(CAPACITY * SHARE),
    scheme: Annotated[str, typer.Option(help="ws or wss")] = "ws",
    seconds: Annotated[float, typer.Option(help="Length of a sample")] = 5.0,
) -> None:
    """Run the soak; the figures so far are on disk after every sample."""
    load = compile_c("generator")
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory(prefix="ariswitch-soak-") as folder:
        tls = Certificates(Path(folder)) if scheme == "wss" else None
        generator = Generator(load, streams, tls)
        worker = Worker(Path(folder), generator)
        try:
            generator.target(worker.rtp_port)
            worker.open(generator)
            generator.wait_started()
            generator.measure(worker.pid, 0.0, WARM_UP)
            began = time.monotonic()
            while time.monotonic() - began < minutes * 60:
                samples.append(sample(generator, worker, seconds, began))
                soak_report.write(scheme, streams, samples, RESULTS)
        finally:
            worker.close()
            generator.close()
    soak_report.show(scheme, streams, samples, RESULTS)
    raise typer.Exit(any(one.faults for one in samples))


if __name__ == "__main__":
    typer.run(main)
