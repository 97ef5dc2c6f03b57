"""Requests to `/sounds`.

Written by `python -m ari_app.ari.generate`; do not edit.
"""
# ruff: noqa: A002

from __future__ import annotations

from collections.abc import Sequence

from ari_app.ari.models import (
    Sound,
)
from ari_app.ari.operations.base import Operations, path


class Sounds(Operations):
    """Requests to `/sounds`."""

    async def list(self, *, lang: str | None = None, format: str | None = None) -> Sequence[Sound]:
        """GET /sounds."""
        return await self._fetch(
            list[Sound], "GET", "/sounds", query={"lang": lang, "format": format}
        )

    async def get(self, sound_id: str) -> Sound:
        """GET /sounds/{soundId}."""
        return await self._fetch(Sound, "GET", path("/sounds/{sound_id}", sound_id=sound_id))
