"""TwiML text to typed verbs. Pure: no socket, no clock, nothing of the other rooms.

``parse`` and ``interpret`` give a ``Document``; its verbs are frozen and complete (defaults
filled in, addresses as written), its warnings carry Twilio's numbers.
"""

from __future__ import annotations

from twiml.content import AUDIO_TYPES, interpret
from twiml.model import Document, Problem, TwimlError, Unsupported, Verb
from twiml.parser import check_parameter, parse
from twiml.registry import advice
from twiml.urls import stream_url
from twiml.verbs.connect import Connect
from twiml.verbs.dial import Dial
from twiml.verbs.dial_client import DialClient
from twiml.verbs.dial_conference import DialConference
from twiml.verbs.dial_number import DialNumber
from twiml.verbs.dial_queue import DialQueue
from twiml.verbs.dial_sip import DialSip, SipUri
from twiml.verbs.echo import Echo
from twiml.verbs.enqueue import Enqueue
from twiml.verbs.gather import Gather
from twiml.verbs.hangup import Hangup
from twiml.verbs.leave import Leave
from twiml.verbs.pause import Pause
from twiml.verbs.play import Play
from twiml.verbs.record import Record
from twiml.verbs.recording import Recording
from twiml.verbs.redirect import Redirect
from twiml.verbs.refer import Refer
from twiml.verbs.reject import Reject
from twiml.verbs.say import Say
from twiml.verbs.start import Start
from twiml.verbs.stop import Stop, Stopped
from twiml.verbs.stream import Stream
from twiml.verbs.transcription import Transcription

__all__ = [
    "AUDIO_TYPES",
    "Connect",
    "Dial",
    "DialClient",
    "DialConference",
    "DialNumber",
    "DialQueue",
    "DialSip",
    "Document",
    "Echo",
    "Enqueue",
    "Gather",
    "Hangup",
    "Leave",
    "Pause",
    "Play",
    "Problem",
    "Record",
    "Recording",
    "Redirect",
    "Refer",
    "Reject",
    "Say",
    "SipUri",
    "Start",
    "Stop",
    "Stopped",
    "Stream",
    "Transcription",
    "TwimlError",
    "Unsupported",
    "Verb",
    "advice",
    "check_parameter",
    "interpret",
    "parse",
    "stream_url",
]
