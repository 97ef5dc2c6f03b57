"""Workers as processes: they die, they outlive the app, they are shared."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.errors import TwilioError
from ari_app.streams.pool import StreamPool
from ari_app.testing.bot import FakeBot, tls_pair
from ari_app.testing.bridge import Bridge, start_bridge
from ari_app.testing.rtp_peer import RtpPeer
from stream import control
from stream.control_server import ControlServer
from stream.worker import StreamWorker

SOUND = bytes(range(160)) * 5
RUN = """
import sys
from pathlib import Path
from stream.worker import run_worker
run_worker(0, Path(sys.argv[1]), ca_file=Path(sys.argv[2]) if sys.argv[2:] else None)
"""


@contextlib.asynccontextmanager
async def process(path: Path, *more: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A real worker process, as the command line starts it."""
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", RUN, path, *more)
    try:
        yield worker
    finally:
        with contextlib.suppress(ProcessLookupError):
            worker.kill()
        await worker.wait()


@contextlib.asynccontextmanager
async def attached(*paths: Path) -> AsyncIterator[StreamPool]:
    pool = StreamPool(paths)
    await pool.start()
    try:
        async with asyncio.timeout(20):
            await pool.ready()
        yield pool
    finally:
        await pool.close()


async def until(there: Callable[[], bool]) -> None:
    while not there():  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0.02)


def bridge_of(pool: StreamPool, peer: RtpPeer) -> Bridge:
    return Bridge(None, pool, peer)


async def test_the_first_stream_of_a_new_app_lives(tmp_path: Path) -> None:
    """The worker has told an earlier app all; the new one has nothing of it to wait for."""
    path = tmp_path / "stream-0.sock"
    async with FakeBot() as bot, RtpPeer() as peer, process(path):
        async with attached(path) as pool:
            stream, _ = await bridge_of(pool, peer).connect(bot)
            await stream.stop()
        async with attached(path) as pool:
            stream, connection = await bridge_of(pool, peer).connect(bot)
            await connection.play(SOUND)
            await peer.wait_audio(SOUND)
            await connection.close()
            assert (await stream.closed()).cause == "remote"


async def test_a_killed_worker_ends_its_streams_with_31900(tmp_path: Path) -> None:
    """B-20: the calls see an error, and streams go to the worker that comes after."""
    path = tmp_path / "stream-0.sock"
    async with (
        FakeBot() as bot,
        RtpPeer() as peer,
        process(path) as worker,
        attached(path) as pool,
    ):
        bridge = bridge_of(pool, peer)
        stream, connection = await bridge.connect(bot)
        await connection.play(SOUND)
        await peer.wait_audio(SOUND)
        worker.kill()
        stopped = await stream.closed()
        assert (stopped.cause, stopped.code) == ("error", 31900)
        assert (await stream.closed()) is stopped
        assert not pool.healthy
        with pytest.raises(TwilioError) as failure:
            pool.pick()
        assert failure.value.code == 31900
        await stream.stop()
        async with process(path):
            async with asyncio.timeout(20):
                await pool.ready()
            assert pool.healthy
            _, connection = await bridge.connect(bot)
            await connection.play(SOUND)
            await peer.wait_audio(SOUND)


async def test_sigterm_stops_streams_politely(tmp_path: Path) -> None:
    path = tmp_path / "stream-0.sock"
    async with (
        FakeBot() as bot,
        RtpPeer() as peer,
        process(path) as worker,
        attached(path) as pool,
    ):
        stream, connection = await bridge_of(pool, peer).connect(bot)
        worker.send_signal(signal.SIGTERM)
        await connection.wait_closed()
        assert connection.messages[-1]["event"] == "stop"
        assert connection.close_code == 1000
        assert (await stream.closed()).code == 31900
        assert await worker.wait() == 0


async def test_the_process_speaks_tls(tmp_path: Path) -> None:
    """uvloop, the core and TLS together, as in production; a slow reader is bounded there too."""
    path = tmp_path / "stream-0.sock"
    context, ca_file = tls_pair(tmp_path)
    async with (
        FakeBot(tls=context, receive_buffer=8192) as bot,
        RtpPeer() as peer,
        process(path, ca_file),
        attached(path) as pool,
    ):
        bridge = bridge_of(pool, peer)
        stream, connection = await bridge.connect(bot)
        peer.send_audio(SOUND)
        await connection.wait_audio(SOUND)
        await connection.play(SOUND)
        await peer.wait_audio(SOUND)
        connection.reading.clear()
        while not bridge.of(control.Warned):
            peer.send_audio(SOUND * 10)
            await peer.wait_packets(1)
        assert bridge.of(control.Warned)[0].code == 31930
        connection.reading.set()
        await stream.stop()
        await connection.wait_closed()
        assert connection.messages[-1]["event"] == "stop"
        assert (await stream.closed()).stats.media_dropped > 0


async def test_a_stream_that_ended_while_the_app_was_away_is_told(tmp_path: Path) -> None:
    async with start_bridge(tmp_path) as bridge, FakeBot() as bot:
        stream, connection = await bridge.connect(bot)
        await bridge.wait_event(control.Started)
        await bridge.pool.close()
        await connection.close(1011)
        await connection.wait_closed()
        async with attached(tmp_path / "stream-0.sock") as pool:
            again = await pool.open(  # told after what was missed, so that we know it is told
                pool.pick(), bridge.spec(bot.url), lambda event: None
            )
            await again.stop()
            adopted = pool.adopt(stream.sid, lambda event: None)
            assert adopted is not None
            assert (await adopted.closed()).code == 31921
            assert pool.unclaimed == []
            assert pool.workers[0].streams == 0


async def test_a_stopped_process_is_noticed(tmp_path: Path) -> None:
    """A worker that hangs counts as dead, since its calls are."""
    path = tmp_path / "stream-0.sock"
    async with (
        FakeBot() as bot,
        RtpPeer() as peer,
        process(path) as worker,
        attached(path) as pool,
    ):
        stream, connection = await bridge_of(pool, peer).connect(bot)
        os.kill(worker.pid, signal.SIGSTOP)
        try:
            stopped = await stream.closed()
        finally:
            os.kill(worker.pid, signal.SIGCONT)
        assert (stopped.cause, stopped.code) == ("error", 31900)
        # Back again, it is told to end what its calls have given up.
        await connection.wait_closed()
        assert connection.messages[-1]["event"] == "stop"
        assert pool.unclaimed == []


async def test_streams_outlive_the_app_and_are_adopted(tmp_path: Path) -> None:
    """Design §5: audio flows while nobody is attached; what happened meanwhile is told."""
    async with start_bridge(tmp_path) as bridge, FakeBot() as bot:
        stream, connection = await bridge.connect(bot)
        await bridge.wait_event(control.Started)
        await bridge.pool.close()
        await connection.play(SOUND)
        await connection.mark("while away")
        await connection.wait_count("mark", 1)
        await bridge.peer.wait_audio(SOUND)
        async with attached(tmp_path / "stream-0.sock") as pool:
            assert pool.unclaimed == [stream.sid]
            assert pool.workers[0].streams == 1
            events: list[control.StreamEvent] = []
            adopted = pool.adopt(stream.sid, events.append)
            assert adopted is not None
            assert pool.adopt(stream.sid, events.append) is None
            adopted.dtmf("3")
            await connection.wait_count("dtmf", 1)
            await adopted.stop()
            marks = [event.name for event in events if isinstance(event, control.Mark)]
            assert marks == ["while away"]
            assert isinstance(events[-1], control.Stopped)


async def test_a_lost_connection_is_taken_up_again_without_losing_events(
    tmp_path: Path,
) -> None:
    """Every event once and in order, whatever happens to the socket in between."""
    async with start_bridge(tmp_path) as bridge, FakeBot() as bot:
        stream, connection = await bridge.connect(bot)
        for number in range(5):
            await connection.mark(number)
            for peer in list(bridge.worker.control.peers):
                peer.close()
            await connection.mark(number + 0.5)
        await bridge.wait_event(control.Mark, 10)
        names = [event.name for event in bridge.of(control.Mark)]
        assert names == [str(n / 2 if n % 2 else n // 2) for n in range(10)]
        async with asyncio.timeout(20):
            await bridge.pool.ready()
        await stream.stop()
        assert (await stream.closed()).cause == "requested"


async def test_a_second_app_replaces_the_first(tmp_path: Path) -> None:
    """B-25: the first says so and stays away, instead of fighting for ever."""
    async with start_bridge(tmp_path) as bridge, FakeBot() as bot:
        stream, connection = await bridge.connect(bot)
        async with attached(tmp_path / "stream-0.sock") as second:
            assert (await stream.closed()).code == 31900
            assert not bridge.pool.healthy
            assert second.healthy
            assert second.unclaimed == [stream.sid]
            bridge.peer.send_audio(SOUND)
            await connection.wait_audio(SOUND)


async def test_a_full_worker_refuses(tmp_path: Path) -> None:
    async with start_bridge(tmp_path, capacity=1) as bridge, FakeBot() as bot:
        worker = bridge.pool.pick()
        await bridge.connect(bot)
        with pytest.raises(TwilioError):
            bridge.pool.pick()
        refused = await bridge.pool.open(worker, bridge.spec(bot.url), bridge.events.append)
        assert (await refused.closed()).code == 31900


async def test_streams_go_to_the_emptiest_worker(tmp_path: Path) -> None:
    paths = [tmp_path / f"stream-{number}.sock" for number in range(2)]
    workers = [StreamWorker(number, path) for number, path in enumerate(paths)]
    for one in workers:
        await one.start()
    async with FakeBot() as bot, attached(*paths) as pool:
        picked = []
        for _ in range(4):
            async with RtpPeer() as peer:
                picked.append(pool.pick())
                spec = Bridge(None, pool, peer).spec(bot.url)
                await pool.open(picked[-1], spec, lambda event: None)
        assert sorted(worker.id for worker in picked) == [
            "stream-0",
            "stream-0",
            "stream-1",
            "stream-1",
        ]
        assert [info.streams for info in pool.workers] == [2, 2]
    for one in workers:
        await one.close()


async def test_a_pool_without_workers_waits_for_them(tmp_path: Path) -> None:
    pool = StreamPool([tmp_path / "stream-0.sock"])
    await pool.start()
    assert not pool.healthy
    worker = StreamWorker(0, tmp_path / "stream-0.sock")
    await worker.start()
    async with asyncio.timeout(20):
        await pool.ready()
    assert pool.healthy
    assert pool.pick().rtp_port == worker.rtp.port
    await pool.close()
    await worker.close()


async def test_a_handler_that_fails_costs_nobody_else_an_event(tmp_path: Path) -> None:
    def fail(event: control.StreamEvent) -> None:
        raise RuntimeError(type(event).__name__)

    async with start_bridge(tmp_path) as bridge, FakeBot() as bot:
        spec = bridge.spec(bot.url)
        stream = await bridge.pool.open(bridge.pool.pick(), spec, fail)
        await bot.connection()
        await stream.stop()
        assert (await stream.closed()).cause == "requested"


async def test_garbage_on_the_control_socket_changes_nothing(tmp_path: Path) -> None:
    async with start_bridge(tmp_path) as bridge, FakeBot() as bot:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "stream-0.sock"))
        writer.write(b"\n\xff\n{}\n" + b"[" * 10_000 + b'\n{"type":"stop","stream_sid":"x"}\n')
        writer.write(b"x" * (control.MAX_LINE + 1))
        assert await reader.read() == b""
        writer.close()
        await bridge.connect(bot)


async def test_a_peer_that_is_no_address_is_refused(tmp_path: Path) -> None:
    async with start_bridge(tmp_path) as bridge, FakeBot() as bot:
        stream = await bridge.open(bot.url, peer_host="localhost")
        assert (await stream.closed()).code == 31900


def test_the_socket_is_for_its_owner_only(tmp_path: Path) -> None:
    async def mode() -> int:
        worker = StreamWorker(0, tmp_path / "stream-0.sock")
        await worker.start()
        try:
            return (tmp_path / "stream-0.sock").stat().st_mode & 0o777
        finally:
            await worker.close()

    assert asyncio.run(mode()) == 0o600


def test_the_ring_of_events_is_bounded(tmp_path: Path) -> None:
    """An app that is away for good costs no memory without end."""
    server = ControlServer(tmp_path / "s", lambda command: None, lambda: None, ring=10)  # type: ignore[arg-type,return-value]
    for _ in range(100):
        server.emit(control.Started("MZ1"))
    assert server.kept == 10


async def test_marks_do_not_push_out_what_became_of_streams(tmp_path: Path) -> None:
    """While nobody is attached, one talkative bot may not cost the others their end."""
    path = tmp_path / "stream-0.sock"
    hello = control.Hello(
        worker="0", boot="b", pid=1, rtp_host="::1", rtp_port=4000, streams=[], capacity=1
    )
    server = ControlServer(path, lambda command: None, lambda: hello, ring=10)
    await server.start()
    server.emit(control.Stopped("MZ1", "remote"))
    for number in range(5000):
        server.emit(control.Mark("MZ2", str(number), "played"))
        server.emit(control.DtmfSent("MZ2", "5"))
    server.emit(control.Stopped("MZ2", "remote"))
    assert server.kept < 2000
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(control.encode(control.Attach()))
    assert isinstance(control.decode_event(await reader.readline()), control.Hello)
    told: list[control.Event] = []
    while not (told and isinstance(told[-1], control.Stopped) and told[-1].stream_sid == "MZ2"):
        told.append(control.decode_event(await reader.readline()))
    assert isinstance(told[0], control.Stopped)
    numbers = [event.seq for event in told]
    assert numbers == sorted(numbers)
    writer.close()
    await server.close()


async def test_news_are_left_out_for_an_app_that_is_behind_and_nothing_else_is(
    tmp_path: Path,
) -> None:
    """A bot that sends marks without end may cost neither memory nor the others' events."""
    path = tmp_path / "stream-0.sock"
    hello = control.Hello(
        worker="0", boot="b", pid=1, rtp_host="::1", rtp_port=4000, streams=[], capacity=1
    )
    server = ControlServer(path, lambda command: None, lambda: hello)
    await server.start()
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(control.encode(control.Attach()))
    assert isinstance(control.decode_event(await reader.readline()), control.Hello)
    for number in range(50_000):  # at one go: the app has no turn to read
        server.emit(control.MarkTaken("MZ1", str(number)))
    assert server.kept == 0
    server.emit(control.Stopped("MZ1", "remote"))
    news = 0
    while not isinstance(told := control.decode_event(await reader.readline()), control.Stopped):
        assert isinstance(told, control.MarkTaken)
        assert told.name == str(news)
        news += 1
    assert news + server.news_dropped == 50_000
    assert 1000 < news < 20_000
    writer.close()
    await server.close()


MESSAGES: list[control.Command | control.Event] = [
    control.Stop("MZ"),
    control.Dtmf("MZ", "1"),
    control.Ack(7),
    control.Attach(3, "boot"),
    control.Ping(),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_commands_round_trip(message: control.Command) -> None:
    line = control.encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert control.decode_command(line) == message


@given(st.binary(max_size=200))
def test_any_bytes_are_a_command_or_an_error(line: bytes) -> None:
    with contextlib.suppress(msgspec.MsgspecError, ValueError):
        control.decode_command(line)


async def test_a_worker_added_at_run_time_is_found_and_one_that_leaves_forgotten(
    tmp_path: Path,
) -> None:
    """A second worker takes its share of the streams; the first keeps what it has."""
    first = StreamWorker(0, tmp_path / "stream-0.sock")
    await first.start()
    pool = StreamPool([tmp_path / "stream-0.sock"], tmp_path)
    await pool.start()
    second = StreamWorker(1, tmp_path / "stream-1.sock")
    await second.start()
    async with asyncio.timeout(20), FakeBot() as bot, RtpPeer() as one, RtpPeer() as two:
        await until(lambda: [info.alive for info in pool.workers] == [True, True])
        _, connection = await bridge_of(pool, one).connect(bot)
        stream, other = await bridge_of(pool, two).connect(bot)
        assert [info.streams for info in pool.workers] == [1, 1]
        await second.close()
        assert (await stream.closed()).code == 31900
        await until(lambda: len(pool.workers) == 1)
        await other.wait_closed()
        one.send_audio(SOUND)
        await connection.wait_audio(SOUND)
    await pool.close()
    await first.close()


async def test_what_a_worker_has_done_is_counted(tmp_path: Path) -> None:
    async with start_bridge(tmp_path) as bridge, FakeBot() as bot:
        stream, connection = await bridge.connect(bot)
        bridge.peer.send_audio(SOUND)
        await connection.wait_audio(SOUND)
        await connection.play(SOUND)
        await bridge.peer.wait_audio(SOUND)
        await bridge.peer.wait(lambda peer: peer.audio.endswith(b"\xff" * 320))
        before = bridge.worker.counts()
        assert before.frames_received == 5
        assert before.frames_sent >= 5
        assert before.ran_dry >= 1
        await stream.stop()
        assert bridge.worker.counts().ran_dry >= before.ran_dry
        bridge.worker.control.tell(bridge.worker.counts())
        async with asyncio.timeout(20):
            await until(lambda: bridge.pool.workers[0].counts.frames_received > 0)
