"""Every way a bot cannot be reached, with Twilio's number (B-8, B-19)."""

from __future__ import annotations

import asyncio
import inspect
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from ari_app.testing.bot import FakeBot, tls_pair
from ari_app.testing.bridge import Bridge, start_bridge
from ari_app.wiring.streams import CallStreams
from stream import control
from stream.ws_url import UrlError, target


@pytest.fixture
async def bridge(tmp_path: Path) -> AsyncIterator[Bridge]:
    async with start_bridge(tmp_path) as bridge:
        yield bridge


async def failure(bridge: Bridge, url: str, **options: object) -> control.Stopped:
    stream = await bridge.open(url, **options)
    stopped = await stream.closed()
    assert stopped.cause == "error"
    assert [type(event) for event in bridge.events] == [control.Stopped]
    return stopped


@pytest.mark.parametrize("status", [200, 400, 403, 404, 500, 503])
async def test_anything_but_101_is_31920(bridge: Bridge, status: int) -> None:
    async with FakeBot(status=status) as bot:
        stopped = await failure(bridge, bot.url)
        assert stopped.code == 31920
        assert str(status) in stopped.message


async def test_redirects_are_not_followed(bridge: Bridge) -> None:
    async with FakeBot() as aim, FakeBot(location=aim.url) as bot:
        assert (await failure(bridge, bot.url)).code == 31920
        assert aim.requests == []


async def test_refused_is_31902(bridge: Bridge) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        assert (await failure(bridge, f"ws://127.0.0.1:{port}/")).code == 31902


@pytest.mark.parametrize("host", ["no-such-host.invalid", "[fe80::1%25no-such-interface]"])
async def test_a_name_that_does_not_resolve_is_31904(bridge: Bridge, host: str) -> None:
    assert (await failure(bridge, f"ws://{host}/")).code == 31904


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1/", "wss://localhost/", "ws://[::1]:9/"])
async def test_private_addresses_are_31904_unless_allowed(bridge: Bridge, url: str) -> None:
    """B-19."""
    stopped = await failure(bridge, url, allow_private=False)
    assert stopped.code == 31904
    assert "private" in stopped.message


async def test_a_server_that_does_not_answer_the_upgrade_is_31901(bridge: Bridge) -> None:
    async with FakeBot(delay=3600) as bot:
        assert (await failure(bridge, bot.url, connect_timeout=0.3)).code == 31901


async def test_a_server_that_never_speaks_tls_is_31901(bridge: Bridge) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"wss://127.0.0.1:{silent.getsockname()[1]}/"
        assert (await failure(bridge, url, connect_timeout=0.3)).code == 31901


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 101 Fine\r\n\r\n", b"SSH-2.0-x\r\n\r\n"])
async def test_a_server_that_is_no_websocket_is_31920(bridge: Bridge, answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert (await failure(bridge, f"ws://127.0.0.1:{port}/")).code == 31920


async def test_a_slow_accept_is_normal(bridge: Bridge) -> None:
    """§2.2.6: bots connect to their model before they accept."""
    async with FakeBot(delay=1.0) as bot:
        await bridge.connect(bot)


def test_a_bot_has_ten_seconds_to_accept() -> None:
    """§2.2.6: no less by default, whoever asks for the stream."""
    asked = inspect.signature(CallStreams).parameters["connect_timeout"].default
    taken = msgspec.structs.fields(control.Open)
    assert asked >= 10
    assert next(field.default for field in taken if field.name == "connect_timeout") >= 10


async def test_wss_with_a_trusted_certificate(tmp_path: Path) -> None:
    context, ca_file = tls_pair(tmp_path)
    async with start_bridge(tmp_path, ca_file=ca_file) as bridge, FakeBot(tls=context) as bot:
        stream, connection = await bridge.connect(bot)
        sound = bytes(range(160)) * 20
        bridge.peer.send_audio(sound)
        await connection.wait_audio(sound)
        await connection.play(sound)
        await bridge.peer.wait_audio(sound)
        await stream.stop()
        await connection.wait_closed()
        assert connection.messages[-1]["event"] == "stop"
        assert connection.close_code == 1000


async def test_an_untrusted_certificate_is_31910(bridge: Bridge, tmp_path: Path) -> None:
    context, _ = tls_pair(tmp_path)
    async with FakeBot(tls=context) as bot:
        assert (await failure(bridge, bot.url)).code == 31910


async def test_a_certificate_of_another_host_is_31910(tmp_path: Path) -> None:
    context, ca_file = tls_pair(tmp_path, "bot.example")
    async with start_bridge(tmp_path, ca_file=ca_file) as bridge, FakeBot(tls=context) as bot:
        stopped = await failure(bridge, bot.url)
        assert stopped.code == 31910
        assert "certificate" in stopped.message


async def test_tls_to_a_plain_port_is_31910(bridge: Bridge) -> None:
    async with FakeBot() as bot:
        assert (await failure(bridge, bot.url.replace("ws:", "wss:"))).code == 31910


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://bot.example/", 31922),
        ("bot.example/ws", 31922),
        ("", 31922),
        ("wss://", 31923),
        ("wss:///path", 31923),
        ("wss://bot.example:99999/", 31923),
        ("wss://bot.example:x/", 31923),
        ("wss://[::1/", 31923),
        ("wss://" + "a" * 80 + ".example/", 31923),
    ],
)
async def test_urls_that_are_none(bridge: Bridge, url: str, code: int) -> None:
    assert (await failure(bridge, url)).code == code


async def test_headers_cannot_be_smuggled(bridge: Bridge) -> None:
    async with FakeBot() as bot:
        stopped = await failure(bridge, bot.url, headers={"X": "a\r\nY: b"})
        assert stopped.code == 31923
        assert bot.requests == []


def test_target_keeps_what_the_url_says() -> None:
    assert target("wss://Bot.Example:8443/a/ü?x=1#f") == (
        "wss://bot.example:8443/a/%C3%BC",
        "bot.example",
        8443,
        True,
        None,
    )
    assert target("ws://bücher.example").url == "ws://xn--bcher-kva.example/"
    assert target("ws://[2001:db8::1]:81/").url == "ws://[2001:db8::1]:81/"
    with pytest.raises(UrlError):
        target("ws://a b/")


async def test_stop_while_connecting(bridge: Bridge) -> None:
    async with FakeBot(delay=3600) as bot:
        stream = await bridge.open(bot.url, connect_timeout=1.0)
        await bot.request()
        await stream.stop()
        assert (await stream.closed()).cause == "requested"


async def test_a_dead_name_does_not_hold_up_a_neighbour(bridge: Bridge) -> None:
    """One unresolvable host silenced every call of the replaced switch for ten seconds."""
    async with FakeBot() as bot:
        _, connection = await bridge.connect(bot)
        dead = [await bridge.open(f"ws://no-such-{number}.invalid/") for number in range(10)]
        sound = bytes(range(160)) * 10
        await connection.play(sound)
        await connection.mark("heard")
        await connection.wait_count("mark", 1)
        assert {(await stream.closed()).code for stream in dead} == {31904}
