"""The wire between parts and nodes; within one process it is a function call."""

from ari_app.bus.local import LocalBus
from ari_app.bus.ports import Bus, Subscription
from ari_app.bus.redis import RedisBus

__all__ = ["Bus", "LocalBus", "RedisBus", "Subscription"]
