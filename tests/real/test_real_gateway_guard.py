"""What the public gateway lets nobody do: strangers, scanners, floods, torture messages."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ari_app.testing.gateway import MISSING, RealGateway, real_gateway
from ari_app.testing.sipp import Sipp, run
from ari_app.testing.stack import free_sip_port
from ari_app.testing.torture import MESSAGES

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealGateway]:
    """A gateway that knows no carrier yet."""
    folder, further = tmp_path_factory.mktemp("gateway"), free_sip_port()
    async with real_gateway(folder, flood_limit=1000, more_sip_ports=further) as running:
        yield running


def message(method: str, *, agent: str = "test", user: str = "1234@", more: str = "") -> bytes:
    """A request without body."""
    return (
        f"{method} sip:{user}127.0.0.1 SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK1;rport\r\n"
        f"From: <sip:a@192.0.2.7>;tag=1\r\nTo: <sip:1234@127.0.0.1>{more}\r\n"
        f"Call-ID: {method}{agent}{user}{more}\r\nCSeq: 1 {method}\r\n"
        f"Contact: <sip:a@192.0.2.7>\r\nUser-Agent: {agent}\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def told(answers: list[bytes], call_id: bytes) -> str:
    """The status line of the answer that belongs to a Call-ID; empty when there is none."""
    found = [one for one in answers if b"Call-ID: " + call_id + b"\r\n" in one]
    return found[0].split(b"\r\n", 1)[0].decode() if found else ""


async def ask(
    gateway: RealGateway, data: bytes, port: int | None = None, *, answered: bool = False
) -> list[bytes]:
    """Send one datagram, and OPTIONS behind it until both of OpenSIPS's workers are through.

    ``answered``: there must be an answer, which is waited for.
    """
    loop = asyncio.get_running_loop()
    answers: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect((gateway.outside[0], port or gateway.outside[1]))
        await loop.sock_sendall(sock, data)
        for number in range(4):
            behind = message("OPTIONS", agent=f"behind{number}")
            await loop.sock_sendall(sock, behind)
            await until_told(sock, answers, behind)
        if answered:
            await until_told(sock, answers, data)
    return answers


async def until_told(sock: socket.socket, answers: list[bytes], data: bytes) -> None:
    """Gather answers until there is one to ``data``."""
    async with asyncio.timeout(30):
        while not told(answers, call_id(data)):
            answers.append(await asyncio.get_running_loop().sock_recv(sock, 65535))


def call_id(data: bytes) -> bytes:
    """Call-ID of a message of ours."""
    return data.partition(b"Call-ID: ")[2].partition(b"\r\n")[0]


async def test_options_is_answered_before_anything_is_asked(gateway: RealGateway) -> None:
    (further,) = gateway.settings.more_sip_ports
    for data in (message("OPTIONS"), message("OPTIONS", user="")):
        for port in (gateway.outside[1], further):
            answers = await ask(gateway, data, port, answered=True)
            assert told(answers, call_id(data)) == "SIP/2.0 200 OK"


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (message("INVITE"), "SIP/2.0 403 Forbidden"),
        (message("INVITE", user=""), "SIP/2.0 484 Address Incomplete"),
        (message("REGISTER"), "SIP/2.0 405 Method Not Allowed"),
        (message("MESSAGE"), "SIP/2.0 405 Method Not Allowed"),
        (message("BYE", more=";tag=2"), "SIP/2.0 404 Not here"),
        (message("ACK", more=";tag=2"), ""),
        (message("CANCEL"), ""),
        (
            message("OPTIONS").replace(b"CSeq", b"Max-Forwards: 0\r\nCSeq"),
            "SIP/2.0 483 Too Many Hops",
        ),
        (message("OPTIONS", agent="friendly-scanner"), ""),
        (message("INVITE", agent="sipvicious"), ""),
    ],
)
async def test_a_stranger_gets_no_further(gateway: RealGateway, data: bytes, answer: str) -> None:
    answers = await ask(gateway, data, answered=bool(answer))
    assert told(answers, call_id(data)) == answer


async def test_a_stranger_at_the_nodes_port_is_no_node(gateway: RealGateway) -> None:
    await gateway.nodes(9)
    data = message("INVITE", agent="inside")
    answers = await ask(gateway, data, gateway.inside[1], answered=True)
    assert told(answers, call_id(data)) == "SIP/2.0 403 Forbidden"


async def test_a_carrier_removed_may_not_call(gateway: RealGateway) -> None:
    await gateway.carrier("127.0.0.0/24", name="gone")
    await gateway.tables.remove_carrier("gone")
    await gateway.mi.address_reload()
    data = message("INVITE", agent="gone")
    answers = await ask(gateway, data, answered=True)
    assert told(answers, call_id(data)) == "SIP/2.0 403 Forbidden"


async def test_torture_messages_of_strangers_reach_no_node(gateway: RealGateway) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as node:
        node.bind(("127.0.0.1", 0))
        node.setblocking(False)
        await gateway.nodes(node.getsockname()[1])
        for name, data in MESSAGES.items():
            # An OPTIONS behind each is answered: nobody was harmed.
            answers = [a for a in await ask(gateway, data) if b"behind" not in a]
            good = [a for a in answers if a.startswith(b"SIP/2.0 2")]
            assert not good or data.startswith(b"OPTIONS "), name
        with pytest.raises(BlockingIOError):
            node.recv(65535)


async def test_torture_messages_of_a_carrier_harm_nobody(gateway: RealGateway) -> None:
    await gateway.carrier(name="rough")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as node:
        node.bind(("127.0.0.1", 0))
        node.setblocking(False)
        await gateway.nodes(node.getsockname()[1])
        for data in MESSAGES.values():
            await ask(gateway, data)
        forwarded = []
        with contextlib.suppress(BlockingIOError):
            while True:
                forwarded.append(node.recv(65535))
    # What came through is an INVITE, once each, and none of those that are broken.
    assert forwarded
    assert all(data.startswith((b"INVITE sip:", b"CANCEL sip:")) for data in forwarded)
    through = b"\n".join(forwarded)
    for name in ("insuf", "clerr", "ncl", "ltgtruri", "mismatch02"):
        assert call_id(MESSAGES[name]) not in through or not call_id(MESSAGES[name]), name
    await gateway.tables.remove_carrier("rough")
    await gateway.mi.address_reload()


async def test_a_flood_is_dropped_and_others_are_served(gateway: RealGateway) -> None:
    """From another address of loopback, so that the test's own calls go on."""
    lines = gateway.log.count("flood from")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
        flood.bind(("127.0.0.66", 0))
        # The kernel drops much of it where the machine is slow.
        while (dropped := await gateway.metric("opensips_calls_dropped_flood")) < 1000:
            for number in range(2000):
                flood.sendto(message("REGISTER", agent=f"n{number}"), gateway.outside)
    await gateway.carrier()
    async with await Sipp.start("uas_answer_bye", duration_ms=10, timeout=60) as node:
        await gateway.nodes(node.port)
        (await run("uac_call", gateway.outside, number="1", timeout=60)).check()
    # A line when it begins, not one for each message.
    assert 1 <= gateway.log.count("flood from") - lines < dropped / 100
