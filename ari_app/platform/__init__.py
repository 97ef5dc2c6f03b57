"""Who the customer is: one interface, and the platform that lives in our own SQL."""

from ari_app.platform.local import LocalPlatform
from ari_app.platform.numbers import normalize
from ari_app.platform.ports import InboundCall, Platform, Rejected, Route

__all__ = ["InboundCall", "LocalPlatform", "Platform", "Rejected", "Route", "normalize"]
