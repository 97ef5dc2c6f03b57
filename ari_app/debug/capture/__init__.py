"""A capture (pcap) joined to a call: SIP messages and RTP gaps as items of the same story."""

from ari_app.debug.capture.join import join
from ari_app.debug.capture.read import CaptureError, read

__all__ = ["CaptureError", "join", "read"]
