"""``<Dial>`` of a conference or a queue: there is nobody to ring."""

from __future__ import annotations

from ari_app.call.conference.join import join
from ari_app.call.context import CallContext
from ari_app.call.documents import DocumentError
from ari_app.call.outcome import Goto, Outcome
from ari_app.call.queue.serve import serve
from ari_app.errors import TwilioError
from twiml import Dial, DialConference, DialQueue


async def run_room(ctx: CallContext, verb: Dial, noun: DialConference | DialQueue) -> Outcome:
    """Be in the room until that is over; then ``action`` or the next verb.

    Whoever cannot get in goes on likewise, with ``DialCallStatus`` failed. A caller who hangs up
    inside has ``action`` asked once all the same. Raises AriError, and TwilioError 11100 or
    15004 for an ``action`` that is none.
    """
    if verb.action:
        ctx.resolve(verb.action)
    told = {"DialCallStatus": "failed"}
    try:
        if isinstance(noun, DialConference):
            await join(ctx, noun, verb, told)
        else:
            await serve(ctx, noun, verb, told)
    except TwilioError as error:
        ctx.problem(error)
    except DocumentError:
        pass  # it was reported
    finally:
        if verb.action:
            ctx.on_hangup = ctx.fetch(verb.action, verb.method, **told)
    return Goto(ctx.on_hangup) if ctx.on_hangup else None
