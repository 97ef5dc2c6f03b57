"""``<Redirect>``: go on with another document (Twilio: TwiML Redirect)."""

from __future__ import annotations

from ari_app.call.context import CallContext
from ari_app.call.outcome import Goto, Outcome
from twiml import Redirect


async def run(ctx: CallContext, verb: Redirect) -> Outcome:
    """Leave this document; an empty URL means the same document again."""
    return Goto(ctx.fetch(verb.url, verb.method))
