"""`ariswitch number` and `ariswitch call` against a running node, as a shell runs them."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from ari_app.testing import audio, sipp
from ari_app.testing.developer import Developer
from ari_app.testing.phone import telephone

PROGRAM = Path(sys.executable).with_name("ariswitch")
NUMBER = "+15558887766"


async def ariswitch(dev: Developer, *arguments: str) -> tuple[int, str, str]:
    """Run the command; returns exit code, standard output and standard error."""
    settings = dev.stack.settings
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "ARISWITCH_STATE_DIR": str(settings.state_dir),
            "ARISWITCH_HTTP_PORT": str(settings.http_port),
            "ARISWITCH_SIP_PORT": str(settings.sip_port),
        },
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def done(dev: Developer, *arguments: str) -> str:
    """Run the command, which must succeed; returns its output."""
    code, out, err = await ariswitch(dev, *arguments)
    assert (code, err) == (0, "")
    return out


async def test_a_number_is_added_called_listed_and_removed(dev: Developer) -> None:
    url = dev.app.twiml("/voice", '<Reject reason="busy"/>')
    out = await done(dev, "number", "add", NUMBER, "--voice-url", url, "--voice-method", "get")
    assert NUMBER in out
    assert " PN" in out
    keys = {"code": 486}
    call = await sipp.run("uac_expect_code", dev.stack.sip, number=NUMBER, keys=keys)
    call.check()
    assert dev.app.received("/voice")[0].method == "GET"
    (line,) = [one for one in (await done(dev, "number", "list")).splitlines() if NUMBER in one]
    assert line.endswith(f"GET {url}")
    code, _, err = await ariswitch(dev, "number", "add", NUMBER, "--voice-url", url)
    assert (code, "21422" in err) == (1, True)
    await done(dev, "number", "remove", NUMBER)
    code, _, err = await ariswitch(dev, "number", "remove", NUMBER)
    assert (code, NUMBER in err) == (1, True)


@pytest.mark.parametrize("by", ["twiml", "url"])
async def test_a_call_is_placed(dev: Developer, by: str) -> None:
    codes = audio.random_codes(0.2, seed=50)
    sound = dev.files.audio("/a.wav", audio.wav(codes, "ulaw"))
    document = f"<Response><Play>{sound}</Play></Response>"
    source = document if by == "twiml" else dev.app.twiml("/voice", document)
    async with telephone() as phone:
        to = f"sip:bob@127.0.0.1:{phone.sipp.port}"
        out = await done(dev, "call", to, "--from", "+15550100", f"--{by}", source)
        sid, status = out.split()
        assert status == "queued"
        await phone.answered()
        await phone.hung_up()
    assert phone.probe.heard(codes)
    assert (await dev.over(sid)).status == "completed"


async def test_what_cannot_be_called_is_one_plain_sentence(dev: Developer) -> None:
    for arguments, words in (
        (("call", "+15551", "--from", "+15552", "--twiml", "<Response/>"), "OUTBOUND_SIP_URI"),
        (("call", "sip:a@127.0.0.1", "--from", "+15552"), "--url or --twiml"),
        (("number", "add", "+15553", "--voice-url", "ftp://x/"), "21402"),
    ):
        code, out, err = await ariswitch(dev, *arguments)
        assert (code, out) == (1, "")
        assert words in err
        assert "Traceback" not in err
