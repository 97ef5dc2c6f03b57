"""ARI's operations, one class a resource.

Written by `python -m ari_app.ari.generate`; do not edit.
"""

from __future__ import annotations

from ari_app.ari.operations.applications import Applications
from ari_app.ari.operations.asterisk import Asterisk
from ari_app.ari.operations.base import Operations, Requester
from ari_app.ari.operations.bridges import Bridges
from ari_app.ari.operations.channels import Channels
from ari_app.ari.operations.device_states import DeviceStates
from ari_app.ari.operations.endpoints import Endpoints
from ari_app.ari.operations.events import Events
from ari_app.ari.operations.mailboxes import Mailboxes
from ari_app.ari.operations.playbacks import Playbacks
from ari_app.ari.operations.recordings import Recordings
from ari_app.ari.operations.sounds import Sounds


class Resources:
    """All resources as attributes: `client.channels.answer(…)`."""

    def __init__(self, requester: Requester) -> None:
        self.applications = Applications(requester)
        self.asterisk = Asterisk(requester)
        self.bridges = Bridges(requester)
        self.channels = Channels(requester)
        self.device_states = DeviceStates(requester)
        self.endpoints = Endpoints(requester)
        self.events = Events(requester)
        self.mailboxes = Mailboxes(requester)
        self.playbacks = Playbacks(requester)
        self.recordings = Recordings(requester)
        self.sounds = Sounds(requester)


__all__ = [
    "Applications",
    "Asterisk",
    "Bridges",
    "Channels",
    "DeviceStates",
    "Endpoints",
    "Events",
    "Mailboxes",
    "Operations",
    "Playbacks",
    "Recordings",
    "Requester",
    "Resources",
    "Sounds",
]
