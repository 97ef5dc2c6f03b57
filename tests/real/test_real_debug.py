"""ari-debug on the real Asterisk: beside the running app during a call, and the call again."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from typer.testing import CliRunner

from ari_app.debug import record
from ari_app.debug.cli import app
from ari_app.debug.record import Item
from ari_app.debug.replay import check_async
from ari_app.testing import audio
from ari_app.testing.developer import Developer
from ari_app.testing.phone import call


@asynccontextmanager
async def recording(
    file: Path, *options: str, environ: dict[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`ari-debug record`, from when it has begun; waited for at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ari_app.debug.cli", "record", str(file), *options,
        env=os.environ | (environ or {}), stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        assert b"Recording" in await process.stderr.readline()
        yield process
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def items_of(file: Path) -> list[Item]:
    with file.open("rb") as stream:
        return list(record.read(stream)[1])


async def test_a_call_seen_beside_the_app_and_lived_through_again(
    dev: Developer, tmp_path: Path
) -> None:
    """Attached it takes nothing from the app; from the tap the call can be replayed to it."""
    prompt = dev.files.audio("/prompt.wav", audio.wav(audio.random_codes(0.4, seed=7), "ulaw"))
    number = await dev.serving(
        f'<Gather numDigits="2" action="/menu" timeout="20"><Play>{prompt}</Play></Gather>'
    )
    dev.app.twiml("/menu", "<Pause length='1'/><Say>Thank you.</Say><Hangup/>")
    seen, tapped = tmp_path / "seen.jsonl", tmp_path / "tapped.jsonl"
    user, password = dev.stack.ari_login
    login = {"ARI_URL": dev.stack.ari_url, "ARI_USERNAME": user, "ARI_PASSWORD": password}
    until = ["--until", "type:ChannelDestroyed"]
    socket = str(dev.stack.settings.tap_socket)
    async with (
        recording(seen, *until, "--within", "60", environ=login),
        # New only: the app remembers the calls of other tests.
        recording(tapped, "--tap", socket, "--new", "--within", "60",
                  "--until", f"type:call-completed to={number}"),
        call(dev.stack.sip, number) as phone,
    ):  # fmt: skip
        await dev.call_sid()
        await phone.probe.wait_for(audio.random_codes(0.4, seed=7)[:1600])
        await phone.probe.press("42")
        await dev.app.wait_for("/menu")
        await phone.hung_up()
    types = [item.type for item in items_of(seen)]
    assert types[0] == "connected"
    assert [one for one in ("ChannelCreated", "ChannelDtmfReceived", "ChannelDestroyed")
            if one not in types] == []  # fmt: skip
    # The app had the call all the same.
    assert dev.app.received("/menu")[0].params["Digits"] == "42"
    report = await check_async(tapped)
    assert report.webhooks == 2
    assert report.requests > 3


async def test_the_doctor_finds_the_node_by_its_folder_and_hears_rtp_both_ways(
    dev: Developer,
) -> None:
    """Nothing but the folder is said; `dev` looks that no channel and no bridge is left."""
    environ = {"ARISWITCH_STATE_DIR": str(dev.stack.settings.state_dir)}
    done = await asyncio.to_thread(CliRunner().invoke, app, ["doctor", "--json"], env=environ)
    findings = [msgspec.json.decode(line) for line in done.stdout.splitlines()]
    assert [one for one in findings if one["grade"] == "bad"] == [], done.stderr
    told = {one["what"]: one["detail"] for one in findings}
    assert "ariswitch" in told["applications"]
    assert "of 25 packets came through one way" in told["hello RTP"]
    files = [one["detail"].partition(":")[0] for one in findings if one["what"] == "open files"]
    assert files == ["Asterisk", "the app"]
    assert {"clock", "open files", "RTP ports", "write timeout"} <= set(told)
