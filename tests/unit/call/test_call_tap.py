"""Taps on a fake Asterisk: what is made, and that nothing of it stays."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.ari.errors import AriError
from ari_app.call.leg import Leg
from ari_app.call.tap import tap, taps
from ari_app.testing.asterisk import FakeAsterisk
from ari_app.testing.call_streams import FakeWorker

SID = "MZ" + "0" * 32
APP = "ariswitch"


async def leg_of(asterisk: FakeAsterisk) -> Leg:
    client = asterisk.client()
    await client.start()
    channel = await asterisk.incoming_call("+15550100")
    return Leg(client, channel)


async def test_a_tap_joins_a_snoop_channel_to_the_worker() -> None:
    async with FakeAsterisk() as asterisk:
        leg = await leg_of(asterisk)
        async with taps(leg, FakeWorker(), APP, SID, ("inbound", "outbound")) as both:
            assert [one.track for one in both] == ["inbound", "outbound"]
            assert len({one.peer_port for one in both}) == 2
            snoops = asterisk.requested("POST", f"/channels/{leg.channel_id}/snoop/.*")
            assert [one.query["spy"] for one in snoops] == ["in", "out"]
            for spy in ("in", "out"):
                joined = asterisk.world.bridges[f"{SID}-{spy}-bridge"]["channels"]
                assert joined == [f"{SID}-{spy}-snoop", f"{SID}-{spy}-media"]
            assert not any(one.ended.is_set() for one in both)
        assert set(asterisk.world.channels) == {leg.channel_id}
        assert not asterisk.world.bridges
        await leg.ari.close()


async def test_the_legs_end_is_the_taps() -> None:
    async with FakeAsterisk() as asterisk:
        leg = await leg_of(asterisk)
        async with tap(leg, FakeWorker(), APP, SID, "inbound") as one:
            await asterisk.hang_up(leg.channel_id)
            async with asyncio.timeout(10):
                await one.ended.wait()
        assert not asterisk.world.channels
        assert not asterisk.world.bridges
        await leg.ari.close()


async def test_a_tap_that_is_refused_leaves_nothing() -> None:
    async with FakeAsterisk() as asterisk:
        leg = await leg_of(asterisk)
        asterisk.refuse("POST", r"/channels/externalMedia", 500, "no")
        with pytest.raises(AriError):
            async with tap(leg, FakeWorker(), APP, SID, "outbound"):
                pass
        assert set(asterisk.world.channels) == {leg.channel_id}
        assert not asterisk.world.bridges
        await leg.ari.close()


async def test_a_cancellation_while_it_is_cleaned_up_leaves_nothing() -> None:
    """A stream has ended by itself, and in that moment the caller hangs up."""
    async with FakeAsterisk() as asterisk:
        leg = await leg_of(asterisk)
        done = asyncio.Event()

        async def run() -> None:
            async with tap(leg, FakeWorker(), APP, SID, "inbound"):
                await done.wait()

        task = asyncio.create_task(run())
        await asterisk.wait_request("POST", r"/bridges/.*/addChannel")
        stalled = asterisk.stall("DELETE", r"/channels/.*-media")
        done.set()
        async with asyncio.timeout(10):
            await stalled.hit.wait()
        task.cancel()
        assert stalled.release is not None
        stalled.release.set()
        await asyncio.wait({task})
        assert set(asterisk.world.channels) == {leg.channel_id}
        assert not asterisk.world.bridges
        await leg.ari.close()
