"""Conferences: rooms of one account in which calls hear each other (Twilio: <Conference>).

``join`` is what ``<Dial><Conference>`` runs; ``Conferences`` knows the rooms of this node.
"""

from ari_app.call.conference.desk import Conferences
from ari_app.call.conference.join import join
from ari_app.call.conference.participant import Participant
from ari_app.call.conference.room import Conference

__all__ = ["Conference", "Conferences", "Participant", "join"]
