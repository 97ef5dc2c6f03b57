"""Participants that REST calls in: seen while they ring, and what they hear while they wait."""

from __future__ import annotations

from ari_app.testing import audio
from ari_app.testing.developer import Developer
from ari_app.testing.hearing import hears, tone
from ari_app.testing.phone import telephone

FIRST, SECOND = 690.0, 1690.0


async def test_who_rings_is_a_participant_and_can_be_given_up(dev: Developer) -> None:
    """Twilio lists him with the state of his call."""
    people = dev.client.conferences("ring-room").participants
    async with telephone("uas_noanswer") as callee:
        made = await dev.rest(
            people.create,
            from_="+15550100",
            to=f"sip:bob@127.0.0.1:{callee.sipp.port}",
            label="bob",
            muted=True,
        )
        assert made.status == "queued"
        await dev.call_in(made.call_sid, "ringing")
        [listed] = await dev.rest(people.list)
        assert (listed.call_sid, listed.label) == (made.call_sid, "bob")
        assert (listed.status, listed.muted, listed.hold) == ("ringing", True, False)
        assert (await dev.rest(people("bob").fetch)).call_sid == made.call_sid
        assert await dev.rest(people.list, hold=True) == []
        await dev.rest(people(made.call_sid).delete)
        await callee.hung_up()
    assert (await dev.over(made.call_sid)).status == "completed"
    assert await dev.rest(people.list) == []


async def test_who_waits_hears_his_wait_url_and_another_when_it_is_changed(dev: Developer) -> None:
    """Called with a password; once he has joined he is connected."""
    first = dev.files.audio("/first.wav", audio.wav(tone(3, FIRST), "ulaw"))
    second = dev.files.audio("/second.wav", audio.wav(tone(3, SECOND), "ulaw"))
    people = dev.client.conferences("wait-room").participants
    events = dev.app.callback("/conf")
    async with telephone("uas_auth") as callee:
        made = await dev.rest(
            people.create,
            from_="+15550100",
            to=f"sip:bob@127.0.0.1:{callee.sipp.port}",
            sip_auth_username="bob",
            sip_auth_password="se,cret",
            beep="false",
            wait_url=first,
            wait_method="GET",
            conference_status_callback=events,
            conference_status_callback_event=["join", "leave"],
        )
        await callee.answered()
        await hears(callee, {FIRST}, (FIRST, SECOND))
        [listed] = await dev.rest(people.list)
        assert (listed.call_sid, listed.status) == (made.call_sid, "connected")
        await dev.rest(people(made.call_sid).update, wait_url=second, wait_method="GET")
        await hears(callee, {SECOND}, (FIRST, SECOND))
        await dev.rest(people(made.call_sid).delete)
        await callee.hung_up()
    await dev.app.wait_for("/conf", 2)
    told = [one.params["StatusCallbackEvent"] for one in dev.app.received("/conf")]
    assert sorted(told) == ["participant-join", "participant-leave"]
