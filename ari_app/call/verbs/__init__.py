"""One module a verb; the table below is where a new one is entered.

A verb is ``async def run(ctx, verb) -> Outcome``. It is cancelled when the caller hangs up,
the call is updated, its time is over or the app stops: it cleans up in ``finally`` and needs
no other code for any of these.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ari_app.call.context import CallContext
from ari_app.call.outcome import Outcome
from ari_app.call.verbs import (
    connect,
    dial,
    echo,
    enqueue,
    gather,
    hangup,
    leave,
    pause,
    play,
    record,
    redirect,
    refer,
    reject,
    say,
    start,
    stop,
    unsupported,
)
from twiml import (
    Connect,
    Dial,
    Echo,
    Enqueue,
    Gather,
    Hangup,
    Leave,
    Pause,
    Play,
    Record,
    Redirect,
    Refer,
    Reject,
    Say,
    Start,
    Stop,
    Unsupported,
    Verb,
    advice,
)

_VERBS: dict[type[Any], Callable[[CallContext, Any], Awaitable[Outcome]]] = {
    Connect: connect.run,
    Echo: echo.run,
    Gather: gather.run,
    Dial: dial.run,
    Enqueue: enqueue.run,
    Hangup: hangup.run,
    Leave: leave.run,
    Pause: pause.run,
    Play: play.run,
    Record: record.run,
    Redirect: redirect.run,
    Refer: refer.run,
    Reject: reject.run,
    Say: say.run,
    Start: start.run,
    Stop: stop.run,
    Unsupported: unsupported.run,
}


#: What has an executor; the reference page says ``supported`` of these alone (held by a test).
EXECUTED = frozenset(_VERBS)


async def run_verb(ctx: CallContext, verb: Verb) -> Outcome:
    """Run one verb; raises TwilioError and AriError as the verb meets them.

    A verb that is parsed and has no executor is told with error 13750 and skipped.
    """
    run = _VERBS.get(type(verb))
    if run is None:
        return await unsupported.run(ctx, Unsupported(type(verb).__name__, advice(verb)))
    if not isinstance(verb, Refer):  # that goes on with the REFER of an earlier process
        await ctx.leg.absence.recall()
    return await run(ctx, verb)
