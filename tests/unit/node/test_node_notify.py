"""What systemd is told, read from a socket of the kind it listens on."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ari_app.node.notify import END_SECONDS, Notifier, announced


class Manager:
    """systemd's end of the socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self.environ = {"NOTIFY_SOCKET": str(path)}

    async def next(self) -> list[str]:
        async with asyncio.timeout(30):
            data = await asyncio.get_running_loop().sock_recv(self._socket, 4096)
        return data.decode().split("\n")

    def pending(self) -> list[str]:
        try:
            return self._socket.recv(4096).decode().split("\n")
        except BlockingIOError:
            return []

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[Manager]:
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.close()


async def test_ready_at_the_start_and_stopping_at_the_end(manager: Manager) -> None:
    async with announced(environ=manager.environ):
        assert await manager.next() == ["READY=1"]
    assert await manager.next() == [
        "STOPPING=1",
        f"EXTEND_TIMEOUT_USEC={int(END_SECONDS * 1e6)}",
    ]


async def test_a_drain_asks_for_the_time_it_may_take(manager: Manager) -> None:
    Notifier(manager.environ).stopping(600)
    assert f"EXTEND_TIMEOUT_USEC={int((600 + END_SECONDS) * 1e6)}" in await manager.next()


async def test_the_watchdog_is_fed_with_each_answer_and_not_without(manager: Manager) -> None:
    answers = iter(["takes calls", "no answer from store"])
    silent = asyncio.Event()

    async def status() -> str:
        try:
            return next(answers)
        except StopIteration:
            silent.set()
            await asyncio.Event().wait()
            raise AssertionError from None

    environ = manager.environ | {"WATCHDOG_USEC": "30000", "WATCHDOG_PID": str(os.getpid())}
    async with announced(status, environ):
        assert await manager.next() == ["READY=1"]
        assert await manager.next() == ["WATCHDOG=1", "STATUS=takes calls"]
        assert await manager.next() == ["WATCHDOG=1", "STATUS=no answer from store"]
        await silent.wait()
    # Asked again, and never answered: nothing but the end was told.
    assert (await manager.next())[0] == "STOPPING=1"
    assert manager.pending() == []


async def test_an_error_in_place_of_an_answer_does_not_feed_and_is_asked_again(
    manager: Manager,
) -> None:
    tries = 0

    async def status() -> str:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ConnectionError("not yet")
        return "takes calls"

    async with announced(status, manager.environ | {"WATCHDOG_USEC": "30000"}):
        assert await manager.next() == ["READY=1"]
        assert "WATCHDOG=1" in await manager.next()
        assert tries == 2


async def test_a_watchdog_of_another_process_is_not_ours(manager: Manager) -> None:
    environ = manager.environ | {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}
    assert Notifier(environ).watchdog is None
    assert Notifier(manager.environ | {"WATCHDOG_USEC": "1000"}).watchdog == 0.001


async def test_without_systemd_or_with_a_dead_one_nothing_happens(tmp_path: Path) -> None:
    for environ in ({}, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}):
        async with announced(environ=environ) as notifier:
            notifier.tell("STATUS=x")


async def test_an_abstract_socket_is_found() -> None:
    name = f"ariswitch-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name)
        Notifier({"NOTIFY_SOCKET": "@" + name}).tell("READY=1")
        assert listener.recv(100) == b"READY=1"


async def test_a_stream_worker_tells_when_it_takes_streams_and_when_it_ends(
    manager: Manager, tmp_path: Path
) -> None:
    environ = os.environ | manager.environ | {"ARISWITCH_STATE_DIR": str(tmp_path / "state")}
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ari_app.cli", "stream-worker", env=environ
    )
    try:
        assert await manager.next() == ["READY=1"]
        assert (tmp_path / "state" / "run" / "stream-0.sock").is_socket()
        worker.send_signal(signal.SIGTERM)
        assert (await manager.next())[0] == "STOPPING=1"
        assert await worker.wait() == 0
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
