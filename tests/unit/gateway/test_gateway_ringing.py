"""Callers of a node that dies while it rings: who is taken for dead, and what is sent then."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import pytest

from ari_app.gateway.keeper import Announced
from ari_app.gateway.keeper_ringing import ENOUGH, TRIES, RingingCalls
from ari_app.gateway.keeper_wire import Wire, timed_out
from ari_app.gateway.mi import Ringing
from ari_app.gateway.tables import NodeRow
from ari_app.testing.opensips_mi import opensips

URI = "sip:10.0.0.2:5060"
SAID = Announced("n1", "10.0.0.2:5060", 100)


def ringing(node: str = URI, via: str = "SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bK1.2.0") -> Ringing:
    return Ringing(node, via, "call@1", "sip:a@b", "tag1", "sip:1@c")


class World:
    """One node in the table, one call that rings on it, and a clock."""

    def __init__(self, *always: Announced) -> None:
        self.now = 0.0
        self.announced: Sequence[Announced] | None = ()
        self.calls: Sequence[Ringing] = [ringing()]
        self.alive = False
        self.asked = 0
        self.ended: list[Ringing] = []
        self.looks = RingingCalls(self, self, self, self, always, clock=lambda: self.now)

    async def read(self) -> Sequence[Announced]:
        if self.announced is None:
            raise ConnectionError("Redis: gone")
        return self.announced

    async def nodes(self) -> Sequence[NodeRow]:
        return [NodeRow(7, URI, 100, "n1")]

    async def ringing(self) -> Sequence[Ringing]:
        return self.calls

    async def answers(self, uri: str) -> bool:
        assert uri == URI
        self.asked += 1
        return self.alive

    async def time_out(self, call: Ringing) -> None:
        self.ended.append(call)

    async def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += 2
            await self.looks.look()


async def test_a_missing_node_that_leaves_options_unanswered_is_dead() -> None:
    world = World()
    world.calls = [ringing(), ringing("sip:10.0.0.3:5060")]
    await world.look(TRIES - 1)
    assert world.ended == []
    await world.look()
    assert world.ended == [world.calls[0]], "the other node's call rings on"


async def test_a_node_whose_app_alone_is_gone_keeps_its_calls() -> None:
    world = World()
    await world.look(TRIES - 1)
    world.alive = True
    await world.look()
    world.alive = False
    await world.look(TRIES - 1)
    assert world.ended == [], "it must be unanswered several times in a row"


@pytest.mark.parametrize("announced", [(SAID,), None])
async def test_a_node_that_is_there_and_any_without_redis_are_not_even_asked(
    announced: Sequence[Announced] | None,
) -> None:
    world = World()
    world.announced = announced
    for _ in range(TRIES):
        if announced is None:
            with pytest.raises(ConnectionError):
                await world.look()
        else:
            await world.look()
    assert (world.asked, world.ended) == (0, [])


async def test_a_node_of_the_settings_announces_nothing_and_is_there() -> None:
    world = World(SAID)
    await world.look(TRIES)
    assert world.asked == 0


async def test_a_node_missing_for_long_is_left_alone() -> None:
    world = World()
    world.calls = ()
    await world.look()
    world.calls = [ringing()]
    world.now += ENOUGH
    await world.look(TRIES)
    assert world.asked == 0


async def test_options_are_answered_by_any_word_and_by_nothing_else() -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as node:
        node.setblocking(False)
        node.bind(("127.0.0.1", 0))
        uri = f"sip:127.0.0.1:{node.getsockname()[1]}"
        asking = asyncio.create_task(Wire().answers(uri))
        data, caller = await loop.sock_recvfrom(node, 65535)
        assert data.startswith(f"OPTIONS {uri} SIP/2.0\r\n".encode())
        await loop.sock_sendto(node, b"SIP/2.0 401 Unauthorized\r\n\r\n", caller)
        assert await asking
    assert not await Wire().answers(uri), "the port is closed"


async def test_the_gateway_hears_that_the_node_timed_out() -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
        gateway.setblocking(False)
        gateway.bind(("127.0.0.1", 0))
        via = f"SIP/2.0/UDP 127.0.0.1:{gateway.getsockname()[1]};branch=z9hG4bK0f22.8865e251.0"
        ending = asyncio.create_task(Wire().time_out(ringing(via=via)))
        data, caller = await loop.sock_recvfrom(gateway, 65535)
        await loop.sock_sendto(gateway, b"ACK", caller)
        await ending
    lines = data.decode().split("\r\n")
    assert lines[:2] == ["SIP/2.0 408 Request Timeout", f"Via: {via}"]
    assert "Call-ID: call@1" in lines
    assert "CSeq: 1 INVITE" in lines


async def test_what_is_no_address_is_an_error() -> None:
    with pytest.raises(ValueError, match="no address"):
        await Wire().time_out(ringing(via="SIP/2.0/TCP evil"))
    with pytest.raises(ValueError, match="no address"):
        await Wire().answers("sip:nobody")


def test_the_answer_ends_with_an_empty_line() -> None:
    assert timed_out(ringing()).endswith(b"Content-Length: 0\r\n\r\n")


async def test_calls_that_ring_are_told_from_those_that_are_answered() -> None:
    def dialog(state: int, *values: dict[str, str]) -> dict[str, object]:
        return {
            "state": state,
            "callid": "call@1",
            "from_uri": "sip:a@b",
            "caller_tag": "tag1",
            "to_uri": "sip:1@c",
            "context": {"values": list(values)},
        }

    kept = {"node": URI}, {"via": ringing().via}
    listed = [dialog(2, *kept), dialog(4, *kept), dialog(1), dialog(2, {"node": URI})]
    async with opensips({"jsonrpc": "2.0", "result": {"Dialogs": listed}, "id": 1}) as (mi, _):
        assert await mi.ringing() == (ringing(),)
