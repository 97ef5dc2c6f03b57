"""Several nodes as one: who is there, and orders that reach the node that can carry them out."""

from ari_app.cluster.orders import NodeAwayError, Orders
from ari_app.cluster.presence import Announcement, Presence

__all__ = ["Announcement", "NodeAwayError", "Orders", "Presence"]
