"""Table upkeep with a real Redis and a real OpenSIPS, run as `ariswitch gateway run` does.

The nodes are what a test announces; what counts is what the load balancer makes of it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
import redis.asyncio

from ari_app.bus import RedisBus
from ari_app.cluster import Announcement, Presence
from ari_app.gateway.errors import MiError
from ari_app.gateway.mi import Destination, Mi
from ari_app.node import ports
from ari_app.settings import PREFIX
from ari_app.testing.gateway import MISSING
from ari_app.testing.servers import redis_server
from ari_app.testing.sipp import Sipp
from ari_app.testing.stack import free_sip_port
from ari_app.testing.watched import watched

_NO_REDIS = "" if shutil.which("redis-server") else "redis-server is not on PATH"

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(MISSING or _NO_REDIS), reason=MISSING or _NO_REDIS),
    pytest.mark.asyncio(loop_scope="module"),
]

#: Seconds that anything may take before a test fails.
DEADLINE = 60.0


@dataclass
class Fleet:
    """A gateway, and nodes that exist only by what they say."""

    mi: Mi
    redis: redis.asyncio.Redis
    process: asyncio.subprocess.Process
    environ: dict[str, str]
    redis_url: str
    outside: tuple[str, int]
    said: int = 0

    async def say(self, node: str, sip: str, **more: object) -> None:
        """Announce a node as nodes do: a key, and word of it on the channel."""
        self.said += 1
        usual = {"api": "http://127.0.0.1", "capacity": 250, "calls": 0, "draining": False}
        text = json.dumps(
            {"node": node, "sip": sip, **usual, "healthy": True, **more, "at": self.said}
        )
        # Longer than a node's ten seconds: a slow test must not look like a dead node.
        await self.redis.set(f"ariswitch:node:{node}", text, ex=600)
        await self.redis.publish("ariswitch:nodes", text)

    async def until(
        self,
        true: Callable[[Sequence[Destination]], bool],
        again: Callable[[], object] | None = None,
    ) -> Sequence[Destination]:
        """Wait until the load balancer's list is as wanted."""
        async with asyncio.timeout(DEADLINE):
            while not true(found := await self.mi.lb_list()):
                if again is not None and asyncio.iscoroutine(said := again()):
                    await said
                await asyncio.sleep(0.1)
        return found

    async def command(self, *arguments: str) -> str:
        """Run `ariswitch gateway ...` beside the gateway; what it prints."""
        process = await asyncio.create_subprocess_exec(
            *("ariswitch", "gateway", *arguments), stdout=asyncio.subprocess.PIPE, env=self.environ
        )
        out, _ = await process.communicate()
        assert process.returncode == 0
        return out.decode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    http_port, sip_port = ports.free_port("127.0.0.1"), free_sip_port()
    chosen = {
        "STATE_DIR": folder,
        "GATEWAY_SIP_PORT": sip_port,
        "GATEWAY_INSIDE_PORT": free_sip_port(),
        "GATEWAY_HTTP_PORT": http_port,
        "GATEWAY_PROBE_INTERVAL": 3600,
        "GATEWAY_FORGET": 5,
        "GATEWAY_WORKERS": 1,
    }
    with redis_server(folder) as server:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        environ |= {f"{PREFIX}{name}": str(value) for name, value in chosen.items()}
        environ[f"{PREFIX}REDIS_URL"] = server.url
        environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
        log_file = folder / "gateway.log"
        with log_file.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                "ariswitch", "gateway", "run", stdout=log, stderr=log, env=environ
            )
        client = redis.asyncio.Redis.from_url(server.url)
        async with Mi.connect(f"http://127.0.0.1:{http_port}/mi") as mi:
            try:
                with watched("ariswitch gateway run", process.pid, log_file):
                    await _answering(mi)
                    outside = ("127.0.0.1", sip_port)
                yield Fleet(mi, client, process, environ, server.url, outside)
                process.send_signal(signal.SIGTERM)
                async with asyncio.timeout(DEADLINE):
                    assert await process.wait() == 0
            finally:
                await client.aclose()
                if process.returncode is None:
                    process.kill()


async def _answering(mi: Mi) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            try:
                return await mi.uptime()
            except MiError:
                await asyncio.sleep(0.1)


async def test_a_node_comes_drains_comes_back_and_goes(fleet: Fleet) -> None:
    async def say(**more: object) -> None:
        await fleet.say("n1", "127.0.0.1:9001", **more)

    await say()
    (row,) = await fleet.until(bool)
    assert (row.uri, row.max, row.enabled) == ("sip:127.0.0.1:9001", 250, True)

    await say(draining=True)
    await fleet.until(lambda found: found[0].held)
    await say()
    await fleet.until(lambda found: found[0].enabled)

    # An operator's drain holds whatever the node says.
    await fleet.command("drain", "n1")
    await fleet.until(lambda found: found[0].held, say)
    (line,) = [line for line in (await fleet.command("nodes")).splitlines() if "n1" in line]
    assert "drained" in line
    await fleet.command("drain", "n1", "--undo")
    await fleet.until(lambda found: found[0].enabled, say)

    # B-31: 40 calls that OpenSIPS knows nothing of leave 210 places.
    await fleet.until(lambda found: found[0].max == 210, lambda: say(calls=40))
    assert (await fleet.mi.lb_list())[0].load == 0

    # Its key is gone: no new calls, and as it has none, its row goes.
    await fleet.redis.delete("ariswitch:node:n1")
    await fleet.until(lambda found: not found)


async def test_nodes_survive_a_redis_that_forgot_them_for_a_moment(fleet: Fleet) -> None:
    await fleet.say("n2", "127.0.0.1:9002")
    (row,) = await fleet.until(bool)
    await fleet.redis.flushall()
    await fleet.say("n2", "127.0.0.1:9002")
    await fleet.say("n3", "127.0.0.1:9003")
    found = await fleet.until(lambda found: len(found) == 2)
    assert found[0] == row


async def test_nonsense_announced_is_no_node(fleet: Fleet) -> None:
    await fleet.redis.set(
        "ariswitch:node:evil", b'{"node":"evil","sip":"a:1>;x","capacity":1}', ex=10
    )
    await fleet.redis.set("ariswitch:node:broken", b"\xff{", ex=10)
    await fleet.say("n4", "127.0.0.1:9004")
    found = await fleet.until(lambda found: any(one.uri.endswith(":9004") for one in found))
    assert not any("a:1" in one.uri for one in found)


async def test_a_node_by_its_own_words_and_what_its_callers_hear_when_it_dies(
    fleet: Fleet,
) -> None:
    """The app's own announcements; then machine and app die together while a call rings."""
    await fleet.command("carriers", "add", "test", "127.0.0.1/32")
    known = {one.uri for one in await fleet.mi.lb_list()}
    async with await Sipp.start("uas_noanswer", timeout=120) as node:
        uri, calls, alive = f"sip:127.0.0.1:{node.port}", 0, True

        async def describe() -> Announcement:
            if not alive:
                raise ConnectionError("killed: not even a farewell")
            return Announcement(
                node="real",
                sip=f"127.0.0.1:{node.port}",
                api="http://127.0.0.1",
                capacity=20,
                calls=calls,
                draining=False,
                healthy=True,
                at=int(time.time()),
            )

        bus = RedisBus(fleet.redis_url)
        await bus.start()
        presence = Presence(bus, describe)
        await presence.start()
        # The others are of earlier tests and answer nothing: this one is to get the call.
        for one in known:
            await fleet.redis.delete(f"ariswitch:node:n{one[-1]}")
        places = {one.uri: one for one in await fleet.until(lambda found: _has(found, uri))}
        assert places[uri].max == 20
        await fleet.until(lambda found: all(one.held for one in found if one.uri != uri))
        calls = 3
        presence.changed()
        await fleet.until(lambda found: any(one.max == 17 for one in found if one.uri == uri))

        keys: dict[str, str | int] = {"code": 500}
        async with await Sipp.start(
            "uac_expect_code", fleet.outside, number="1", keys=keys, timeout=120
        ) as caller:
            await caller.wait_for(lambda message: message.status == 180)
            await node.stop()
            alive = False
            await presence.close()
            await fleet.redis.delete("ariswitch:node:real")  # its ten seconds are over
            result = (await caller.result()).check()
        refusal = next(m for m in result.messages if m.status == 500)
        assert refusal.start_line == "SIP/2.0 500 All GW are down"
        await bus.close()
        await fleet.until(lambda found: not _has(found, uri))  # no call of its is left


def _has(found: Sequence[Destination], uri: str) -> bool:
    return any(one.uri == uri for one in found)
