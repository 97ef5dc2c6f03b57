"""What the app really does, kept for a while and told to who attaches: the tap of ari-debug."""

from ari_app.tap.measuring import Measuring
from ari_app.tap.relay import TapRelay
from ari_app.tap.server import TapServer
from ari_app.tap.tap import Tap

__all__ = ["Measuring", "Tap", "TapRelay", "TapServer"]
