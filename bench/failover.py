"""How many callers notice when one of two nodes dies behind the public gateway.

``python -m bench.failover``: OpenSIPS with the upkeep of its tables, two whole nodes on one
PostgreSQL and Redis, 100 calls a minute of 30 s each; after 30 s all processes of one node are
killed at once. Needs opensips, sipp, redis-server and PostgreSQL.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ari_app.gateway.serve import keep
from ari_app.model import CallRecord
from ari_app.store import Store
from ari_app.testing.customer import customer
from ari_app.testing.gateway import RealGateway, real_gateway
from ari_app.testing.servers import postgres_server, redis_server
from ari_app.testing.sipp import SipMessage, Sipp
from ari_app.testing.stack import RealStack, real_stack

CALLS_PER_MINUTE = 100
CALLS = 100
CALL_SECONDS = 30
KILL_AFTER = 30.0


@dataclass(frozen=True)
class Site:
    """What is measured."""

    gateway: RealGateway
    nodes: Sequence[RealStack]
    database_url: str


@dataclass(frozen=True)
class Outcome:
    """How one call went; seconds. ``began`` is since the kill, ``setup`` until the 200."""

    began: float
    setup: float | None
    end: str


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    """Run the gateway at its own intervals, and the nodes once it has found both."""
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(postgres_server())
        redis = stack.enter_context(redis_server(folder))
        (folder / "gateway").mkdir()
        gateway = await stack.enter_async_context(
            real_gateway(
                folder / "gateway",
                inside_bind="127.0.0.2",
                probe_interval=10,
                ping_interval=30,
                workers=4,
            )
        )
        await gateway.carrier()
        host, port = gateway.inside
        shared: dict[str, Any] = {
            "account_sid": f"AC{secrets.token_hex(16)}",
            "auth_token": secrets.token_hex(16),
            "redis_url": redis.url,
            "database_url": postgres.url("postgres"),
            "sip_gateways": "127.0.0.2/32",
            "sip_proxy": f"{host}:{port}",
        }
        nodes = [
            stack.enter_context(real_stack(folder / name, node=name, **shared))
            for name in ("n1", "n2")
        ]
        upkeep = asyncio.create_task(keep(gateway.settings, folder / "gateway", redis.url))
        stack.callback(upkeep.cancel)
        async with asyncio.timeout(20):
            while True:
                if len(await gateway.mi.lb_list()) == len(nodes):
                    break
                await asyncio.sleep(0.1)
        yield Site(gateway, nodes, shared["database_url"])


def kill(node: RealStack) -> None:
    """Kill all processes of a node at once, what would start them again first."""
    victims = [process.pid for process in node.supervisor.processes() if process.pid]
    for pid in (node.supervisor.pid, *victims):
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def outcomes(messages: Sequence[SipMessage], killed: float) -> list[Outcome]:
    """Sort the callers' messages by call, and say how each went."""
    calls: defaultdict[str, list[SipMessage]] = defaultdict(list)
    for message in messages:
        calls[message.header("Call-ID")].append(message)
    return [_outcome(call, killed) for call in calls.values()]


def _outcome(call: Sequence[SipMessage], killed: float) -> Outcome:
    began = call[0].time
    final = next((m for m in call if m.method == "INVITE" and (m.status or 0) >= 200), None)
    if final is None or final.status != 200:
        return Outcome(began - killed, None, f"refused {final.status if final else 'never'}")
    byes = [m for m in call if m.method == "BYE"]
    if any(m.status is None and m.direction == "received" for m in byes):
        end = "BYE from the gateway"
    elif any(m.status == 200 for m in byes):
        end = "hung up"
    else:
        end = "hung up into nothing"
    return Outcome(began - killed, final.time - began, end)


async def running_on(database_url: str, node: str) -> Sequence[CallRecord]:
    """Read from SQL which calls a node has."""
    store = await Store.open(database_url)
    try:
        return [record for record, _ in await store.calls.unfinished(node)]
    finally:
        await store.close()


async def measure() -> None:
    """Run it once and print what came of it."""
    with tempfile.TemporaryDirectory(prefix="ariswitch-failover-") as name:
        async with site(Path(name)) as running, customer(running.nodes[0]) as shop:
            shop.says('<Play digits="w"/><Pause length="120"/>')  # a pause alone answers nothing
            async with await Sipp.start(
                "uac_call_bye",
                running.gateway.outside,
                number=shop.number,
                duration_ms=CALL_SECONDS * 1000,
                calls=CALLS,
                rate=CALLS_PER_MINUTE,
                timeout=240,
                more=("-rp", "60000"),
            ) as sipp:
                await asyncio.sleep(KILL_AFTER)
                lost = len(await running_on(running.database_url, "n2"))
                kept = len(await running_on(running.database_url, "n1"))
                killed = time.time()
                kill(running.nodes[1])
                result = await sipp.result()
    report(outcomes(result.messages, killed), lost, kept)


def report(calls: Sequence[Outcome], lost: int, kept: int) -> None:
    """Print the figures."""
    before = [call for call in calls if call.began < 0]
    after = [call for call in calls if call.began >= 0]
    print(f"when n2 died: {lost} calls on it, {kept} on n1")
    for name, some in (("before", before), ("after", after)):
        setups = sorted(call.setup for call in some if call.setup is not None)
        slow = [round(setup, 2) for setup in setups if setup > 0.5]
        print(f"{len(some)} calls that began {name}: {dict(Counter(c.end for c in some))}")
        if not setups:
            continue
        print(f"  answered after {setups[len(setups) // 2]:.3f} s (middle), {setups[-1]:.3f} s")
        print(f"  waited over 0.5 s: {len(slow)} {slow}")


if __name__ == "__main__":
    asyncio.run(measure())
