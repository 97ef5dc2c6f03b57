"""Do two workers carry twice the streams of one at the same cost a frame?

    python -m bench.workers [--streams 100] [--scheme wss]

One worker alone, then two at once, each with as many streams and a generator of its own, all on
the cores there are: on two of them keep to a load that leaves both generators room.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from bench.bridge import WARM_UP, Turn, turn_of
from bench.processes import RESULTS, Certificates, Generator, Worker, compile_c, resident


def measure(workers: int, streams: int, tls: Certificates | None, seconds: float) -> list[Turn]:
    """Return one window of each of so many workers, all at the same time."""
    load = compile_c("generator")
    with tempfile.TemporaryDirectory(prefix="ariswitch-bench-") as folder:
        pairs: list[tuple[Worker, Generator]] = []
        try:
            for index in range(workers):
                # A worker's generator is on the core of the other worker, if there are two.
                generator = Generator(load, streams, tls, core=-1 - index)
                pairs.append((Worker(Path(folder), generator, index, core=index), generator))
            for worker, generator in pairs:
                generator.target(worker.rtp_port)
                worker.open(generator)
                generator.wait_started()

            def window(pair: tuple[Worker, Generator]) -> Turn:
                worker, generator = pair
                seen = generator.measure(worker.pid, WARM_UP, seconds)
                memory = resident(worker.pid) / streams / 1000
                return turn_of(f"{workers} workers", "", streams, memory, seen)

            with ThreadPoolExecutor() as pool:
                return list(pool.map(window, pairs))
        finally:
            for worker, generator in pairs:
                worker.close()
                generator.close()


def main(
    streams: Annotated[int, typer.Option(help="Streams of each worker")] = 100,
    scheme: Annotated[str, typer.Option(help="ws or wss")] = "ws",
    turns: Annotated[int, typer.Option(help="Turns of each")] = 3,
    seconds: Annotated[float, typer.Option(help="Length of a window")] = 4.0,
) -> None:
    """Run it, print a table, write ``workers.json``."""
    rows: list[Turn] = []
    with tempfile.TemporaryDirectory(prefix="ariswitch-bench-") as folder:
        tls = Certificates(Path(folder)) if scheme == "wss" else None
        for _ in range(turns):
            for workers in (1, 2):
                rows += measure(workers, streams, tls, seconds)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "workers.json").write_bytes(msgspec.json.encode(rows))
    table = Table(title=f"{streams} streams a worker, {scheme}", title_justify="left")
    for heading in ("", "streams", "µs a pair, median", "least", "most", "up p99, ms", "faults"):
        table.add_column(heading, justify="right")
    for workers in (1, 2):
        mine = [row for row in rows if row.subject == f"{workers} workers"]
        costs = sorted(row.cpu_us for row in mine)
        table.add_row(
            mine[0].subject,
            str(workers * streams),
            *(f"{cost:.1f}" for cost in (costs[len(costs) // 2], costs[0], costs[-1])),
            f"{max(row.latency_us['p99'] for row in mine) / 1000:.1f}",
            str(sum(row.faults for row in mine)),
        )
    Console(width=100).print(table)


if __name__ == "__main__":
    typer.run(main)
