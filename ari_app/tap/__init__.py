"""What the app really does, kept for a while and told to who attaches: the tap of ari-debug."""

from ari_app.tap.server import TapServer
from ari_app.tap.tap import Tap

__all__ = ["Tap", "TapServer"]
