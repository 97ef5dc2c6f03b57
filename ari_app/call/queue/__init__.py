"""Queues: callers who wait, one after the other, for somebody who dials the queue.

``<Enqueue>`` waits in a `Queue`, ``serve`` is what ``<Dial><Queue>`` runs; ``Queues`` knows
the queues of this node.
"""

from ari_app.call.queue.desk import Queues
from ari_app.call.queue.line import Handover, Left, Member, Queue, Redirected, Turn
from ari_app.call.queue.serve import serve

__all__ = ["Handover", "Left", "Member", "Queue", "Queues", "Redirected", "Turn", "serve"]
