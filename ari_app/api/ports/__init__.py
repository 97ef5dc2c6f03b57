"""What the API asks of the rest of the switch, and the parsed requests it hands over."""

from ari_app.api.ports.beside import (
    BackgroundService,
    BackgroundState,
    CreateStream,
    CreateTranscription,
)
from ari_app.api.ports.calls import CallService, CreateCall, UpdateCall
from ari_app.api.ports.conferences import (
    ConferenceService,
    CreateParticipant,
    UpdateConference,
    UpdateParticipant,
)
from ari_app.api.ports.queues import QueueService, QueueState
from ari_app.api.ports.recordings import RecordingService, StartRecording, UpdateRecording
from ari_app.api.ports.refusal import ApiError, Health
from ari_app.api.ports.store import (
    Accounts,
    ApiStore,
    Calls,
    Notifications,
    Numbers,
    Recordings,
    Transcriptions,
)

__all__ = [
    "Accounts",
    "ApiError",
    "ApiStore",
    "BackgroundService",
    "BackgroundState",
    "CallService",
    "Calls",
    "ConferenceService",
    "CreateCall",
    "CreateParticipant",
    "CreateStream",
    "CreateTranscription",
    "Health",
    "Notifications",
    "Numbers",
    "QueueService",
    "QueueState",
    "RecordingService",
    "Recordings",
    "StartRecording",
    "Transcriptions",
    "UpdateCall",
    "UpdateConference",
    "UpdateParticipant",
    "UpdateRecording",
]
