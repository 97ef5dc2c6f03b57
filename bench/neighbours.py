"""What streams feel of a neighbour whose host does not resolve, refuses, stalls or floods.

    python -m bench.neighbours [--streams 100] [--scheme wss]

One worker carries the streams; each bad neighbour has a window of its own, and one goes without.
The gap is the longest time between two RTP packets of a stream, by the kernel's time stamps:
20 ms is none at all, over 40 ms is heard.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from bench import hostile_bots
from bench.bridge import FAULTS
from bench.processes import RESULTS, Certificates, Generator, Worker, compile_c

NEIGHBOURS = {
    "none": None,
    "does not resolve": hostile_bots.unresolved,
    "refuses": hostile_bots.refusing,
    "stalls": hostile_bots.stalling,
    "floods": hostile_bots.flooding,
}
REPEAT = {"does not resolve", "refuses"}
REPEAT_SECONDS = 0.1
WARM_UP = 1.5


class Row(msgspec.Struct):
    """One window. Times in ms."""

    neighbour: str
    gap: float
    pacing_p99: float
    up_p99: float
    up_max: float
    faults: int
    generator_late: float


@contextlib.contextmanager
def beside(worker: Worker, name: str) -> Iterator[None]:
    """Have a bad neighbour in the worker; one that fails at once comes again and again."""
    make = NEIGHBOURS[name]
    if make is None:
        yield
        return
    over = threading.Event()
    with make() as url:

        def come() -> None:
            for number in itertools.count():
                worker.open_to(url, f"{name} {number}")
                if over.wait(REPEAT_SECONDS) or name not in REPEAT:
                    return

        thread = threading.Thread(target=come)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def measure(name: str, worker: Worker, generator: Generator, seconds: float) -> Row:
    """Measure one window."""
    with beside(worker, name):
        seen = generator.measure(worker.pid, WARM_UP, seconds)
    return Row(
        neighbour=name,
        gap=20 + seen["pacing_us"]["max"] / 1000,
        pacing_p99=seen["pacing_us"]["p99"] / 1000,
        up_p99=seen["latency_us"]["p99"] / 1000,
        up_max=seen["latency_us"]["max"] / 1000,
        faults=sum(seen[row][fault] for row in ("up", "down", "rtp") for fault in FAULTS),
        generator_late=seen["generator_late_us"] / 1000,
    )


def main(
    streams: Annotated[int, typer.Option(help="Good streams")] = 100,
    scheme: Annotated[str, typer.Option(help="ws or wss")] = "ws",
    turns: Annotated[int, typer.Option(help="Windows of each neighbour")] = 3,
    seconds: Annotated[float, typer.Option(help="Length of a window")] = 4.0,
) -> None:
    """Run it, print a table, write ``neighbours.json``."""
    load = compile_c("generator")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="ariswitch-bench-") as folder:
        tls = Certificates(Path(folder)) if scheme == "wss" else None
        for name in [name for _ in range(turns) for name in NEIGHBOURS]:
            generator = Generator(load, streams, tls)
            worker = Worker(Path(folder), generator, room=500)
            try:
                generator.target(worker.rtp_port)
                worker.open(generator)
                generator.wait_started()
                rows.append(measure(name, worker, generator, seconds))
            finally:
                worker.close()
                generator.close()
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "neighbours.json").write_bytes(
        msgspec.json.encode({"streams": streams, "scheme": scheme, "rows": rows})
    )
    _show(rows, f"{streams} streams, {scheme}: worst of {turns} windows, ms")


def _show(rows: list[Row], title: str) -> None:
    table = Table(title=title, title_justify="left")
    fields = ("gap", "pacing_p99", "up_p99", "up_max", "faults", "generator_late")
    for heading in ("neighbour", *(name.replace("_", " ") for name in fields)):
        table.add_column(heading, justify="left" if heading == "neighbour" else "right")
    for name in NEIGHBOURS:
        mine = [row for row in rows if row.neighbour == name]
        worst = [max(getattr(row, field) for row in mine) for field in fields]
        table.add_row(name, *(f"{value:.1f}" if value % 1 else f"{value:.0f}" for value in worst))
    Console(width=110).print(table)


if __name__ == "__main__":
    typer.run(main)
