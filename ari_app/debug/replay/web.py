"""The customer's web server in a replay: the recorded documents, in the recorded order."""

from __future__ import annotations

import io
import wave
from urllib.parse import urlsplit

from aiohttp import web

from ari_app.debug.record import Item
from ari_app.debug.replay.matching import Request, origins
from ari_app.debug.replay.player import Player


class Web:
    """Answers webhooks through the player, callbacks at once, and any audio with a short tone."""

    def __init__(self, items: list[Item]) -> None:
        self._documents = {
            path_of(item)
            for item in items
            if item.kind == "webhook" and isinstance(item.data, dict) and item.data.get("document")
        }
        self._told = {path_of(item) for item in items if item.kind == "webhook"}
        self._origins = origins(items)
        self.player: Player | None = None

    async def handle(self, request: web.Request) -> web.Response:
        """Answer whatever the app asks."""
        path = request.path_qs
        if path in self._documents and self.player is not None:
            status, body = await self.player.ask(Request("WEB", path))
            here = f"{request.scheme}://{request.host}"
            text = body.decode(errors="replace")
            for origin in self._origins:
                text = text.replace(origin, here)
            return web.Response(status=status, text=text, content_type="text/xml")
        if path in self._told or request.method == "POST":
            return web.Response(status=204)
        return web.Response(body=_silence(), content_type="audio/wav")


def path_of(item: Item) -> str:
    """Path and query of a webhook."""
    url = str(item.data.get("url", "")) if isinstance(item.data, dict) else ""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _silence() -> bytes:
    """A fifth of a second; what was heard is not in a recording."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(3200))
    return out.getvalue()
