"""The public gateway on a real OpenSIPS: carriers and nodes are SIPp.

The rows are those of the switch that this one replaces: inbound, NAT and no NAT, preloaded route,
double record-route, forbidden, time-out; each with the topology hidden and as a plain proxy.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ari_app.testing.gateway import MISSING, RealGateway, real_gateway
from ari_app.testing.sipp import SipMessage, Sipp, SippResult, run

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["hide", "record-route"])
async def gateway(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RealGateway]:
    """A gateway of either kind that knows this machine as a carrier."""
    folder = tmp_path_factory.mktemp("gateway")
    # Long enough for a node on a busy machine, short enough for the tests that wait for it.
    limits = {"first_reply": 4, "answer": 4}
    async with real_gateway(folder, topology=request.param, **limits) as running:
        await running.carrier()
        yield running


async def one_call(
    gateway: RealGateway, via_host: str = "127.0.0.1"
) -> tuple[SippResult, SippResult]:
    """A carrier's call to one node that answers; what each saw."""
    async with await Sipp.start("uas_answer", timeout=60) as node:
        await gateway.nodes(node.port)
        caller = await run(
            "gateway/carrier",
            gateway.outside,
            number="1234",
            keys={"via_host": via_host},
            # ACK and BYE at once may be served in either order: OpenSIPS has several workers.
            duration_ms=1000,
            timeout=60,
        )
        return (await node.result()).check(), caller.check()


async def refused(gateway: RealGateway, code: int) -> SipMessage:
    """A call that must be refused; the refusal."""
    keys: dict[str, str | int] = {"code": code}
    caller = await run("uac_expect_code", gateway.outside, number="1", keys=keys, timeout=60)
    return next(m for m in caller.check().messages if m.status == code)


def received(result: SippResult | Sipp, method: str) -> list[SipMessage]:
    """Requests of a method, repetitions left out."""
    found = {
        m.header("CSeq") + m.header("Call-ID"): m
        for m in result.messages
        if m.direction == "received" and m.status is None and m.method == method
    }
    return list(found.values())


async def test_a_call_goes_through_with_the_gateways_word_alone(gateway: RealGateway) -> None:
    node, caller = await one_call(gateway)
    (invite,) = received(node, "INVITE")
    assert invite.start_line.startswith("INVITE sip:1234@")
    assert invite.headers("X-Src-Ip") == ["127.0.0.1"]
    assert invite.headers("X-Somleng-Caller-Identity") == ["+15557000"]
    assert invite.headers("X-Somleng-Callee-Identity") == ["1234"]
    assert not invite.headers("X-Somleng-CallDirection")
    assert not invite.headers("X-Ariswitch-Anything")
    assert invite.headers("X-Customer") == ["kept"]
    # A Route that the carrier put in is not for the node.
    assert "203.0.113.77" not in invite.text
    assert len(received(node, "ACK")) == 1
    (bye,) = received(node, "BYE")
    assert not bye.headers("X-Src-Ip")
    answers = [m for m in caller.messages if m.direction == "received"]
    assert not any("rport" in m.header("Via") for m in answers)
    ok = next(m for m in answers if m.status == 200)
    outside, inside = gateway.outside[1], gateway.inside[1]
    if gateway.settings.topology == "hide":
        assert ok.header("Contact").startswith(f"<sip:127.0.0.1:{outside};")
        its_own = next(m for m in node.messages if m.status == 200).header("Contact")
        secrets = (f":{inside}", its_own.strip("<>").removeprefix("sip:").partition(";")[0])
        lines = [line for m in answers for line in m.text.split("\r\n")]
        assert not [line for line in lines if any(part in line for part in secrets)]
        assert "203.0.113.9" not in ok.header("Contact")
        assert len(invite.headers("Via")) == 1
    else:
        routes = ",".join(ok.headers("Record-Route"))
        assert f"sip:127.0.0.1:{outside};r2=on" in routes
        assert f"sip:127.0.0.1:{inside};r2=on" in routes


async def test_a_caller_behind_nat_is_answered_where_it_is(gateway: RealGateway) -> None:
    node, caller = await one_call(gateway, via_host="10.1.2.3")
    trying = next(m for m in caller.messages if m.status == 100)
    assert "rport" in trying.header("Via")
    assert "10.1.2.3" not in received(node, "INVITE")[0].header("Contact")


async def test_the_node_hangs_up(gateway: RealGateway) -> None:
    async with await Sipp.start("uas_answer_bye", duration_ms=10, timeout=60) as node:
        await gateway.nodes(node.port)
        caller = await run("uac_call", gateway.outside, number="1111", timeout=60)
        assert received(caller.check(), "BYE")
        (await node.result()).check()


async def test_a_cancel_reaches_the_node(gateway: RealGateway) -> None:
    async with await Sipp.start("uas_noanswer", timeout=60) as node:
        await gateway.nodes(node.port)
        keys = {"after_ms": 200}
        caller = await run("uac_cancel", gateway.outside, number="1", keys=keys, timeout=60)
        caller.check()
        assert received((await node.result()).check(), "CANCEL")


async def test_a_node_that_rings_for_ever_is_cancelled(gateway: RealGateway) -> None:
    async with (
        await Sipp.start("uas_noanswer", timeout=60) as node,
        await Sipp.start("uas_answer", timeout=60) as spare,
    ):
        await gateway.nodes(node.port, spare.port)
        refusal = await refused(gateway, 500)
        assert refusal.start_line == "SIP/2.0 500 All GW are down"
        assert received((await node.result()).check(), "CANCEL")
        # The node had the call: another one would run the customer's document again.
        assert not spare.messages


async def test_b_33_a_dead_node_costs_one_caller_a_moment_and_the_next_nothing(
    gateway: RealGateway,
) -> None:
    async with (
        await Sipp.start("uas_silent", duration_ms=60_000) as dead,
        await Sipp.start("uas_answer_bye", duration_ms=10, calls=2, timeout=60) as alive,
    ):
        await gateway.nodes(dead.port, alive.port)
        for _ in range(2):
            (await run("uac_call", gateway.outside, number="1", timeout=60)).check()
        (await alive.result()).check()
        assert len(received(dead, "INVITE")) == 1
    assert [one.enabled for one in await gateway.mi.lb_list()] == [False, True]


async def test_a_node_that_answers_5xx_is_passed_over(gateway: RealGateway) -> None:
    before = await gateway.metric("opensips_calls_failed_over")
    keys: dict[str, str | int] = {"code": 503, "reason": "Draining"}
    async with (
        await Sipp.start("uas_reject", keys=keys, timeout=60) as draining,
        await Sipp.start("uas_answer_bye", duration_ms=10, timeout=60) as alive,
    ):
        await gateway.nodes(draining.port, alive.port)
        (await run("uac_call", gateway.outside, number="1", timeout=60)).check()
        (await draining.result()).check()
        (await alive.result()).check()
    assert await gateway.metric("opensips_calls_failed_over") == before + 1


async def test_all_nodes_fail_is_told_as_ever(gateway: RealGateway) -> None:
    keys: dict[str, str | int] = {"code": 500, "reason": "Broken"}
    async with await Sipp.start("uas_reject", keys=keys, timeout=60) as node:
        await gateway.nodes(node.port)
        assert (await refused(gateway, 500)).start_line == "SIP/2.0 500 All GW are down"


@pytest.mark.parametrize("code", [404, 486, 603])
async def test_what_the_node_decided_is_no_failure(gateway: RealGateway, code: int) -> None:
    keys: dict[str, str | int] = {"code": code, "reason": "No"}
    async with (
        await Sipp.start("uas_reject", keys=keys, timeout=60) as node,
        await Sipp.start("uas_answer", timeout=60) as spare,
    ):
        await gateway.nodes(node.port, spare.port)
        await refused(gateway, code)
        assert not spare.messages


async def test_b_33_a_drained_node_keeps_its_call_and_takes_no_more(gateway: RealGateway) -> None:
    async with await Sipp.start("uas_answer", timeout=60) as node:
        await gateway.nodes(node.port)
        async with await Sipp.start("uac_call", gateway.outside, number="1", timeout=60) as call:
            await call.established()
            await node.established()
            (row,) = await gateway.mi.lb_list()
            assert row.load == 1
            await gateway.mi.lb_status(row.id, enabled=False)
            assert "No Destination" in (await refused(gateway, 503)).start_line
            await call.hang_up()
        assert received((await node.result()).check(), "BYE")
    assert (await gateway.mi.lb_list())[0].load == 0


async def test_b_32_a_full_fleet_says_when_to_come_again(gateway: RealGateway) -> None:
    async with await Sipp.start("uas_answer", timeout=60) as node:
        await gateway.nodes(node.port, places=0)
        lines = gateway.log.count("All nodes are full")
        for _ in range(3):
            refusal = await refused(gateway, 503)
            assert refusal.start_line == "SIP/2.0 503 All nodes are full"
            assert refusal.header("Retry-After")
        assert not node.messages
        # One line for a storm.
        assert gateway.log.count("All nodes are full") - lines <= 1


async def test_a_stranger_is_led_nowhere_by_a_route(gateway: RealGateway) -> None:
    """It looks as if it belonged to a call, and its Route goes through us to somebody else."""
    loop = asyncio.get_running_loop()
    host, port = gateway.outside
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
    ):
        for sock in (victim, stranger):
            sock.setblocking(False)
            sock.bind((host, 0))
        goal = f"sip:{host}:{victim.getsockname()[1]}"
        data = (
            f"BYE {goal} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{stranger.getsockname()[1]};branch=z9hG4bK1;rport\r\n"
            f"Route: <sip:{host}:{port};lr>\r\nRoute: <{goal};lr>\r\n"
            f"From: <sip:a@{host}>;tag=1\r\nTo: <sip:b@{host}>;tag=2\r\nCall-ID: stranger\r\n"
            "CSeq: 1 BYE\r\nMax-Forwards: 70\r\nUser-Agent: test\r\nContent-Length: 0\r\n\r\n"
        )
        await loop.sock_sendto(stranger, data.encode(), (host, port))
        async with asyncio.timeout(60):
            answer = await loop.sock_recv(stranger, 65535)
        assert answer.startswith(b"SIP/2.0 404 Not here\r\n")
        with pytest.raises(BlockingIOError):
            victim.recv(65535)
