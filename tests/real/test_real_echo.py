"""``<Echo>`` on the real Asterisk: the caller's own audio comes back, a # notwithstanding."""

from __future__ import annotations

import pytest

from ari_app.testing import audio
from ari_app.testing.developer import Developer
from ari_app.testing.phone import call
from ari_app.testing.rtp import Law


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
async def test_the_caller_hears_themselves_byte_for_byte(dev: Developer, law: Law) -> None:
    before, after = (audio.random_codes(0.5, seed=seed, law=law) for seed in (70, 71))
    number = await dev.serving("<Echo/>")
    async with call(dev.stack.sip, number, law=law) as phone:
        await dev.logged("verb.start", "Echo", await dev.call_sid())
        await phone.probe.play(bytes([before[0]]) * 1600)  # until both are joined
        await phone.probe.play(before)
        await phone.probe.wait_for(before)
        await phone.probe.press("#")
        await phone.probe.play(after)
        await phone.probe.wait_for(after)
        await phone.sipp.hang_up()
    await dev.over(await dev.call_sid())
