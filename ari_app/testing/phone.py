"""A caller as a test uses it: SIPp signals, the RTP probe speaks and hears.

``async with call(target, "+15550100") as phone`` is one call; it is answered when the block
begins, unless ``answered=False``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ari_app.testing.rtp import Law
from ari_app.testing.rtp_probe import RtpProbe
from ari_app.testing.sipp import Sipp, SippResult


@dataclass(slots=True)
class Phone:
    """One call in progress: its signalling and its audio."""

    sipp: Sipp
    probe: RtpProbe

    async def answered(self) -> None:
        """Wait for the 200 and aim the audio at the address it names."""
        self.probe.connect(*await self.sipp.remote_media())

    async def hung_up(self) -> SippResult:
        """Wait for the end of the call; raises SippError when it did not go as written."""
        return (await self.sipp.result()).check()


@asynccontextmanager
async def call(
    target: tuple[str, int],
    number: str,
    *,
    law: Law = "ulaw",
    answered: bool = True,
    hang_up_after: float | None = None,
    from_user: str = "+15557000",
    scenario: str = "uac_call",
) -> AsyncIterator[Phone]:
    """Call ``number``; the callee ends the call, or the caller after ``hang_up_after`` seconds.

    ``scenario`` is one of ``uac_*`` that only signals.

    Leaving the block without a BYE kills the caller, as a phone that lost its network.
    """
    if hang_up_after is not None:
        scenario = "uac_call_bye"
    async with (
        await RtpProbe.open(law) as probe,
        await Sipp.start(
            scenario,
            target,
            number=number,
            law=law,
            probe=(probe.host, probe.port),
            duration_ms=round((hang_up_after or 0) * 1000),
            keys={"from_user": from_user},
        ) as sipp,
    ):
        phone = Phone(sipp, probe)
        if answered:
            await phone.answered()
        yield phone


@asynccontextmanager
async def telephone(
    scenario: str = "uas_answer",
    *,
    port: int = 0,
    law: Law = "ulaw",
    seconds: float = 0.0,
    code: int = 603,
) -> AsyncIterator[Phone]:
    """A telephone to be called at ``phone.sipp.port``; ``scenario`` is one of ``uas_*``.

    ``seconds`` is how long it rings or talks, ``code`` its refusal, as the scenario says.
    """
    async with (
        await RtpProbe.open(law) as probe,
        await Sipp.start(
            scenario,
            law=law,
            port=port,
            probe=(probe.host, probe.port),
            duration_ms=round(seconds * 1000),
            keys={"code": code, "reason": "Refused"},
        ) as sipp,
    ):
        yield Phone(sipp, probe)
