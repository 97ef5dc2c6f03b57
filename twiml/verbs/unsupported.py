"""Verbs Twilio has and this switch does not run, and what to use instead."""

from __future__ import annotations

#: Top-level verbs: name to advice.
VERBS: dict[str, str] = {
    "Dial": "bridging to another party is not available: place a second call over REST",
    "Echo": "use <Connect><Stream> to a server that sends the audio back",
    "Enqueue": "queues are not available: keep the caller with <Play loop> and update the call",
    "Gather": "digits are not collected here: use <Connect><Stream> and its dtmf messages",
    "Leave": "queues are not available: use <Redirect> to go on",
    "Pay": "payments are not available: take them outside the call",
    "Prompt": "payments are not available: use <Say> or <Play> for the words",
    "Queue": "queues are not available: keep the caller with <Play loop> and update the call",
    "Record": "recording is not available: use <Connect><Stream> and keep its media",
    "Refer": "SIP transfer is not available: update the call over REST with new TwiML",
    "Sms": "messages are not available: send them with a messaging API",
    "Start": "background streams are not available: use <Connect><Stream>",
    "Stop": "nothing runs in the background here: end a stream by closing its socket",
}

_AGENT = "use <Connect><Stream> and run the agent behind your own WebSocket"

#: Nouns of Connect: name to advice.
CONNECT_NOUNS: dict[str, str] = {
    "AiSession": _AGENT,
    "Assistant": _AGENT,
    "Autopilot": _AGENT,
    "Conversation": "conversations are not available: use <Connect><Stream>",
    "ConversationRelay": "use <Connect><Stream> with speech recognition and synthesis of your own",
    "ConversationRelaySession": _AGENT,
    "Room": "video rooms are not available: use <Connect><Stream>",
    "VirtualAgent": _AGENT,
}

#: Nouns that people put at the top by mistake: name to the verb they belong in.
MISPLACED: dict[str, str] = {
    "Client": "Dial",
    "Conference": "Dial",
    "Number": "Dial",
    "Parameter": "Connect><Stream",
    "Recording": "Start",
    "Sip": "Dial",
    "Siprec": "Start",
    "Stream": "Connect",
    "Transcription": "Start",
    **dict.fromkeys(CONNECT_NOUNS, "Connect"),
}
