"""What of Asterisk's configuration costs how much: the bare floor, one thing changed at a time.

All variants take turns around the same callers; each is a fresh Asterisk. CPU is compared within
one run only, and what differs by less than the spread of the first line differs by nothing.

    python -m bench.asterisk_share [--calls 100] [--turns 3] [--only timing-pthread ...]

The last two variants are whole nodes: with all of ARI's events, and with those that the app does
nothing with held back by its event filter.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from ari_app.ari.client import AriClient
from ari_app.logs import configure_logs
from bench.report import spread
from bench.stack_report import console, progress, table
from bench.stack_subjects import NUMBER, Subject, bare, whole
from bench.stack_world import Meter, Outside, place_calls

RATE = 20
SETTLE = 2.0
#: Sent by Asterisk 22 in every call with a stream, and nothing to the app.
UNUSED = ("ChannelConnectedLine", "ChannelDialplan", "ChannelVarset", "BridgeDestroyed")
RTCP = "ast_rtp_rtcp_sent_type,ast_rtp_rtcp_received_type"

Edit = Callable[[Path], None]


class Turn(NamedTuple):
    """One turn: CPU ms of a call's setup, and in % of a core a call in each window after."""

    setup_ms: float
    steady: list[float]


def replaced(name: str, old: str, new: str) -> Edit:
    """Return what changes a file of the configuration; raises ValueError when it cannot."""

    def edit(etc: Path) -> None:
        text = (etc / name).read_text()
        if old not in text:
            raise ValueError(f"{name} has no {old!r}")
        (etc / name).write_text(text.replace(old, new))

    return edit


def _talkative(etc: Path) -> None:
    replaced("asterisk.conf", "verbose = 0\ndebug = 0", "verbose = 5\ndebug = 5")(etc)
    replaced("logger.conf", "console => error", "console => debug,verbose,error")(etc)


VARIANTS: dict[str, Edit | None] = {
    "as configured": None,
    "timing: pthread": replaced("modules.conf", "res_timing_timerfd", "res_timing_pthread"),
    "stasis: 1 thread": replaced(
        "stasis.conf", "[taskpool]", "[taskpool]\nminimum_size = 1\ninitial_size = 1\nmax_size = 1"
    ),
    "stasis: 50 threads": replaced(
        "stasis.conf", "[taskpool]", "[taskpool]\nminimum_size = 50\ninitial_size = 50"
    ),
    "stasis: RTCP declined": replaced("stasis.conf", "decline = ", f"decline = {RTCP},"),
    "SIP: 1 thread": replaced(
        "pjsip.conf", "disable_rport = no",
        "disable_rport = no\nthreadpool_initial_size = 1\nthreadpool_max_size = 1",
    ),
    "log: debug 5": _talkative,
}  # fmt: skip


@asynccontextmanager
async def filtered(state: Path, outside: Outside) -> AsyncIterator[Subject]:
    """Run a whole node whose app is not told of what it does nothing with."""
    async with whole(state, outside) as node:
        ari = AriClient(*node.ari)
        try:
            refused = {"disallowed": [{"type": name} for name in UNUSED]}
            await ari.applications.filter(node.ari[-1], filter=refused)
            yield node
        finally:
            await ari.close()


async def turn(name: str, calls: int, seconds: float) -> Turn:
    """Measure a variant once."""
    with tempfile.TemporaryDirectory(prefix="ariswitch-bench-") as made:
        folder = Path(made)
        async with await Outside.start(calls) as outside:
            if name in VARIANTS:
                running = bare(folder / "state", outside, name, VARIANTS[name])
            else:
                running = (filtered if "filter" in name else whole)(folder / "state", outside)
            async with running as subject:
                meter = Meter(subject.pids)
                async with await place_calls(
                    subject.sip, NUMBER, outside, folder, calls=calls, rate=RATE,
                    seconds=seconds + calls / RATE + 60,
                ):  # fmt: skip
                    await outside.all_talking(calls)
                    setup = 1000 * sum(meter.lap().values()) * meter.passed / calls
                    await asyncio.sleep(SETTLE)
                    steady = []
                    for _ in range(3):
                        meter.lap()
                        await outside.measure(seconds / 3)
                        steady.append(100 * sum(meter.lap().values()) / calls)
    return Turn(setup, steady)


async def run(names: list[str], calls: int, seconds: float, turns: int) -> None:
    """Let the variants take turns, every other time backwards; show what came of it."""
    found: dict[str, list[Turn]] = defaultdict(list)
    for number in range(turns):
        for name in names[:: -1 if number % 2 else 1]:
            one = await turn(name, calls, seconds)
            found[name].append(one)
            progress(f"{name}: {statistics.median(one.steady):.3f} % a call, {one.setup_ms:.1f} ms")
    rows = table(
        f"{calls} calls: median (least-most)",
        "subject", "steady, % of a core a call", "setup, CPU ms a call",
    )  # fmt: skip
    for name in names:
        steady = [cost for one in found[name] for cost in one.steady]
        rows.add_row(name, spread(steady, 3), spread([one.setup_ms for one in found[name]], 1))
    console.print(rows)


def main(
    calls: Annotated[int, typer.Option(help="Number of calls")] = 100,
    seconds: Annotated[float, typer.Option(help="Length of a measurement")] = 12.0,
    turns: Annotated[int, typer.Option(help="Turns of each variant")] = 3,
    only: Annotated[list[str] | None, typer.Option(help="Names of variants")] = None,
) -> None:
    """Run the bench."""
    configure_logs("console", "warning")
    names = only or [*VARIANTS, "whole", "whole, events filtered"]
    asyncio.run(run(names, calls, seconds, turns))


if __name__ == "__main__":
    typer.run(main)
