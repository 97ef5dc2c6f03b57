"""Verbs Twilio has and this switch does not run, and what to use instead."""

from __future__ import annotations

#: Twilio's error of a verb that an API version lacks.
UNSUPPORTED_VERB = 13750

#: Top-level verbs: name to advice.
VERBS: dict[str, str] = {
    "Pay": "payments are not available: take them outside the call",
    "Prompt": "payments are not available: use <Say> or <Play> for the words",
    "Queue": "it is a noun: use <Dial><Queue>",
    "Sms": "messages are not available: send them with a messaging API",
}

TASK_ROUTER = "TaskRouter is not available: name a queue and dial it"

#: Nouns of Dial: name to advice.
DIAL_NOUNS: dict[str, str] = {
    "Application": "put what the application does into the TwiML, or <Redirect> to its URL",
    "Sim": "no mobile network is connected: use <Number> or <Sip>",
    "WhatsApp": "WhatsApp is not connected: use <Number> or <Sip>",
}

#: Nouns of Start and Stop: name to advice.
START_NOUNS: dict[str, str] = {
    "Siprec": "no SIPREC connector is available: use <Start><Stream> or <Start><Recording>",
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
    "Headers": "Dial><Sip",
    "Parameter": "Connect><Stream",
    "Recording": "Start",
    "Sim": "Dial",
    "Sip": "Dial",
    "Siprec": "Start",
    "Stream": "Connect",
    "Task": "Enqueue",
    "Transcription": "Start",
    "WhatsApp": "Dial",
    **dict.fromkeys(CONNECT_NOUNS, "Connect"),
}
