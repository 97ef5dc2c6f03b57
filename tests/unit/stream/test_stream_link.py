"""The open WebSocket of a stream at its end: what the server said last counts (RFC 6455 §7.1)."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
from collections.abc import Iterator

import pytest

from stream.hot import Poller
from stream.twin import Lane
from stream.ws_link import WsLink
from stream.ws_upgrade import Opened

CLOSE = b"\x88\x02" + struct.pack("!H", 1000)


class Owner:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.texts: list[bytes] = []
        self.lost: list[int | None] = []

    def link_open(self) -> Lane | None:
        return None

    def link_text(self, message: bytes) -> None:
        self.texts.append(message)

    def link_binary(self) -> None:
        pass

    def link_lost(self, code: int | None, message: str) -> None:
        self.lost.append(code)


@contextlib.contextmanager
def connected() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Our end and the server's of a TCP connection."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as ours,
    ):
        ours.setblocking(False)
        theirs, _ = server.accept()
        with theirs:
            yield ours, theirs


def reset(ours: socket.socket, theirs: socket.socket) -> None:
    """Break the connection from the server's side, and wait until it is seen on ours."""
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    watch = select.poll()
    watch.register(ours, 0)
    assert watch.poll(20_000)


@pytest.mark.parametrize("waiting", [False, True])
@pytest.mark.parametrize(("last", "code"), [(CLOSE, None), (b"", 31903)])
async def test_a_bot_that_closes_and_is_gone_before_our_next_frame(
    last: bytes, code: int | None, waiting: bool
) -> None:
    """A close is a close also when the next write is what finds that nobody is there."""
    owner, poller = Owner(), Poller()
    link = WsLink(owner, poller)
    with connected() as (ours, theirs):
        link.open(Opened(ours, None))
        if waiting:
            while not link.unsent:
                link.send(bytes(100_000))
        theirs.sendall(b"\x81\x02hi" + last)
        reset(ours, theirs)
        link.send(b"media")
        link.send(b"more media")
        poller.poll()
        poller.poll()
        assert owner.texts == [b"hi"]
        assert owner.lost == [code]
        assert len(poller) == 0
        assert ours.fileno() == -1
