"""Keys of the caller as `dtmf` messages (B-11), once a press, whatever way they are sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from ari_app.testing.bot import FakeBot
from ari_app.testing.customer import customer
from ari_app.testing.phone import call
from ari_app.testing.rtp_probe import RtpProbe
from ari_app.testing.sip_bye import in_dialog
from ari_app.testing.sipp import SCENARIOS, Sipp
from ari_app.testing.stack import RealStack

KEYS = "0123456789*#"


@pytest.mark.parametrize("marker", [True, False], ids=["marker", "no-marker"])
async def test_b_11_rfc_4733_keys(stack: RealStack, marker: bool) -> None:
    """Some senders forget the marker bit; the end packet comes three times from all of them."""
    keys = KEYS + "AD" if marker else "115"
    async with customer(stack) as shop, FakeBot() as server:
        shop.says(f'<Connect><Stream url="{server.url}"/></Connect>')
        async with call(stack.sip, shop.number) as phone:
            bot = await server.connection()
            await bot.wait_count("start", 1)
            await phone.probe.press(keys, milliseconds=80, marker=marker)
            messages = await bot.wait_count("dtmf", len(keys))
            await bot.close()
            await phone.hung_up()
        await shop.ended(await shop.call_sid())
    assert [m["dtmf"] for m in messages] == [
        {"track": "inbound_track", "digit": key} for key in keys
    ]
    assert len(bot.of("dtmf")) == len(keys)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/dtmf-relay", "Signal={}\r\nDuration=160\r\n"),
        ("application/dtmf", "{}"),
    ],
)
async def test_b_11_sip_info_keys(stack: RealStack, tmp_path: Path, kind: str, body: str) -> None:
    """From a telephone that offers no telephone-event."""
    text = (SCENARIOS / "uac_call.xml").read_text()
    scenario = tmp_path / "uac_info.xml"
    lines = [line for line in text.splitlines() if "101 " not in line or "m=audio" in line]
    scenario.write_text("\n".join(lines).replace("[law_pt] 101", "[law_pt]"))
    async with (
        customer(stack) as shop,
        FakeBot() as server,
        await RtpProbe.open() as probe,
    ):
        shop.says(f'<Connect><Stream url="{server.url}"/></Connect>')
        async with await Sipp.start(
            scenario, stack.sip, number=shop.number, probe=(probe.host, probe.port)
        ) as sipp:
            ok = await sipp.answered()
            assert "telephone-event" not in ok.body
            bot = await server.connection()
            await bot.wait_count("start", 1)
            for number, key in enumerate("7*#"):
                status = await in_dialog(
                    "INFO",
                    sipp.messages[0],
                    ok,
                    sequence=10 + number,
                    headers={"Content-Type": kind},
                    body=body.format(key),
                )
                assert status == 200
                await bot.wait_count("dtmf", number + 1)
            await bot.close()
            (await sipp.result()).check()
        await shop.ended(await shop.call_sid())
    assert [m["dtmf"]["digit"] for m in bot.of("dtmf")] == ["7", "*", "#"]
