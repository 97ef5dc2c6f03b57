"""Conferences, participants, queues and members as Twilio's JSON."""

from __future__ import annotations

from ari_app.api.ports import QueueState
from ari_app.api.present import VERSION, account_uri, when
from ari_app.model import ConferenceRecord, ParticipantRecord, QueueMember

#: Twilio names the region of its own that mixes; there is one here.
REGION = "us1"


def conference_json(conference: ConferenceRecord) -> dict[str, object]:
    """Return a conference (Twilio: Conference)."""
    base = f"{account_uri(conference.account_sid)}/Conferences/{conference.sid}"
    return {
        "account_sid": conference.account_sid,
        "api_version": VERSION,
        "call_sid_ending_conference": conference.call_sid_ending_conference,
        "date_created": when(conference.date_created),
        "date_updated": when(conference.date_updated),
        "friendly_name": conference.friendly_name,
        "reason_conference_ended": conference.reason_conference_ended,
        "region": REGION,
        "sid": conference.sid,
        "status": conference.status,
        "subresource_uris": {
            "participants": f"{base}/Participants.json",
            "recordings": f"{base}/Recordings.json",
        },
        "uri": f"{base}.json",
    }


def participant_json(participant: ParticipantRecord) -> dict[str, object]:
    """Return a participant (Twilio: Participant); the flags are real booleans."""
    base = f"{account_uri(participant.account_sid)}/Conferences/{participant.conference_sid}"
    return {
        "account_sid": participant.account_sid,
        "call_sid": participant.call_sid,
        "call_sid_to_coach": participant.call_sid_to_coach,
        "coaching": participant.coaching,
        "conference_sid": participant.conference_sid,
        "date_created": when(participant.date_created),
        "date_updated": when(participant.date_updated),
        "end_conference_on_exit": participant.end_conference_on_exit,
        "hold": participant.hold,
        "label": participant.label or None,
        "muted": participant.muted,
        "queue_time": None,
        "start_conference_on_enter": participant.start_conference_on_enter,
        "status": participant.status,
        "uri": f"{base}/Participants/{participant.call_sid}.json",
    }


def queue_json(state: QueueState) -> dict[str, object]:
    """Return a queue with how full it is (Twilio: Queue)."""
    queue = state.queue
    base = f"{account_uri(queue.account_sid)}/Queues/{queue.sid}"
    return {
        "account_sid": queue.account_sid,
        "average_wait_time": state.average_wait,
        "current_size": state.size,
        "date_created": when(queue.date_created),
        "date_updated": when(queue.date_updated),
        "friendly_name": queue.friendly_name,
        "max_size": queue.max_size,
        "sid": queue.sid,
        "subresource_uris": {"members": f"{base}/Members.json"},
        "uri": f"{base}.json",
    }


def member_json(member: QueueMember) -> dict[str, object]:
    """Return a caller in a queue (Twilio: Member)."""
    base = f"{account_uri(member.account_sid)}/Queues/{member.queue_sid}"
    return {
        "call_sid": member.call_sid,
        "date_enqueued": when(member.date_enqueued),
        "position": member.position,
        "queue_sid": member.queue_sid,
        "uri": f"{base}/Members/{member.call_sid}.json",
        "wait_time": member.wait_time,
    }
