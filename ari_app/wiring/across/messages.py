"""Orders from one node's REST API to another node, and the answers; MessagePack on the bus."""

from __future__ import annotations

import msgspec

from ari_app.api import ports as api
from ari_app.model import Endpoint, QueueRecord, RecordingRecord


class Order(msgspec.Struct, frozen=True, kw_only=True, tag_field="order"):
    """What an account wants done. Its token stays at home: the owner looks it up."""

    account_sid: str


class UpdateCall(Order, tag="update-call", frozen=True, kw_only=True):
    """Answered with a CallRecord."""

    call_sid: str
    request: api.UpdateCall


class StartStream(Order, tag="start-stream", frozen=True, kw_only=True):
    """Answered with a BackgroundState."""

    call_sid: str
    request: api.CreateStream


class StartTranscription(Order, tag="start-transcription", frozen=True, kw_only=True):
    """Answered with a BackgroundState."""

    call_sid: str
    request: api.CreateTranscription


class StopBeside(Order, tag="stop-beside", frozen=True, kw_only=True):
    """Answered with a BackgroundState."""

    call_sid: str
    kind: str
    name: str


class StartRecording(Order, tag="start-recording", frozen=True, kw_only=True):
    """Answered with a RecordingRecord."""

    call_sid: str
    request: api.StartRecording


class UpdateRecording(Order, tag="update-recording", frozen=True, kw_only=True):
    """Answered with a RecordingRecord."""

    sid: str
    request: api.UpdateRecording
    call_sid: str | None = None
    conference_sid: str | None = None


class RunningRecording(Order, tag="running-recording", frozen=True, kw_only=True):
    """Answered with one RecordingRecord or none."""

    sid: str
    call_sid: str | None = None
    conference_sid: str | None = None


class DeleteRecording(Order, tag="delete-recording", frozen=True, kw_only=True):
    """Answered with None."""

    record: RecordingRecord


class UpdateConference(Order, tag="update-conference", frozen=True, kw_only=True):
    """Answered with a ConferenceRecord."""

    conference: str
    request: api.UpdateConference


class ListParticipants(Order, tag="list-participants", frozen=True, kw_only=True):
    """Answered with ParticipantRecords."""

    conference: str


class GetParticipant(Order, tag="get-participant", frozen=True, kw_only=True):
    """Answered with a ParticipantRecord."""

    conference: str
    participant: str


class ChangeParticipant(Order, tag="change-participant", frozen=True, kw_only=True):
    """Answered with a ParticipantRecord."""

    conference: str
    participant: str
    request: api.UpdateParticipant


class KickParticipant(Order, tag="kick-participant", frozen=True, kw_only=True):
    """Answered with None."""

    conference: str
    participant: str


class CallIn(Order, tag="call-in", frozen=True, kw_only=True):
    """Answered with a ParticipantRecord."""

    conference: str
    request: api.CreateParticipant


class WhoWaits(Order, tag="who-waits", frozen=True, kw_only=True):
    """Answered with the QueueMembers that wait on the node."""

    queue_sid: str


class Dequeue(Order, tag="dequeue", frozen=True, kw_only=True):
    """Answered with a QueueMember."""

    queue_sid: str
    member: str
    source: Endpoint


class QueueChanged(Order, tag="queue-changed", frozen=True, kw_only=True):
    """Another node has changed a queue's name or size; answered with None."""

    before: QueueRecord
    after: QueueRecord


AnyOrder = (
    UpdateCall
    | StartStream
    | StartTranscription
    | StopBeside
    | StartRecording
    | UpdateRecording
    | RunningRecording
    | DeleteRecording
    | UpdateConference
    | ListParticipants
    | GetParticipant
    | ChangeParticipant
    | KickParticipant
    | CallIn
    | WhoWaits
    | Dequeue
    | QueueChanged
)


class Done(msgspec.Struct, tag="done", frozen=True):
    """It was done; ``result`` is MessagePack too."""

    result: msgspec.Raw


class Refused(msgspec.Struct, tag="refused", frozen=True):
    """The owner's ApiError."""

    status: int
    code: int
    message: str


class Missing(msgspec.Struct, tag="missing", frozen=True):
    """The owner's UnknownRecordError."""

    what: str


Answer = Done | Refused | Missing
