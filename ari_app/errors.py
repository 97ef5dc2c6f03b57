"""Twilio's error numbers: level, short text and the likely cause, kept in one table.

The numbers are Twilio's so that a user's alarms keep working; the texts are ours
(Twilio: error and warning dictionary).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Level = Literal["error", "warning"]


class ErrorInfo(NamedTuple):
    """One row of the table."""

    level: Level
    text: str
    likely_cause: str


ERRORS: dict[int, ErrorInfo] = {
    11100: ErrorInfo("error", "invalid URL", "not absolute, or a scheme other than http(s)"),
    11200: ErrorInfo("error", "HTTP retrieval failure", "the URL did not answer as expected"),
    11201: ErrorInfo("error", "TCP connect timed out", "host down or a firewall drops packets"),
    11202: ErrorInfo("error", "TCP connection refused", "nothing listens on that host and port"),
    11203: ErrorInfo("error", "no answer within the time limit", "the web server is too slow"),
    11205: ErrorInfo(
        "error", "HTTP connection failure", "no route, or a private address that is not allowed"
    ),
    11206: ErrorInfo("error", "HTTP protocol violation", "plain HTTP to a TLS port, or no HTTP"),
    11210: ErrorInfo("error", "host name does not resolve", "a typing error, or DNS is down"),
    11215: ErrorInfo("error", "too many redirects", "the URLs redirect in a circle"),
    11216: ErrorInfo("error", "unsupported redirect", "only 301, 302, 303 and 307 are followed"),
    11220: ErrorInfo("error", "TLS handshake failed", "not a TLS port, or no shared cipher"),
    11235: ErrorInfo("error", "certificate is for another host", "wrong host in the URL"),
    11236: ErrorInfo("error", "certificate has expired", "renew it"),
    11237: ErrorInfo("error", "certificate not trusted", "self-signed, or the chain is not sent"),
    11243: ErrorInfo("error", "bad retry policy", "see the part of the URL behind #"),
    11750: ErrorInfo("error", "TwiML response over 64 kB", "the body is not TwiML, or too long"),
    11770: ErrorInfo("error", "empty response", "the URL answered without a body"),
    12100: ErrorInfo("error", "XML is not well formed", "an unescaped & or <, or text before it"),
    12101: ErrorInfo("error", "invalid XML version", "use version 1.0"),
    12102: ErrorInfo("error", "root element is not <Response>", "wrap the verbs in <Response>"),
    12200: ErrorInfo("warning", "TwiML schema violation", "a misspelt verb or attribute"),
    12300: ErrorInfo("error", "invalid content type", "send text/xml or application/xml"),
    12400: ErrorInfo("error", "internal failure", "a fault of this switch; see the log"),
    13000: ErrorInfo("warning", "Dial: nouns mixed", "Conference or Queue must be alone"),
    13201: ErrorInfo("error", "Dial inside a document that a callee hears", "leave it out there"),
    13210: ErrorInfo("warning", "Dial: bad method", "GET or POST"),
    13212: ErrorInfo("warning", "Dial: bad timeout", "whole seconds, 1 to 600"),
    13213: ErrorInfo("warning", "Dial: bad hangupOnStar", "true or false"),
    13214: ErrorInfo("warning", "Dial: bad callerId", "a number or client of this account"),
    13215: ErrorInfo("warning", "Dial: bad noun", "Number, Sip, Client, Conference or Queue"),
    13216: ErrorInfo("warning", "Dial: bad timeLimit", "whole seconds, 1 to 86400"),
    13217: ErrorInfo("warning", "Dial: bad record", "see docs/twiml.md for the words"),
    13218: ErrorInfo("warning", "Dial: bad sequential", "true or false"),
    13219: ErrorInfo("warning", "Dial: bad answerOnBridge", "true or false"),
    13220: ErrorInfo("warning", "Dial: bad ringTone", "a country's code such as us or de"),
    13221: ErrorInfo("warning", "Number: bad method", "GET or POST"),
    13222: ErrorInfo("warning", "Number: bad sendDigits", "0-9 A-D * # w W"),
    13223: ErrorInfo("warning", "Number: bad format", "use E.164, such as +15551234567"),
    13224: ErrorInfo("warning", "Number: cannot be dialled", "no such number, or no way to it"),
    13230: ErrorInfo("warning", "Conference: bad muted", "true or false"),
    13231: ErrorInfo("error", "Conference: bad endConferenceOnExit", "true or false"),
    13232: ErrorInfo("warning", "Conference: bad startConferenceOnEnter", "true or false"),
    13233: ErrorInfo("warning", "Conference: bad waitUrl", "an address"),
    13234: ErrorInfo("warning", "Conference: bad waitMethod", "GET or POST"),
    13235: ErrorInfo("warning", "Conference: bad beep", "true, false, onEnter or onExit"),
    13237: ErrorInfo("warning", "Conference: bad name", "the room needs a name"),
    13238: ErrorInfo("error", "Conference: verb not allowed in waitUrl", "Say, Play, Redirect"),
    13239: ErrorInfo("error", "bad trim", "trim-silence or do-not-trim"),
    13240: ErrorInfo("error", "Conference: bad coach", "the SID of a call in the conference"),
    13241: ErrorInfo("warning", "Sip: bad method", "GET or POST"),
    13243: ErrorInfo("warning", "Sip: bad address", "sip:user@host"),
    13247: ErrorInfo("error", "Dial: bad caller", "callerId is not of this account"),
    13249: ErrorInfo("warning", "Sip: bad username or password", "1 to 256 characters"),
    13250: ErrorInfo("warning", "Sip: too many addresses", "at most 10"),
    13251: ErrorInfo("warning", "Sip: too many headers", "at most 50"),
    13252: ErrorInfo("warning", "Sip: bad header name", "X-… or one of the few others"),
    13253: ErrorInfo("warning", "Sip: header too long", "the headers have at most 1024 characters"),
    13254: ErrorInfo("warning", "Sip: host not reachable", "DNS, or a private address"),
    13256: ErrorInfo("warning", "bad recordingStatusCallback", "an absolute address"),
    13257: ErrorInfo("error", "bad transcribeCallback", "an absolute address"),
    13310: ErrorInfo("warning", "Gather: bad finishOnKey", "one of 0-9 * #, or empty"),
    13312: ErrorInfo("warning", "Gather: bad method", "GET or POST"),
    13313: ErrorInfo("warning", "Gather: bad timeout", "whole seconds, 1 or more"),
    13314: ErrorInfo("warning", "Gather: bad numDigits", "a whole number, 1 or more"),
    13320: ErrorInfo("warning", "Gather: bad nested verb", "Say, Play and Pause only"),
    13321: ErrorInfo("warning", "Gather: unknown voice in Say", "the default voice is used"),
    13322: ErrorInfo("warning", "Gather: bad loop in Say", "a whole number, 0 or more"),
    13326: ErrorInfo("warning", "Gather: bad input", "dtmf, speech or both"),
    13327: ErrorInfo("warning", "Gather: bad speechTimeout", "whole seconds, or auto"),
    13328: ErrorInfo("warning", "Gather: bad maxSpeechTime", "whole seconds, 1 to 60"),
    13329: ErrorInfo("warning", "Gather: bad partialResultCallbackMethod", "GET or POST"),
    13330: ErrorInfo("warning", "Gather: bad hints", "at most 500 phrases of 100 characters"),
    13331: ErrorInfo("warning", "Gather: bad language", "a language tag such as en-US"),
    13332: ErrorInfo("warning", "Gather: bad bargeIn", "true or false"),
    13333: ErrorInfo("warning", "Gather: bad profanityFilter", "true or false"),
    13334: ErrorInfo("warning", "Gather: bad speechModel", "see docs/twiml.md for the words"),
    13335: ErrorInfo("warning", "Gather: speechTimeout auto with a named model", "use seconds"),
    13338: ErrorInfo("error", "Gather: bad actionOnEmptyResult", "true or false"),
    13340: ErrorInfo("error", "Gather: speech recognition degraded", "see the message"),
    13410: ErrorInfo("warning", "Play: bad loop", "loop is a whole number, 0 or more"),
    13420: ErrorInfo("error", "Play: unusable audio", "not an audio file of a known type"),
    13430: ErrorInfo("warning", "Play: bad digits", "0-9 A-D * # w W"),
    13510: ErrorInfo("warning", "Say: bad loop", "loop is a whole number, 0 or more"),
    13511: ErrorInfo("warning", "Say: unknown voice", "the default voice is used"),
    13512: ErrorInfo("warning", "Say: unknown language", "the default language is used"),
    13520: ErrorInfo("warning", "Say: no text", "nothing to say"),
    13521: ErrorInfo("warning", "Say: text too long", "the text is cut"),
    13611: ErrorInfo("warning", "Record: bad timeout", "whole seconds, 0 or more"),
    13612: ErrorInfo("warning", "Record: bad maxLength", "whole seconds, 1 or more"),
    13613: ErrorInfo("warning", "Record: bad finishOnKey", "of 0-9 * #, or empty"),
    13614: ErrorInfo("warning", "Record: bad transcribe", "true or false"),
    13615: ErrorInfo("warning", "Record: too long to transcribe", "maxLength at most 120"),
    13616: ErrorInfo("warning", "Record: bad playBeep", "true or false"),
    13617: ErrorInfo("warning", "Record: not transcribed for its length", "2 to 120 seconds"),
    13621: ErrorInfo("error", "bad recordingStatusCallbackEvent", "in-progress completed absent"),
    13622: ErrorInfo("warning", "bad recordingTrack", "inbound, outbound or both"),
    13699: ErrorInfo("warning", "Record: bad trim", "trim-silence or do-not-trim"),
    13710: ErrorInfo("warning", "Redirect: bad method", "GET or POST"),
    13750: ErrorInfo("error", "verb not supported here", "see docs for what to use instead"),
    13801: ErrorInfo("error", "Refer on a leg that is not SIP", "only SIP calls can be referred"),
    13802: ErrorInfo("error", "transfer without referUrl", "set referUrl of Dial"),
    13810: ErrorInfo("warning", "Reject: bad reason", "rejected or busy"),
    13910: ErrorInfo("warning", "Pause: bad length", "whole seconds, 1 or more"),
    14201: ErrorInfo("error", "Enqueue: bad method", "GET or POST"),
    14202: ErrorInfo("error", "Enqueue: bad waitUrl", "an address"),
    14203: ErrorInfo("error", "Enqueue: bad action", "an address"),
    14204: ErrorInfo("error", "Enqueue: no queue name", "1 to 64 characters"),
    14205: ErrorInfo("error", "Enqueue: queue name too long", "1 to 64 characters"),
    14206: ErrorInfo("error", "Enqueue: bad waitUrlMethod", "GET or POST"),
    14207: ErrorInfo("warning", "Enqueue: the queue is full", "see maxQueueSize"),
    14210: ErrorInfo("error", "Queue: bad method", "GET or POST"),
    14211: ErrorInfo("error", "Queue: bad url", "an address"),
    14300: ErrorInfo("error", "Start: bad noun", "Stream, Recording, Transcription or Siprec"),
    15003: ErrorInfo("warning", "callback answered with an error", "status callbacks want 2xx"),
    15004: ErrorInfo("error", "relative URL without a base", "TwiML sent by REST has no base URL"),
    16020: ErrorInfo("error", "conference is full", "see maxParticipants"),
    16025: ErrorInfo("error", "Conference: bad participantLabel", "1 to 128 characters, no /"),
    16101: ErrorInfo("warning", "recording too short", "less than a tenth of a second of audio"),
    16102: ErrorInfo("warning", "recording is silent", "nothing louder than line noise was said"),
    16108: ErrorInfo("error", "the call is recorded already", "stop that recording first"),
    16113: ErrorInfo("warning", "no two channels in it", "the recording was made in mono"),
    21262: ErrorInfo("warning", "machine detection without a callback", "amdStatusCallback"),
    31900: ErrorInfo("error", "stream failed", "see the message"),
    31901: ErrorInfo("error", "stream: connect timed out", "host down, or its upgrade is slow"),
    31902: ErrorInfo("error", "stream: connection refused", "no server on that host and port"),
    31903: ErrorInfo("error", "stream: connection broken", "the server dropped the connection"),
    31904: ErrorInfo("error", "stream: host unreachable", "DNS, routing, or a private address"),
    31910: ErrorInfo("error", "stream: TLS failure", "certificate not valid, or not a TLS port"),
    31920: ErrorInfo("error", "stream: handshake refused", "the server did not answer 101"),
    31921: ErrorInfo("error", "stream: closed with an error code", "the server closed abnormally"),
    31922: ErrorInfo("error", "stream: scheme not supported", "use wss:// (or ws:// if allowed)"),
    31923: ErrorInfo("error", "stream: malformed URL", "no host, or characters not allowed"),
    31924: ErrorInfo("error", "stream: WebSocket protocol error", "bad frames from the server"),
    31930: ErrorInfo("warning", "stream: server reads too slowly", "media was dropped upward"),
    31931: ErrorInfo("warning", "stream: over ten minutes queued", "media was dropped downward"),
    31940: ErrorInfo("error", "stream: unknown connector", "connectorName is not supported"),
    31941: ErrorInfo("error", "stream: invalid track", "Connect takes inbound_track only"),
    31950: ErrorInfo("warning", "stream: malformed message", "binary, or not UTF-8 text"),
    31951: ErrorInfo("warning", "stream: invalid message", "not JSON of a known event"),
    32015: ErrorInfo("warning", "call reached its time limit", "see TimeLimit of the call"),
    32018: ErrorInfo("error", "Twiml over 4000 characters", "send a Url instead"),
    32019: ErrorInfo("warning", "both Twiml and Url", "Twiml is ignored when Url is given"),
    32650: ErrorInfo("error", "Transcription: unknown engine", "the switch's own is used"),
}


def describe(code: int) -> ErrorInfo:
    """Return the table's row for ``code``, or a neutral row for a number it does not list."""
    return ERRORS.get(code, ErrorInfo("error", f"error {code}", "see the message"))


class TwilioError(Exception):
    """A failure with Twilio's number: ``code`` and a message saying what happened where.

    ``url`` is the address that failed, where it is another than the running document's.
    """

    def __init__(self, code: int, message: str, *, url: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.url = url


class StoreUnavailable(Exception):  # noqa: N818 - a state of the store, not a fault of the caller
    """The SQL store cannot answer now: locked, disk full, server away. Worth trying again."""


class UnknownRecordError(LookupError):
    """No record with that SID (or not of that account)."""


class DuplicateRecordError(ValueError):
    """A record with the same unique key is already there."""


class OutboxFullError(Exception):
    """As many callbacks wait as the store may hold; the new one was not taken."""


class PageTokenError(ValueError):
    """A page token that this switch did not hand out."""
