"""Whether a person or a machine answered (Twilio: answering machine detection).

Asterisk: applications AMD and WaitForSilence, on a snoop channel beside the call, so that the
call itself can do what it likes meanwhile; extensions.conf has the context. A person says little
and waits for an answer, a machine talks on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from ari_app.ari.errors import AriError
from ari_app.ari.events import Event, StasisStart
from ari_app.call.leg import Leg
from ari_app.call.whole import whole
from ari_app.model import MachineDetection

log = structlog.get_logger(__name__)

CONTEXT = "amd"
#: Milliseconds: the shortest sound that is a word, the shortest silence between two.
WORD_MS, GAP_MS = 100, 50
#: Words alone make no machine: how long it talks does.
ANY_WORDS = 1000
#: Loudness below which Asterisk hears silence.
SILENCE_LEVEL = 256
#: Seconds that Asterisk may take beyond the time that it was given.
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who answered, in Twilio's words, and how many milliseconds it took to know."""

    answered_by: str
    milliseconds: int

    def params(self) -> dict[str, str]:
        """Return it as webhook parameters."""
        return {
            "AnsweredBy": self.answered_by,
            "MachineDetectionDuration": str(self.milliseconds),
        }


async def detect(leg: Leg, app: str, wanted: MachineDetection) -> Verdict:
    """Listen to the far end of an answered leg until it is known who it is.

    What Asterisk refuses, or does not say in time, is ``unknown``.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with asyncio.timeout(wanted.timeout * (2 if wanted.until_end else 1) + PATIENCE):
            answered_by = await _detect(leg, app, wanted)
    except (AriError, TimeoutError) as error:
        log.warning("machine.not_detected", channel_id=leg.channel_id, error=repr(error))
        answered_by = "unknown"
    return Verdict(answered_by, round((loop.time() - began) * 1000))


async def _detect(leg: Leg, app: str, wanted: MachineDetection) -> str:
    """Have a snoop channel listen; returns Twilio's word."""
    ari, snoop_id = leg.ari, f"{leg.channel_id}-amd"
    starts: asyncio.Queue[StasisStart] = asyncio.Queue()

    def on_event(event: Event) -> None:
        if isinstance(event, StasisStart):
            starts.put_nowait(event)

    route = ari.route(snoop_id, on_event)
    try:
        # Seen through to the end: half made, it could not be unmade.
        await whole(
            ari.channels.snoop_channel_with_id(
                channel_id=leg.channel_id, snoop_id=snoop_id, app=app, spy="in"
            )
        )
        await starts.get()
        for name, value in _variables(wanted).items():
            await ari.channels.set_channel_var(channel_id=snoop_id, variable=name, value=value)
        await whole(
            ari.channels.continue_in_dialplan(
                channel_id=snoop_id, context=CONTEXT, extension="s", priority=1
            )
        )
        back = await starts.get()
        log.info("machine.detected", channel_id=leg.channel_id, result=list(back.args))
        return _word([*back.args, "", "", "", ""], wanted)
    finally:
        route.close()
        await whole(_hang_up(leg, snoop_id))


def _variables(wanted: MachineDetection) -> Mapping[str, str]:
    """Return the arguments of the two applications, as extensions.conf expects them."""
    amd = (
        wanted.silence_timeout,
        wanted.speech_threshold,
        wanted.speech_end_threshold,
        wanted.timeout * 1000,
        WORD_MS,
        GAP_MS,
        ANY_WORDS,
        SILENCE_LEVEL,
        wanted.speech_threshold,
    )
    wait = f"{wanted.speech_end_threshold},1,{wanted.timeout}" if wanted.until_end else ""
    return {"AMD_ARGS": ",".join(map(str, amd)), "AMD_WAIT": wait}


def _word(args: list[str], wanted: MachineDetection) -> str:
    """Return Twilio's word for what the dialplan says: AMDSTATUS, AMDCAUSE, WAITSTATUS."""
    _, status, cause, waited = args[:4]
    if status == "HUMAN":
        return "human"
    # Nobody said anything: a line of silence is no machine that talks.
    if status != "MACHINE" or cause.startswith("INITIALSILENCE"):
        return "unknown"
    if not wanted.until_end:
        return "machine_start"
    return "machine_end_silence" if waited == "SILENCE" else "machine_end_other"


async def _hang_up(leg: Leg, channel_id: str) -> None:
    try:
        await leg.ari.channels.hangup(channel_id=channel_id)
    except AriError as error:  # it goes with the leg
        log.debug("machine.snoop_gone", channel_id=channel_id, error=str(error))
