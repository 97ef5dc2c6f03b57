"""What the whole-stack bench measures: a node, and Asterisk alone with a bare echo behind it.

The floor is Asterisk doing for a call what every design with `externalMedia` asks of it: answer,
a bridge, an externalMedia channel; the far end of that is a C program that returns each packet.
`stock` is Asterisk as it comes, all modules loaded and nothing turned off; `floor` is the same
with a node's configuration.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError
from ari_app.ari.events import Event, StasisStart
from ari_app.testing.stack import real_asterisk, real_stack
from bench.stack_world import Outside

NUMBER = "+15559000100"


@dataclass(frozen=True)
class Subject:
    """Something that answers calls: where it is called, its processes, and its ARI.

    ``ari`` is the URL, user, password and name of the application.
    """

    name: str
    sip: tuple[str, int]
    pids: dict[str, int]
    ari: tuple[str, str, str, str]


@asynccontextmanager
async def whole(
    state: Path, outside: Outside, kind: str = "echo", workers: int = 1
) -> AsyncIterator[Subject]:
    """Run a node whose number leads to the bot."""
    with real_stack(state, stream_workers=workers, stream_capacity=1000, drain_timeout=0) as stack:
        await stack.add_number(NUMBER, outside.voice_url(kind))
        names = ("asterisk", "app", *(f"stream-{n}" for n in range(workers)))
        ari = stack.ari_url, *stack.ari_login, stack.settings.ari_app
        yield Subject("whole", stack.sip, {name: stack.pid(name) for name in names}, ari)


@asynccontextmanager
async def bare(
    state: Path, outside: Outside, name: str = "floor", edit: Callable[[Path], None] | None = None
) -> AsyncIterator[Subject]:
    """Run Asterisk alone, its calls answered by the bare echo.

    ``edit`` changes a node's configuration, in the folder it is called with.
    """
    with real_asterisk(state, edit=edit) as running:
        where = running.ari_url, *running.ari_login, running.settings.ari_app
        ari = AriClient(*where)
        answering: set[asyncio.Task[None]] = set()

        def on_unrouted(event: Event) -> None:
            if isinstance(event, StasisStart) and event.args[:1] == ["inbound"]:
                task = asyncio.create_task(_answer(ari, event.channel.id, outside))
                answering.add(task)
                task.add_done_callback(answering.discard)

        ari.on_unrouted(on_unrouted)
        await ari.start()
        try:
            yield Subject(name, running.sip, {"asterisk": running.pid("asterisk")}, where)
        finally:
            await asyncio.gather(*answering, return_exceptions=True)
            await ari.close()


async def _answer(ari: AriClient, channel: str, outside: Outside) -> None:
    """Do what a call needs and no more."""
    entered = asyncio.Event()
    media = f"{channel}-media"
    with_media = ari.route(
        media, lambda event: entered.set() if isinstance(event, StasisStart) else None
    )
    try:
        await ari.channels.answer(channel_id=channel)
        await ari.bridges.create_with_id(bridge_id=f"{channel}-bridge", type="mixing")
        made = await ari.channels.external_media(
            channel_id=media,
            app=ari.app,
            external_host=f"127.0.0.1:{outside.echo_port}",
            format="ulaw",
        )
        await entered.wait()
        await ari.bridges.add_channel(bridge_id=f"{channel}-bridge", channel=[channel, media])
        outside.kick(int(str((made.channelvars or {})["UNICASTRTP_LOCAL_PORT"])))
    except AriError as error:
        print(f"the floor's script: {error}")
    finally:
        with_media.close()


def as_it_comes(etc: Path) -> None:
    """Turn a node's configuration into a plain one: what a first externalMedia script needs."""
    kept = {name: (etc / name).read_text() for name in ("asterisk.conf", "http.conf", "ari.conf")}
    bind = next(
        line for line in (etc / "pjsip.conf").read_text().splitlines() if line.startswith("bind")
    )
    rtp = [
        line
        for line in (etc / "rtp.conf").read_text().splitlines()
        if line.startswith(("[general]", "rtpstart", "rtpend"))
    ]
    app = next(
        line.partition("=")[2].strip()
        for line in (etc / "extensions.conf").read_text().splitlines()
        if line.startswith("APP")
    )
    for file in etc.iterdir():
        file.unlink()
    plain = {
        "modules.conf": "[modules]\nautoload = yes\n",
        "rtp.conf": "\n".join(rtp) + "\n",
        "logger.conf": "[general]\n[logfiles]\nconsole => notice,warning,error\n",
        "pjsip.conf": (
            f"[udp]\ntype = transport\nprotocol = udp\n{bind}\n\n"
            "[anonymous]\ntype = endpoint\ncontext = in\ndisallow = all\nallow = ulaw\n"
            "direct_media = no\n"
        ),
        "extensions.conf": f"[in]\nexten => _+X.,1,Stasis({app},inbound)\n same => n,Hangup()\n",
    }
    for name, text in (kept | plain).items():
        (etc / name).write_text(text)
