"""The tap of `ari-debug`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from ari_app.settings.kinds import field


class TapSettings(BaseModel):
    """What the app remembers of what it did, for `ari-debug`."""

    tap: bool = field(
        True, "Keep what the app did last for `ari-debug`, which reads it from a Unix socket"
    )
    tap_items: Annotated[int, Field(ge=100, le=1_000_000)] = field(
        20_000, "Most requests, events, webhooks, verbs … that are kept"
    )
    tap_bytes: Annotated[int, Field(ge=100_000)] = field(16_000_000, "Bound of the same, bytes")
