"""What handlers find in the application and the request."""

from __future__ import annotations

from aiohttp import web

from ari_app.api.ports import (
    ApiStore,
    BackgroundService,
    CallService,
    ConferenceService,
    QueueService,
    RecordingService,
)
from ari_app.model import Account

STORE: web.AppKey[ApiStore] = web.AppKey("store")
CALLS: web.AppKey[CallService] = web.AppKey("calls")
RECORDINGS: web.AppKey[RecordingService] = web.AppKey("recordings")
BACKGROUND: web.AppKey[BackgroundService] = web.AppKey("background")
CONFERENCES: web.AppKey[ConferenceService] = web.AppKey("conferences")
QUEUES: web.AppKey[QueueService] = web.AppKey("queues")
ACCOUNT = web.RequestKey("account", Account)


def sid(request: web.Request) -> str:
    """Return the SID in the path."""
    return request.match_info["sid"]
