"""What a conference tells its customer (Twilio: Conference, statusCallback).

Only the first participant's callback counts. Events are numbered from 1, subscribed or not.
"""

from __future__ import annotations

from ari_app.call.journal import Journal
from ari_app.call.ports import Services
from ari_app.model import ConferenceRecord, ParticipantRecord, StatusCallback
from ari_app.params import rfc2822

#: Event to the word that subscribes to it.
WORDS = {
    "conference-start": "start",
    "conference-end": "end",
    "participant-join": "join",
    "participant-leave": "leave",
    "participant-mute": "mute",
    "participant-unmute": "mute",
    "participant-hold": "hold",
    "participant-unhold": "hold",
    "participant-modify": "modify",
    "participant-speech-start": "speaker",
    "participant-speech-stop": "speaker",
    "announcement-end": "announcement",
    "announcement-fail": "announcement",
}


class Events:
    """The callbacks of one conference, in order, through its own journal."""

    def __init__(self, services: Services, journal: Journal) -> None:
        self._services = services
        self._journal = journal
        self._told = 0
        self.callback: StatusCallback | None = None

    def wants(self, word: str) -> bool:
        """Whether events of this word are told."""
        return self.callback is not None and word in self.callback.events

    def tell(
        self,
        conference: ConferenceRecord,
        event: str,
        participant: ParticipantRecord | None = None,
        **extra: str,
    ) -> None:
        """Count an event and tell it when it is wanted; ``extra`` are the event's own keys."""
        self._told += 1
        callback = self.callback
        if callback is None or WORDS[event] not in callback.events:
            return
        params = {
            "AccountSid": conference.account_sid,
            "ConferenceSid": conference.sid,
            "FriendlyName": conference.friendly_name,
            "SequenceNumber": str(self._told),
            "StatusCallbackEvent": event,
            "Timestamp": rfc2822(self._services.now()),
        }
        if participant is not None:
            params |= _participant_params(participant)
        params |= {name: value for name, value in extra.items() if value}
        self._journal.later(
            lambda: self._services.callbacks.enqueue(
                url=callback.url,
                method=callback.method,
                params=params,
                account_sid=conference.account_sid,
                # What shares a SID is delivered in order.
                call_sid=conference.sid,
            )
        )


def _participant_params(participant: ParticipantRecord) -> dict[str, str]:
    params = {
        "CallSid": participant.call_sid,
        "Coaching": _flag(participant.coaching),
        "EndConferenceOnExit": _flag(participant.end_conference_on_exit),
        "Hold": _flag(participant.hold),
        "Muted": _flag(participant.muted),
        "StartConferenceOnEnter": _flag(participant.start_conference_on_enter),
    }
    if participant.label:
        params["ParticipantLabel"] = participant.label
    if participant.call_sid_to_coach:
        params["CallSidToCoach"] = participant.call_sid_to_coach
    return params


def _flag(value: bool) -> str:
    return "true" if value else "false"
