"""FakeAsterisk behaves as Asterisk 22.10.1 was seen to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ari_app.ari import AriClient, Conflict, NotFound, Unprocessable
from ari_app.testing.asterisk import FakeAsterisk, Outcome

WIRE = Path(__file__).parents[2] / "wire" / "ari"


def types(asterisk: FakeAsterisk, channel_id: str) -> list[str]:
    """Events of one channel so far; Dial with its status, state changes with the state."""
    told = []
    for event in asterisk.events:
        subject = event.get("channel") or event.get("peer") or {}
        if subject.get("id") == channel_id:
            more = event.get("dialstatus")
            if event["type"] == "ChannelStateChange":
                more = subject["state"]
            told.append(event["type"] if more is None else f"{event['type']} {more}".rstrip())
    return told


def assert_same_members(fake: Any, real: Any) -> None:
    """The fake sends no member that the real one does not (of dicts, at every depth)."""
    if isinstance(real, dict):
        assert set(fake) <= set(real), set(fake) - set(real)
        for name in fake:
            assert_same_members(fake[name], real[name])


async def test_refused_call_ends_as_the_real_one(asterisk: FakeAsterisk, client: AriClient) -> None:
    asterisk.outcome = "busy"
    await client.channels.originate(endpoint="PJSIP/outbound/x", app="ariswitch", channel_id="c")
    assert types(asterisk, "c") == [
        "Dial",
        "ChannelHangupRequest",
        "Dial BUSY",
        "ChannelDestroyed",
    ]
    destroyed = asterisk.events[-1]
    assert (destroyed["cause"], destroyed["tech_cause"]) == (17, 486)


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("manual", ["Dial"]),
        ("ring", ["Dial", "ChannelStateChange Ringing", "Dial RINGING"]),
    ],
)
async def test_outcomes_that_wait_for_the_test(
    asterisk: FakeAsterisk, client: AriClient, outcome: Outcome, told: list[str]
) -> None:
    asterisk.outcome = outcome
    await client.channels.originate(
        endpoint="PJSIP/x", app="ariswitch", app_args="outbound,CA1", channel_id="c"
    )
    assert types(asterisk, "c") == told
    await asterisk.answer("c")
    assert types(asterisk, "c")[len(told) :] == [
        "ChannelStateChange Up",
        "Dial ANSWER",
        "StasisStart",
    ]
    assert asterisk.events[-1]["args"] == ["outbound", "CA1"]


async def test_created_channel_is_in_the_application_before_it_is_dialled(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    await client.channels.create(endpoint="PJSIP/x", app="ariswitch", channel_id="c")
    assert types(asterisk, "c") == ["StasisStart"]
    await client.channels.dial("c")
    assert types(asterisk, "c")[-2:] == ["ChannelStateChange Up", "Dial ANSWER"]
    with pytest.raises(Conflict):
        await client.channels.create(endpoint="PJSIP/x", app="ariswitch", channel_id="c")


async def test_channel_is_not_bridged_before_its_start(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    asterisk.auto_start = False
    await client.bridges.create(bridge_id="b")
    await client.channels.external_media(
        app="ariswitch", external_host="192.0.2.1:1", format="ulaw", channel_id="m"
    )
    with pytest.raises(Unprocessable):
        await client.bridges.add_channel("b", channel="m")
    await asterisk.start_stasis("m")
    await client.bridges.add_channel("b", channel="m")


async def test_playback_held_until_finished_stopped_or_hung_up(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    asterisk.auto_finish = False
    call = await asterisk.incoming_call("1")
    for name in ("a", "b", "c"):
        await client.channels.play_with_id(call, name, media="sound:x")
    await asterisk.finish_playback("a")
    await client.playbacks.stop("b")
    await asterisk.hang_up(call)
    ends = [e["playback"] for e in asterisk.events if e["type"] == "PlaybackFinished"]
    assert [(p["id"], p["state"]) for p in ends] == [("a", "done"), ("b", "done"), ("c", "failed")]
    with pytest.raises(NotFound):
        await client.playbacks.stop("c")


async def test_variables(asterisk: FakeAsterisk, client: AriClient) -> None:
    await client.channels.originate(
        endpoint="PJSIP/x", app="ariswitch", channel_id="c", variables={"A": "1"}
    )
    assert (await client.channels.get_channel_var("c", variable="A")).value == "1"
    await client.channels.set_channel_var("c", variable="A", value="2")
    assert (await client.channels.get_channel_var("c", variable="A")).value == "2"
    with pytest.raises(NotFound):
        await client.channels.get_channel_var("c", variable="B")


async def test_answer_first_sends_the_events_after_the_answer(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    asterisk.answer_first = True
    call = await asterisk.incoming_call("1")
    playback = await client.channels.play(call, media="sound:x")
    assert playback.state == "queued"
    await client.channels.hangup(call)
    await client.asterisk.ping()
    assert types(asterisk, call)[-1] == "ChannelDestroyed"


async def test_events_have_no_member_the_real_ones_lack(
    asterisk: FakeAsterisk, client: AriClient
) -> None:
    call = await asterisk.incoming_call("1")
    await client.channels.answer(call)
    await client.bridges.create(bridge_id="b")
    await client.bridges.add_channel("b", channel=call)
    await client.channels.play(call, media="sound:x")
    await asterisk.dtmf(call, "5")
    await client.channels.hangup(call)
    await client.channels.originate(endpoint="PJSIP/x", app="ariswitch", channel_id="c")
    await asterisk.hang_up("c", 17, 486)
    compared = set()
    for event in asterisk.events:
        names = {"ChannelHangupRequest": "-cause", "Dial": "-answer", "ChannelDestroyed": "-busy"}
        if event.get("soft"):
            names["ChannelHangupRequest"] = "-soft"
        elif event["type"] == "ChannelHangupRequest":
            event.pop("tech_cause")  # seen with SIP only; the sample is of a Local channel
        file = WIRE / f"{event['type']}{names.get(event['type'], '')}.json"
        assert_same_members(event, json.loads(file.read_bytes()))
        compared.add(file.name)
    assert len(compared) >= 9
