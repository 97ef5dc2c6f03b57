"""The parameters of recordings, checked (Twilio: Recording create and update, Call create)."""

from __future__ import annotations

from typing import Literal, cast

from ari_app.api.params import Params
from ari_app.api.ports import ApiError, StartRecording, UpdateRecording
from ari_app.model import RecordingTrack, StatusCallback

EVENTS = frozenset({"in-progress", "completed", "absent"})
_STATUSES: dict[str | None, Literal["in-progress", "paused", "stopped"]] = {
    "in-progress": "in-progress",
    "paused": "paused",
    "stopped": "stopped",
}


def read_start(params: Params, *, trim: str = "do-not-trim") -> StartRecording:
    """Read the parameters of a new recording; ``trim`` is the default. Raises ApiError 400."""
    channels = params.text("RecordingChannels") or "mono"
    if channels not in ("mono", "dual"):
        raise ApiError(400, 20001, "RecordingChannels is not valid: mono or dual")
    track = params.text("RecordingTrack") or "both"
    if track not in ("inbound", "outbound", "both"):
        raise ApiError(400, 20001, "RecordingTrack is not valid: inbound, outbound or both")
    trim = params.text("Trim") or trim
    if trim not in ("trim-silence", "do-not-trim"):
        raise ApiError(400, 20001, "Trim is not valid: trim-silence or do-not-trim")
    return StartRecording(
        channels=2 if channels == "dual" else 1,
        track=cast("RecordingTrack", track),
        trim=trim == "trim-silence",
        callback=_callback(params),
    )


def read_update(params: Params) -> UpdateRecording:
    """Read ``Status`` and ``PauseBehavior``. Raises ApiError 400/20001."""
    status = _STATUSES.get(params.text("Status"))
    if status is None:
        raise ApiError(400, 20001, "Status is not valid: in-progress, paused or stopped")
    behavior = params.text("PauseBehavior") or "silence"
    if behavior not in ("skip", "silence"):
        raise ApiError(400, 20001, "PauseBehavior is not valid: skip or silence")
    return UpdateRecording(status=status, silent=behavior == "silence")


def _callback(params: Params) -> StatusCallback | None:
    endpoint = params.endpoint(
        "RecordingStatusCallback", "RecordingStatusCallbackMethod", (21205, 21209)
    )
    if endpoint is None:
        return None
    words = {word for v in params.all("RecordingStatusCallbackEvent") for word in v.split()}
    events = EVENTS & words or frozenset({"completed"})
    return StatusCallback(url=endpoint.url, method=endpoint.method, events=events)
