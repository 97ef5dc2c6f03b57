"""Who answered: a person says little and waits, a machine talks on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ari_app.testing import audio
from ari_app.testing.developer import Developer
from ari_app.testing.phone import Phone, call, telephone

HELLO = audio.tone_codes(0.6, 440.0)
GREETING = audio.tone_codes(3.0, 440.0)
#: Quicker than Twilio's defaults, within what it allows.
QUICK = {
    "machine_detection_speech_threshold": 1500,
    "machine_detection_speech_end_threshold": 800,
    "machine_detection_silence_timeout": 2000,
}


async def created(dev: Developer, callee: Phone, **params: Any) -> str:
    """A call made by REST that is to find out who answers; its SID."""
    made = await dev.rest(
        dev.client.calls.create,
        to=f"sip:bob@127.0.0.1:{callee.sipp.port}",
        from_="+15550100",
        url=dev.app.twiml(f"/voice-{callee.sipp.port}", "<Hangup/>"),
        **QUICK,
        **params,
    )
    await callee.answered()
    await callee.sipp.established()
    return str(made.sid)


@pytest.mark.parametrize(
    ("mode", "said", "verdict"),
    [
        ("Enable", HELLO, "human"),
        ("Enable", GREETING, "machine_start"),
        ("Enable", b"", "unknown"),
        ("DetectMessageEnd", GREETING, "machine_end_silence"),
    ],
)
async def test_the_document_waits_for_the_verdict(
    dev: Developer, mode: str, said: bytes, verdict: str
) -> None:
    async with telephone() as callee:
        sid = await created(dev, callee, machine_detection=mode)
        await callee.probe.play(said)
        params = (await dev.app.wait_for(f"/voice-{callee.sipp.port}")).params
        assert (params["CallSid"], params["AnsweredBy"]) == (sid, verdict)
        assert int(params["MachineDetectionDuration"]) > 0
        await callee.hung_up()
    assert (await dev.over(sid)).answered_by == verdict
    assert await dev.problems(sid) == []


async def test_the_call_goes_on_meanwhile_and_the_verdict_is_told(dev: Developer) -> None:
    """AsyncAmd of a call, and machineDetection of a dialled noun."""
    amd = dev.app.callback("/amd")
    dev.app.twiml("/voice", '<Pause length="30"/>')
    async with telephone() as one, telephone() as two:
        made = await dev.rest(
            dev.client.calls.create,
            to=f"sip:bob@127.0.0.1:{one.sipp.port}",
            from_="+15550100",
            url=dev.app.twiml("/pause", '<Pause length="30"/>'),
            machine_detection="Enable",
            async_amd="true",
            async_amd_status_callback=amd,
            **QUICK,
        )
        noun = (
            f'<Sip machineDetection="Enable" amdStatusCallback="{amd}" '
            'machineDetectionSpeechThreshold="1500" machineDetectionSpeechEndThreshold="800">'
            f"sip:bob@127.0.0.1:{two.sipp.port}</Sip>"
        )
        number = await dev.number(dev.app.twiml("/dial", f"<Dial>{noun}</Dial>"))
        async with call(dev.stack.sip, number) as caller:
            for phone in (one, two):
                await phone.answered()
                await phone.sipp.established()
            await dev.app.wait_for("/pause")
            await asyncio.gather(one.probe.play(GREETING), two.probe.play(HELLO))
            await dev.app.wait_for("/amd", 2)
            await dev.rest(dev.client.calls(made.sid).update, status="completed")
            await one.hung_up()
            await two.sipp.hang_up()
            await caller.hung_up()
    told = {found.params["CallSid"]: found.params for found in dev.app.received("/amd")}
    assert told.pop(made.sid)["AnsweredBy"] == "machine_start"
    [child] = told.values()
    assert child["AnsweredBy"] == "human"
    assert set(child) == {"CallSid", "AccountSid", "AnsweredBy", "MachineDetectionDuration"}
