"""How a call ends in the books whose node died and has not come back. Pure.

Twilio's words for it: ``completed`` for a call that was answered, ``failed`` for one that never
was. It lasted until its node was last seen, and no longer than it was allowed to: nobody is billed
for the silence after that.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from ari_app.call.progress import lasted
from ari_app.model import CallEnding, CallRecord, CallStatus, Direction
from ari_app.params import call_status_params


def end_of(call: CallRecord, last_seen: datetime) -> CallEnding:
    """Return how ``call``, which runs by its record, has ended, and what its customer is told."""
    status = CallStatus.COMPLETED if call.start_time else CallStatus.FAILED
    end = max(last_seen, call.start_time or call.date_created)
    if call.start_time and call.time_limit:
        end = min(end, call.start_time + timedelta(seconds=call.time_limit))
    duration = lasted(call.start_time, end)
    ended = msgspec.structs.replace(call, status=status, end_time=end, duration=duration)
    callback = call.status_callback
    wanted = callback is not None and "completed" in callback.events
    counts = wanted or call.direction is not Direction.INBOUND
    return CallEnding(
        status=status,
        end_time=end,
        duration=duration,
        events_told=call.events_told + counts,
        params=call_status_params(ended, status=status, sequence=call.events_told, timestamp=end)
        if wanted
        else None,
    )
