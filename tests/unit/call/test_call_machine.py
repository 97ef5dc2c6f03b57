"""Answering machine detection between fakes: what Asterisk is asked, what is made of its answer."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.api.machine_params import read_call_detection, read_detection
from ari_app.api.params import Params
from ari_app.api.participants import read_create
from ari_app.api.ports import ApiError
from ari_app.call.outcome import Inline
from ari_app.model import CallStatus, Endpoint, MachineDetection
from ari_app.testing.call_services import ACCOUNT, VOICE, CallRoom


async def listening(room: CallRoom, wanted: MachineDetection) -> str:
    """A call made by REST whose snoop channel is in the dialplan; that channel."""
    room.customer.documents[VOICE.url] = "<Pause length='60'/>"
    made = await room.manager.create(
        ACCOUNT, to="+15550123", from_="+15550100", voice=VOICE, twiml=None, detection=wanted
    )
    snoop = f"{made.sid}-amd"
    await room.asterisk.wait_request("POST", f"/channels/{snoop}/continue")
    await room.asterisk.wait_until(lambda: snoop not in room.asterisk.world.in_stasis)
    return snoop


@pytest.mark.parametrize(
    ("until_end", "result", "verdict"),
    [
        (False, ("HUMAN", "HUMAN-800-800", ""), "human"),
        (False, ("MACHINE", "LONGGREETING-2400-2400", ""), "machine_start"),
        (False, ("MACHINE", "INITIALSILENCE-5000-5000", ""), "unknown"),
        (False, ("NOTSURE", "TOOLONG-30000", ""), "unknown"),
        (True, ("MACHINE", "LONGGREETING-2400-2400", "SILENCE"), "machine_end_silence"),
        (True, ("MACHINE", "LONGGREETING-2400-2400", "TIMEOUT"), "machine_end_other"),
    ],
)
async def test_the_document_is_asked_for_with_the_verdict(
    room: CallRoom, until_end: bool, result: tuple[str, str, str], verdict: str
) -> None:
    snoop = await listening(room, MachineDetection(until_end=until_end))
    assert room.customer.asked == []
    variables = room.asterisk.world.variables
    assert variables[snoop, "AMD_ARGS"] == "5000,2400,1200,30000,100,50,1000,256,2400"
    assert variables[snoop, "AMD_WAIT"] == ("1200,1,30" if until_end else "")
    await room.asterisk.start_stasis(snoop, ["amd", *result])
    await room.news.until(lambda: bool(room.customer.asked))
    ((_, params),) = room.customer.asked
    assert params["AnsweredBy"] == verdict
    assert params["MachineDetectionDuration"].isdecimal()
    await room.manager.end(ACCOUNT.sid, room.calls.only.sid, CallStatus.COMPLETED)
    assert (await room.ended()).answered_by == verdict
    room.assert_nothing_left()


async def test_beside_the_document_it_is_told_to_its_callback(room: CallRoom) -> None:
    told = Endpoint(url="http://app.test/amd")
    snoop = await listening(room, MachineDetection(callback=told))
    await room.news.until(lambda: bool(room.customer.asked))
    await room.asterisk.start_stasis(snoop, ["amd", "HUMAN", "HUMAN-1-1", ""])
    await room.news.until(lambda: told.url in [url for url, _ in room.customer.told])
    await room.manager.end(ACCOUNT.sid, room.calls.only.sid, CallStatus.COMPLETED)
    await room.ended()
    (params,) = (params for url, params in room.customer.told if url == told.url)
    assert (params["AnsweredBy"], params["CallSid"]) == ("human", room.calls.only.sid)
    room.assert_nothing_left()


@pytest.mark.parametrize("how", ["hang up", "update", "end"])
async def test_whatever_ends_it_leaves_nothing(room: CallRoom, how: str) -> None:
    await listening(room, MachineDetection())
    sid = room.calls.only.sid
    if how == "hang up":
        await room.asterisk.hang_up(sid)
    elif how == "update":
        await room.manager.redirect(ACCOUNT.sid, sid, Inline("<Response><Hangup/></Response>"))
    else:
        await room.manager.end(ACCOUNT.sid, sid, CallStatus.COMPLETED)
    async with asyncio.timeout(10):
        assert (await room.ended()).answered_by is None
    assert room.notifications.codes == []
    room.assert_nothing_left()


async def test_what_asterisk_refuses_is_unknown_and_the_document_runs(room: CallRoom) -> None:
    room.asterisk.refuse("POST", "/channels/.*/snoop/.*", 500)
    room.customer.documents[VOICE.url] = "<Hangup/>"
    await room.manager.create(
        ACCOUNT,
        to="+15550123",
        from_="+15550100",
        voice=VOICE,
        twiml=None,
        detection=MachineDetection(),
    )
    assert (await room.ended()).answered_by == "unknown"
    assert room.customer.asked[0][1]["AnsweredBy"] == "unknown"


@pytest.mark.parametrize("verb", ["Dial", "Participant"])
async def test_a_dialled_number_and_a_participant_are_told_who_answered(
    room: CallRoom, verb: str
) -> None:
    told = "http://app.test/amd"
    if verb == "Dial":
        attributes = f'machineDetection="Enable" amdStatusCallback="{told}"'
        await room.call(f"<Dial><Number {attributes}>111</Number></Dial>")
    else:
        form = {"To": "+15550123", "From": "+15550100", "MachineDetection": "Enable"}
        wanted = read_create(Params([*form.items(), ("AmdStatusCallback", told)])).call
        await room.manager.create(
            ACCOUNT,
            to=wanted.to,
            from_=wanted.from_,
            voice=None,
            twiml="<Response><Dial><Conference>c</Conference></Dial></Response>",
            detection=wanted.detection,
        )
    await room.asterisk.wait_request("POST", "/channels/.*-amd/continue")
    (snoop,) = [one for one in room.asterisk.world.channels if one.endswith("-amd")]
    await room.asterisk.wait_until(lambda: snoop not in room.asterisk.world.in_stasis)
    await room.asterisk.start_stasis(snoop, ["amd", "MACHINE", "LONGGREETING-1-1", ""])
    await room.news.until(lambda: told in [url for url, _ in room.customer.told])
    (params,) = (params for url, params in room.customer.told if url == told)
    assert params["AnsweredBy"] == "machine_start"
    assert params["CallSid"] == snoop.removesuffix("-amd")
    await room.manager.drain(0)
    assert room.calls.records[params["CallSid"]].answered_by == "machine_start"
    assert room.notifications.codes == []


async def test_a_noun_without_a_callback_is_told_so_and_rings(room: CallRoom) -> None:
    room.asterisk.outcome = "busy"
    dial = '<Dial><Number machineDetection="Enable">111</Number></Dial><Reject/>'
    await room.call(dial)
    await room.news.until(lambda: len(room.calls.records) == 2)
    await room.news.until(lambda: all(one.status.final for one in room.calls.records.values()))
    await room.manager.drain(10)
    assert room.notifications.codes == [21262]


def test_the_parameters_of_rest() -> None:
    mode = ("MachineDetection", "DetectMessageEnd")
    tuned = [mode, ("MachineDetectionTimeout", "59"), ("MachineDetectionSilenceTimeout", "2000")]
    assert read_call_detection(Params(tuned)) == MachineDetection(
        until_end=True, timeout=59, silence_timeout=2000
    )
    assert read_call_detection(Params([])) is None
    assert read_call_detection(Params([mode, ("SendDigits", "1")])) is None
    assert read_call_detection(Params([mode, ("AsyncAmd", "true")])) is None
    told = ("AsyncAmdStatusCallback", "https://app.test/amd")
    beside = read_call_detection(Params([mode, told, ("AsyncAmd", "true")]))
    assert beside is not None
    assert beside.callback == Endpoint(url="https://app.test/amd")
    for bad in (("MachineDetection", "yes"), ("MachineDetectionTimeout", "60")):
        with pytest.raises(ApiError) as refused:
            read_detection(Params([mode, bad]), "AmdStatusCallback")
        assert refused.value.code == 21234
