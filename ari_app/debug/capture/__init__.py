"""A capture (pcap) joined to a call: SIP messages and RTP gaps as items of the same story.

And the other way round: the packets of one call as a capture of its own (`export`).
"""

from ari_app.debug.capture.export import export
from ari_app.debug.capture.join import alone, call_id_of_port, join
from ari_app.debug.capture.read import CaptureError, read

__all__ = ["CaptureError", "alone", "call_id_of_port", "export", "join", "read"]
