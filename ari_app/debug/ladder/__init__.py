"""The story of one call as a ladder diagram: items → `Story` → terminal text or one HTML file.

`pick` finds what belongs to the call, `build` makes rows of it, `text` and `html` draw them.
"""

from ari_app.debug.ladder.build import tell
from ari_app.debug.ladder.pick import NoCallError, pick
from ari_app.debug.ladder.story import Row, Story

__all__ = ["NoCallError", "Row", "Story", "pick", "tell"]
