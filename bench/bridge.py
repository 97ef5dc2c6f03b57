"""The bridge alone: one stream worker under load, next to the same work in C.

For each number of streams, and for `ws` and `wss`, the worker and the yardstick take turns
around the same generator, each time as a fresh process. CPU time is compared within one turn
only: machines, and neighbours on them, are too different for anything else.

    python -m bench.bridge [--quick] [--streams 250] [--scheme ws] [--modes]
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from bench import report
from bench.processes import (
    RESULTS,
    Certificates,
    Generator,
    Subject,
    Worker,
    Yardstick,
    compile_c,
    resident,
)

STREAMS = (25, 100, 250, 500)
SCHEMES = ("ws", "wss")
WARM_UP = 1.5

FAULTS = ("lost", "doubled", "reordered", "altered")

MakeSubject = Callable[[Generator], Subject]


class Turn(msgspec.Struct):
    """One window of one subject. Times of CPU in µs a frame pair (a frame up and one down)."""

    subject: str
    scheme: str
    streams: int
    cpu_us: float
    system_share: float
    wakeups: float
    latency_us: dict[str, int]
    pacing_us: dict[str, int]
    memory_kb: float
    faults: int
    silent: int
    generator_load: float
    generator_late_us: int


def take_turn(
    name: str, scheme: str, make: MakeSubject, generator: Generator, seconds: float
) -> Turn:
    """Start a subject around the generator's streams, measure, end it."""
    subject = make(generator)
    try:
        empty = resident(subject.pid)
        generator.target(subject.rtp_port)
        subject.open(generator)
        generator.wait_started()
        seen = generator.measure(subject.pid, WARM_UP, seconds)
        memory = (resident(subject.pid) - empty) / generator.streams / 1000
    finally:
        subject.close()
    return turn_of(name, scheme, generator.streams, memory, seen)


def turn_of(name: str, scheme: str, streams: int, memory_kb: float, seen: dict[str, Any]) -> Turn:
    """Return the turn that a generator's line tells of."""
    rows = [seen[row] for row in ("up", "down", "rtp")]
    pairs = (seen["up"]["right"] + seen["rtp"]["right"]) / 2
    ticks = seen["user_ticks"] + seen["system_ticks"]
    return Turn(
        subject=name,
        scheme=scheme,
        streams=streams,
        cpu_us=seen["cpu_ns"] / 1000 / pairs,
        system_share=seen["system_ticks"] / max(ticks, 1),
        wakeups=seen["wakeups"] / pairs,
        latency_us=seen["latency_us"],
        pacing_us=seen["pacing_us"],
        memory_kb=memory_kb,
        faults=sum(row[fault] for row in rows for fault in FAULTS) + seen["stalled"],
        silent=seen["up"]["silent"] + seen["down"]["silent"],
        generator_load=seen["generator_cpu_ns"] / seen["seconds"] / 1e9,
        generator_late_us=seen["generator_late_us"],
    )


def main(
    quick: Annotated[bool, typer.Option(help="Few and short turns: a trial")] = False,
    streams: Annotated[list[int] | None, typer.Option(help="Numbers of streams")] = None,
    scheme: Annotated[list[str] | None, typer.Option(help="ws, wss or both")] = None,
    turns: Annotated[int, typer.Option(help="Turns of each subject")] = 5,
    seconds: Annotated[float, typer.Option(help="Length of a window")] = 4.0,
    modes: Annotated[bool, typer.Option(help="Also C woken by each packet, in two ways")] = False,
) -> None:
    """Run the bench, print its table, write JSON and a plot into bench/results/."""
    if quick:
        turns, seconds = 2, 2.0
    load, yardstick = compile_c("generator"), compile_c("yardstick")
    done: list[Turn] = []
    with tempfile.TemporaryDirectory(prefix="ariswitch-bench-") as folder:
        certificates = Certificates(Path(folder))
        subjects: dict[str, MakeSubject] = {
            "worker": partial(Worker, Path(folder)),
            "C": partial(Yardstick, yardstick),
        }
        if modes:
            subjects["C, woken"] = partial(Yardstick, yardstick, mode="wake")
            subjects["C, a call a packet"] = partial(Yardstick, yardstick, mode="single")
        for kind in scheme or SCHEMES:
            for number in streams or STREAMS:
                for turn in range(turns):
                    # Every other turn backwards, so that a slow drift favours nobody.
                    order = list(subjects.items())[:: -1 if turn % 2 else 1]
                    for name, make in order:
                        tls = certificates if kind == "wss" else None
                        generator = Generator(load, number, tls)
                        try:
                            done.append(take_turn(name, kind, make, generator, seconds))
                        finally:
                            generator.close()
                        report.progress(done[-1])
    report.write(done, RESULTS)


if __name__ == "__main__":
    typer.run(main)
