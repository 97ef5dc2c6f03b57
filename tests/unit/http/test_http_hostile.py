"""Servers that misbehave: each a clear code, bounded, and the next request works."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from ari_app.testing.web import Script, Seen, raw_site, site, twiml


def says(*pieces: bytes) -> Script:
    """Read a request's head, write the pieces, close."""

    async def script(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return script


async def never(reader: Reader, writer: Writer) -> None:
    await asyncio.Event().wait()


def drips(first: bytes) -> Script:
    """Write ``first``, then one byte at a time without end, faster than any read limit."""

    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(first)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    return script


async def test_server_that_never_answers_is_11203(client: Any) -> None:
    """B-18: one slow URL costs a bounded time."""
    client.limit(read=0.05)
    async with raw_site(never) as server:
        error = await client.fail(server.base + "/voice")
    assert error.code == 11203
    assert error.message.startswith(f"POST {server.base}/voice: ")


async def test_override_in_the_url_bounds_the_time(client: Any) -> None:
    async with raw_site(never) as server:
        assert (await client.fail(server.base + "/#rt=100")).code == 11203
        assert (await client.fail(server.base + "/#tt=100")).code == 11203


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
async def test_server_that_drips_is_stopped_by_the_total(client: Any, first: bytes) -> None:
    """Each byte comes within the read limit; the sum does not."""
    client.limit(total=0.2)
    async with raw_site(drips(first)) as server:
        error = await client.fail(server.base)
    # A head of x-es may also be refused as no HTTP before the time is over.
    assert error.code in (11203, 11206)


async def test_one_stalled_server_does_not_delay_another(client: Any) -> None:
    """B-18: requests do not wait for each other."""
    async with raw_site(never) as slow, site(lambda _: twiml()) as quick:
        stalled = [asyncio.create_task(client.send(slow.base)) for _ in range(150)]
        for _ in range(20):
            assert (await client.send(quick.base)).status == 200
        assert not any(task.done() for task in stalled)
        for task in stalled:
            task.cancel()
        await asyncio.gather(*stalled, return_exceptions=True)


async def test_cancelled_request_ends_at_once_and_leaves_nothing(client: Any) -> None:
    """A hangup cancels the fetch."""
    arrived = asyncio.Event()

    async def script(reader: Reader, writer: Writer) -> None:
        arrived.set()
        await asyncio.Event().wait()

    async with raw_site(script) as server:
        task = asyncio.create_task(client.send(server.base))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_refused_is_11202(client: Any) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = await client.fail(f"http://127.0.0.1:{unused.getsockname()[1]}/")
    assert error.code == 11202
    assert error.retryable == "ct"


async def test_connect_timeout_is_11201(client: Any) -> None:
    """A full accept queue drops the SYN, as a firewall does."""
    client.limit(connect=0.1)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            fillers.append(filler)
        error = await client.fail(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        for filler in fillers:
            filler.close()
    assert error.code == 11201


async def test_unknown_host_is_11210(client: Any) -> None:
    error = await client.fail("http://no-such-host.invalid/voice")
    assert error.code == 11210
    assert "no-such-host.invalid" in error.message


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x15\x03\x01\x00\x02\x02\x0a",
        b"\x00" * 5000,
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
async def test_garbage_instead_of_http_is_11206(client: Any, garbage: bytes) -> None:
    async with raw_site(says(garbage)) as server:
        error = await client.fail(server.base)
    assert error.code == 11206
    assert len(error.message) < 600


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<Respon",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<Resp\r\n",
    ],
)
async def test_server_that_closes_too_early_is_11205(client: Any, start: bytes) -> None:
    async with raw_site(says(start)) as server:
        error = await client.fail(server.base, expect_document=True)
    assert error.code == 11205
    assert "closed" in error.message


async def test_ten_megabytes_are_11750_and_not_read(client: Any) -> None:
    written = 0

    async def script(reader: Reader, writer: Writer) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        for _ in range(500):
            writer.write(b" " * 100_000)
            await writer.drain()
            written += 100_000

    async with raw_site(script) as server:
        error = await client.fail(server.base, expect_document=True)
        assert (error.code, error.status) == (11750, 200)
        # The connection is gone: only what kernel buffers hold was written.
        assert written < 20_000_000


@pytest.mark.parametrize(("size", "good"), [(65_536, True), (65_537, False)])
async def test_limit_of_a_document_is_64_kb(client: Any, size: int, good: bool) -> None:
    async with site(lambda _: twiml("x" * size)) as server:
        if good:
            assert len((await client.send(server.base, expect_document=True)).body) == size
        else:
            assert (await client.fail(server.base, expect_document=True)).code == 11750


async def test_long_answer_to_a_callback_is_no_error(client: Any) -> None:
    async with site(lambda _: twiml("x" * 1_000_000)) as server:
        assert len((await client.send(server.base)).body) == 65_536


async def test_audio_as_a_document_is_not_limited(client: Any) -> None:
    """Contract 1.1: an audio answer is played from its URL."""

    def respond(_: Seen) -> web.Response:
        return web.Response(body=b"\0" * 1_000_000, content_type="audio/x-wav")

    async with site(respond) as server:
        answer = await client.send(server.base, expect_document=True)
    assert answer.content_type == "audio/x-wav"


def gzip_bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    megabyte = b" " * 1_000_000
    return b"".join(packer.compress(megabyte) for _ in range(100)) + packer.flush()


@pytest.mark.parametrize("bomb", [gzip_bomb, lambda: gzip.compress(gzip_bomb())])
async def test_gzip_bomb_is_bounded(client: Any, bomb: Callable[[], bytes]) -> None:
    def respond(_: Seen) -> web.Response:
        return web.Response(body=bomb(), headers={"Content-Encoding": "gzip"})

    async with site(respond) as server:
        answer = await client.send(server.base)
        assert len(answer.body) <= 65_536


async def test_gzip_bomb_as_a_document_is_11750(client: Any) -> None:
    def respond(_: Seen) -> web.Response:
        return web.Response(body=gzip_bomb(), headers={"Content-Encoding": "gzip"})

    async with site(respond) as server:
        assert (await client.fail(server.base, expect_document=True)).code == 11750


async def test_redirect_loop_is_11215(client: Any) -> None:
    def respond(seen: Seen) -> web.Response:
        return web.Response(status=302, headers={"Location": str(seen.request.rel_url)})

    async with site(respond) as server:
        assert (await client.fail(server.base + "/loop")).code == 11215
    assert len(server.seen) == 11


async def test_next_request_works_after_every_fault(client: Any) -> None:
    async with raw_site(says(b"garbage\r\n\r\n")) as broken, site(lambda _: twiml()) as good:
        await client.fail(broken.base)
        assert (await client.send(good.base)).status == 200
        await client.fail(broken.base)
        assert (await client.send(good.base)).status == 200


async def test_pooled_connection_closed_by_the_server_is_replaced(client: Any) -> None:
    """A server may close an idle connection just as the next webhook takes it."""
    connections = 0

    async def script(reader: Reader, writer: Writer) -> None:
        nonlocal connections
        connections += 1
        if connections == 1:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            # The second request on this connection is read and dropped.
            await reader.readuntil(b"\r\n\r\n")
            return
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew")

    async with raw_site(script) as server:
        assert (await client.send(server.base)).body == b"ok"
        assert (await client.send(server.base)).body == b"new"
    assert connections == 2
