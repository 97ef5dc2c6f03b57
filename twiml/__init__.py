"""TwiML text to typed verbs. Pure: no socket, no clock, nothing of the other rooms.

``parse`` and ``interpret`` give a ``Document``; its verbs are frozen and complete (defaults
filled in, addresses as written), its warnings carry Twilio's numbers.
"""

from __future__ import annotations

from twiml.content import AUDIO_TYPES, interpret
from twiml.model import Document, Problem, TwimlError, Unsupported, Verb
from twiml.parser import check_parameter, parse
from twiml.urls import stream_url
from twiml.verbs.connect import Connect
from twiml.verbs.hangup import Hangup
from twiml.verbs.pause import Pause
from twiml.verbs.play import Play
from twiml.verbs.redirect import Redirect
from twiml.verbs.reject import Reject
from twiml.verbs.say import Say
from twiml.verbs.stream import Stream

__all__ = [
    "AUDIO_TYPES",
    "Connect",
    "Document",
    "Hangup",
    "Pause",
    "Play",
    "Problem",
    "Redirect",
    "Reject",
    "Say",
    "Stream",
    "TwimlError",
    "Unsupported",
    "Verb",
    "check_parameter",
    "interpret",
    "parse",
    "stream_url",
]
