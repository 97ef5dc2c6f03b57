"""Datagrams by the batch, and one by one: the same for whoever uses them."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator

import pytest

from stream.udp_sockets import (
    BatchSocket,
    Datagram,
    Datagrams,
    PlainSocket,
    datagrams,
    pack_address,
)

SIZE = 20

Make = Callable[[socket.socket], Datagrams]


@pytest.fixture(params=["batch", "plain"])
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "plain":
        return PlainSocket
    return lambda sock: BatchSocket(sock, SIZE)


@pytest.fixture(params=["127.0.0.1", "::1"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with (
        socket.socket(family, socket.SOCK_DGRAM) as one,
        socket.socket(family, socket.SOCK_DGRAM) as other,
    ):
        for sock in (one, other):
            sock.bind((request.param, 0))
            sock.setblocking(False)
        yield one, other


def address(sock: socket.socket) -> bytes:
    host, port = sock.getsockname()[:2]
    return pack_address(sock.family, host, port)


def receive_all(sock: socket.socket, count: int, make: Make) -> list[Datagram]:
    found: list[Datagram] = []
    receiver = make(sock)
    while len(found) < count and select.select([sock], [], [], 10)[0]:
        found += receiver.receive()
    return found


def test_more_than_a_batch_arrives_whole_and_in_order(
    make: Make, pair: tuple[socket.socket, socket.socket]
) -> None:
    one, other = pair
    packets = [number.to_bytes(SIZE, "big") for number in range(200)]
    assert make(one).send(packets, [address(other)] * len(packets)) == len(packets)
    found = receive_all(other, len(packets), make)
    assert found == [(packet, address(one)) for packet in packets]


def test_what_the_kernel_refuses_holds_up_nothing_else(
    make: Make, pair: tuple[socket.socket, socket.socket]
) -> None:
    one, other = pair
    nowhere = pack_address(one.family, one.getsockname()[0], 0)  # port 0 cannot be sent to
    packets = [bytes([number]) * SIZE for number in range(4)]
    addresses = [nowhere, address(other), nowhere, address(other)]
    assert make(one).send(packets, addresses) == 2
    assert [packet for packet, _ in receive_all(other, 2, make)] == [packets[1], packets[3]]


def test_datagrams_of_any_size_come_with_their_length(
    make: Make, pair: tuple[socket.socket, socket.socket]
) -> None:
    one, other = pair
    sent = [b"", b"x", bytes(172), bytes(9_000)]
    for data in sent:
        one.sendto(data, other.getsockname())
    assert [data for data, _ in receive_all(other, len(sent), make)] == sent


def test_nothing_waits() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        assert datagrams(sock, SIZE).receive() == []


@pytest.mark.parametrize("host", ["localhost", "::1", "1.2.3", ""])
def test_a_host_that_is_no_address_is_an_error(host: str) -> None:
    with pytest.raises(OSError, match="illegal"):
        pack_address(socket.AF_INET, host, 1)
