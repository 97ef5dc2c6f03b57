"""What a caller hears while others ring (Twilio: Dial, ``ringTone``)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from ari_app.ari.errors import AriError
from ari_app.call.leg import Leg
from ari_app.errors import TwilioError

log = structlog.get_logger(__name__)

#: The country whose tone is heard unless another is asked for (indications.conf has them).
DEFAULT = "us"


@asynccontextmanager
async def ringback(leg: Leg, country: str | None) -> AsyncIterator[None]:
    """Have the caller hear ringing inside the block, as in ``country``.

    An unanswered caller is told by SIP (180) and makes the tone itself. That there is no tone
    is no trouble: the block runs all the same.
    """
    if not leg.answered:
        await leg.ring()
        yield
        return
    tone = asyncio.create_task(_sound(leg, f"tone:ring;tonezone={country or DEFAULT}"))
    try:
        yield
    finally:
        tone.cancel()
        await asyncio.wait({tone})


async def _sound(leg: Leg, media: str) -> None:
    try:
        await leg.play_media(media)
    except (AriError, TwilioError) as error:
        log.info("ringback.failed", channel_id=leg.channel_id, error=str(error))
