"""The whole stack under load: real SIP calls through Asterisk, app, worker and a bot.

For each number of calls a node, and the same Asterisk with a bare echo behind it (the floor),
as a node configures it and as it comes, take turns around the same callers, each time as fresh
processes. CPU is compared within one run only.

    python -m bench.stack                       # everything
    python -m bench.stack --calls 100           # one level
    python -m bench.stack --part setup --part clear
    python -m bench.stack --soak 60 --calls 100
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from ari_app.logs import configure_logs
from bench import stack_report, stack_setup, stack_soak
from bench.processes import RESULTS
from bench.stack_results import Load, Results, Window, window
from bench.stack_subjects import NUMBER, Subject, as_it_comes, bare, whole
from bench.stack_world import Meter, Outside, place_calls

CALLS = (25, 50, 100, 200)
SUBJECTS = ("whole", "floor", "stock")
PARTS = ("load", "setup", "clear")
#: Calls a second while a level is built up, and the seconds after that until all is quiet. A node
#: that is pressed stalls, and what an echoed stream waits once it waits to its end.
RATE, BARE_RATE = 10, 25
SETTLE = 2.0
WINDOWS = 3


def subject(name: str, state: Path, outside: Outside) -> AbstractAsyncContextManager[Subject]:
    """Return what starts the subject of a name."""
    if name == "whole":
        return whole(state, outside)
    return bare(state, outside, name, as_it_comes if name == "stock" else None)


@asynccontextmanager
async def in_calls(
    name: str, calls: int, seconds: float
) -> AsyncIterator[tuple[Outside, Meter, dict[str, int]]]:
    """Hold a subject in ``calls`` calls, all of them talking; they last ``seconds`` and more.

    Gives what is around it, its meter, and its memory before the first call.
    """
    rate = RATE if name == "whole" else BARE_RATE
    with tempfile.TemporaryDirectory(prefix="ariswitch-bench-") as made:
        folder = Path(made)
        async with (
            await Outside.start(calls) as outside,
            subject(name, folder / "state", outside) as running,
            _weighed(running) as (meter, empty),
            await place_calls(
                running.sip, NUMBER, outside, folder,
                calls=calls, rate=rate, seconds=seconds + calls / rate + 60,
            ),
        ):  # fmt: skip
            await outside.all_talking(calls)
            await asyncio.sleep(SETTLE)
            yield outside, meter, empty


@asynccontextmanager
async def _weighed(running: Subject) -> AsyncIterator[tuple[Meter, dict[str, int]]]:
    meter = Meter(running.pids)
    yield meter, meter.memory()


async def load(name: str, calls: int, seconds: float) -> Load:
    """Measure a subject in so many calls."""
    windows: list[Window] = []
    async with in_calls(name, calls, seconds) as (outside, meter, empty):
        for _ in range(WINDOWS):
            meter.lap()
            seen = await outside.measure(seconds / WINDOWS)
            windows.append(window(seen, meter.lap()))
        memory = {part: size - empty[part] for part, size in meter.memory().items()}
    return Load(subject=name, calls=calls, windows=windows, memory=memory)


async def run(parts: list[str], levels: list[int], seconds: float, turns: int, keep: bool) -> None:
    """Run the parts one after the other; write and show what came of them."""
    results = Results.read(RESULTS / "stack.json") if keep else Results()
    say: Callable[[str], None] = stack_report.progress
    if "load" in parts:
        for calls in levels:
            done = []
            for turn in range(turns):
                # Every other turn backwards, so that a slow drift favours nobody.
                for name in SUBJECTS[:: -1 if turn % 2 else 1]:
                    done.append(await load(name, calls, seconds))
                    say(stack_report.load_line(done[-1]))
            results.put_loads(done)
    if "setup" in parts:
        results.setups = [setup async for setup in stack_setup.setups(say)]
    if "clear" in parts:
        results.clear = await stack_setup.clears(say)
    results.write(RESULTS / "stack.json")
    stack_report.show(results, RESULTS)


def main(
    part: Annotated[list[str] | None, typer.Option(help="load, setup, clear; all")] = None,
    calls: Annotated[list[int] | None, typer.Option(help="Numbers of calls")] = None,
    seconds: Annotated[float, typer.Option(help="Length of a measurement")] = 15.0,
    turns: Annotated[int, typer.Option(help="Turns of each subject")] = 1,
    keep: Annotated[bool, typer.Option(help="Keep other levels of an earlier run")] = False,
    soak: Annotated[float, typer.Option(help="Instead: hold calls for so many minutes")] = 0.0,
    workers: Annotated[int, typer.Option(help="Stream workers of the soak")] = 1,
) -> None:
    """Run the bench, print its tables, write JSON and plots into bench/results/."""
    configure_logs("console", "warning")
    if soak:
        asyncio.run(stack_soak.soak(soak, (calls or [100])[0], workers))
    else:
        asyncio.run(run(part or list(PARTS), calls or list(CALLS), seconds, turns, keep))


if __name__ == "__main__":
    typer.run(main)
