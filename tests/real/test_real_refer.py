"""SIP REFER: sent by ``<Refer>``, and taken from a callee by ``<Dial referUrl>``."""

from __future__ import annotations

import pytest

from ari_app.testing import audio
from ari_app.testing.developer import Developer
from ari_app.testing.phone import call
from ari_app.testing.rtp_probe import RtpProbe
from ari_app.testing.sipp import Sipp

AFTER = audio.random_codes(0.3, seed=70)


@pytest.mark.parametrize(
    ("scenario", "code", "told"),
    [
        ("uac_refer", 200, ("in-progress", "202", "200")),
        ("uac_refer", 486, ("busy", "202", "486")),
        ("uac_refer_refused", 405, ("failed", "405", None)),
    ],
)
async def test_refer_tells_how_the_transfer_went(
    dev: Developer, scenario: str, code: int, told: tuple[str, str, str | None]
) -> None:
    """The caller who stays hears the action's document."""
    url = dev.files.audio("/after.wav", audio.wav(AFTER, "ulaw"))
    dev.app.twiml("/after", f"<Play>{url}</Play>")
    number = await dev.serving(
        '<Refer action="/after"><Sip>sip:carol@127.0.0.1:5999?X-Ticket=7</Sip></Refer>'
    )
    async with (
        await RtpProbe.open() as probe,
        await Sipp.start(
            scenario,
            dev.stack.sip,
            number=number,
            probe=(probe.host, probe.port),
            keys={"code": code, "reason": "Told"},
        ) as caller,
    ):
        probe.connect(*await caller.remote_media())
        (await caller.result()).check()
        refer = next(m for m in caller.messages if m.method == "REFER")
        assert refer.header("Refer-To") == "<sip:carol@127.0.0.1:5999?X-Ticket=7>"
        params = (await dev.app.wait_for("/after")).params
        assert told == (
            params["ReferCallStatus"],
            params["ReferSipResponseCode"],
            params.get("NotifySipResponseCode"),
        )
        assert probe.heard(AFTER)
    assert (await dev.over(params["CallSid"])).status == "completed"


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_callee_who_transfers_the_caller(dev: Developer, wanted: bool) -> None:
    """To ``referUrl`` with the address; without one it is declined and they go on talking."""
    url = dev.files.audio("/after.wav", audio.wav(AFTER, "ulaw"))
    dev.app.twiml("/refer", f"<Play>{url}</Play>")
    dev.app.twiml("/after", f"<Play>{url}</Play>")
    async with (
        await RtpProbe.open() as probe,
        await Sipp.start(
            "uas_refer",
            probe=(probe.host, probe.port),
            duration_ms=500,
            keys={"target": "sip:carol@example.com"},
        ) as callee,
    ):
        refer = 'referUrl="/refer" ' if wanted else ""
        number = await dev.serving(
            f'<Dial {refer}action="/after"><Sip>sip:bob@127.0.0.1:{callee.port}</Sip></Dial>'
        )
        async with call(dev.stack.sip, number) as caller:
            last = "SIP/2.0 200" if wanted else "SIP/2.0 603"
            await callee.wait_for(lambda m: m.method == "NOTIFY" and m.body.startswith(last))
            sid = await dev.call_sid()
            if not wanted:
                assert await dev.problems(sid, "13802") == ["13802"]
                assert (await dev.call(sid)).status == "in-progress"
                await callee.hang_up()
            await caller.probe.wait_for(AFTER)
            await caller.hung_up()
            if wanted:
                (await callee.result()).check()
    if wanted:
        params = (await dev.app.wait_for("/refer")).params
        assert params["ReferTransferTarget"] == "carol"
        assert not dev.app.received("/after")
    else:
        assert (await dev.app.wait_for("/after")).params["DialCallStatus"] == "completed"
