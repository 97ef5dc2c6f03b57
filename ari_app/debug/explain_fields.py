"""What members of events and models mean, where the name does not say it all. Our own words."""

from __future__ import annotations

#: Member, or `Model.member` where it means something else there → meaning.
MEANING: dict[str, str] = {
    "application": "The application this copy of the event was sent to, not the one that has the"
    " channel: that one is in channel.dialplan.app_data.",
    "args": "Arguments of Stasis() in the dialplan, or `appArgs` of the request that made it.",
    "asterisk_id": "The sending Asterisk's entity id, mostly a MAC address; tells nodes apart.",
    "bridge_class": "`stasis` for bridges made by ARI, `basic` for those of the dialplan's Dial.",
    "bridge_type": "What it is for: mixing, holding, dtmf_events, proxy_media.",
    "caller": "In a channel: whose call it is. In Dial: the channel the call is made for.",
    "cause": "ISDN (Q.850) cause: 16 normal, 17 busy, 18/19 no answer, 21 rejected, 34 no"
    " circuit, 38 network, 127 unknown. In a recording: why it failed, in words.",
    "cause_txt": "The same cause in words.",
    "connected": "The other side of the call, as shown on the phone.",
    "creationtime": "When it was made, in Asterisk's local time with its offset.",
    "dialplan": "Where in the dialplan the channel is, and the application it executes.",
    "dialstatus": "Empty: the call begins. Then RINGING, PROGRESS, and its end: ANSWER, BUSY,"
    " NOANSWER, CANCEL, CONGESTION, CHANUNAVAIL.",
    "duration_ms": "How long the key was held, in ms.",
    "id": "The id in requests: yours if you gave one, else Asterisk's (1700000000.12). It lives as"
    " long as the thing; `asterisk -rx 'core show channel NAME'` wants the name instead.",
    "media_uri": "sound:, recording:, number:, digits:, characters: or tone:; a sound without its"
    " ending, so that Asterisk chooses the format that is cheapest.",
    "name": "Technology, endpoint and a serial number: PJSIP/alice-0000002a. A"
    " transfer changes it.",
    "peer": "The channel that is called.",
    "protocol_id": "The id of the call in its own protocol: for PJSIP the SIP Call-ID.",
    "soft": "Asterisk's own wish (true), not the network's.",
    "state": "Of a channel: Down, Rsrvd, OffHook, Dialing, Ring (in, unanswered), Ringing (out),"
    " Up, Busy. Of a playback: queued, playing, continuing, done, failed.",
    "target_uri": "Whom it is for: channel:ID or bridge:ID.",
    "tech_cause": "The SIP status that ended it, such as 486. Asterisk 22.1 and later.",
    "technology": "How it mixes: simple_bridge (two, cheap), softmix (many), holding_bridge.",
    "timestamp": "When Asterisk made the event; it is sent at once, so the difference to now is"
    " the delay of the way.",
}
