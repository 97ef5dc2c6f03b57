"""How fast calls begin and how fast a bot falls silent."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from bench.stack_results import Clear, Setup
from bench.stack_subjects import NUMBER, whole
from bench.stack_world import Meter, Outside, place_calls, user

#: Calls a second, how many calls, and how long each lasts (s). The first is the target's.
RATES = ((10, 300, 2.0), (20, 160, 1.0), (40, 320, 1.0), (60, 480, 1.0), (80, 640, 1.0))
#: A rate is borne when all calls start, 99 of 100 within so many ms.
BEARABLE_MS = 1000.0
#: Calls whose bots speak and clear once a second, and for how many seconds.
CLEARING, CLEARING_SECONDS = 20, 20.0


async def setups(
    say: Callable[[str], None], rates: tuple[tuple[int, int, float], ...] = RATES
) -> AsyncIterator[Setup]:
    """Set up calls faster and faster, until the stack does not keep up."""
    for rate, calls, seconds in rates:
        setup = await setup_at(rate, calls, seconds)
        row = sorted(setup.start_ms)
        say(
            f"{rate} calls/s: {setup.started} of {calls} started, "
            f"{row[len(row) // 2]:.1f} / {row[len(row) * 99 // 100]:.1f} ms"
        )
        yield setup
        if not borne(setup):
            return


def borne(setup: Setup) -> bool:
    """Whether the stack kept up with the rate."""
    late = sum(ms > BEARABLE_MS for ms in setup.start_ms)
    return setup.started == setup.calls and late <= setup.calls / 100


async def setup_at(rate: int, calls: int, seconds: float) -> Setup:
    """Set up calls at one rate; each is timed from its INVITE to the bot's `start`."""
    with tempfile.TemporaryDirectory(prefix="ariswitch-bench-") as made:
        folder = Path(made)
        async with await Outside.start(calls) as outside, whole(folder / "state", outside) as node:
            meter = Meter(node.pids)
            async with await place_calls(
                node.sip, NUMBER, outside, folder, calls=calls, rate=rate, seconds=seconds
            ) as sipp:
                await sipp.result()
                shares, passed = meter.lap(), meter.passed
                sent = {
                    message.header("From"): message.time
                    for message in reversed(sipp.messages)
                    if message.status is None and message.method == "INVITE"
                }
    begun = {who.partition("sip:")[2].partition("@")[0]: at for who, at in sent.items()}
    return Setup(
        rate=rate,
        calls=calls,
        started=len(outside.starts),
        seconds=seconds,
        start_ms=[1000 * (at - begun[user(index)]) for index, at in outside.starts.items()],
        cpu_ms={name: 1000 * share * passed / calls for name, share in shares.items()},
    )


async def clears(say: Callable[[str], None]) -> Clear:
    """Let bots speak ahead and clear, again and again."""
    with tempfile.TemporaryDirectory(prefix="ariswitch-bench-") as made:
        folder = Path(made)
        async with (
            await Outside.start(CLEARING) as outside,
            whole(folder / "state", outside, "clear") as node,
            await place_calls(
                node.sip, NUMBER, outside, folder,
                calls=CLEARING, rate=10, seconds=CLEARING_SECONDS + 30,
            ),
        ):  # fmt: skip
            await outside.all_talking(CLEARING)
            await asyncio.sleep(1.5)
            seen = await outside.measure(CLEARING_SECONDS)
    found = Clear(CLEARING, seen["clears"], seen["mute"], seen["silence_us"])
    say(f"clear: {found.clears} times, {found.mute} unheard, {found.silence_us}")
    return found
