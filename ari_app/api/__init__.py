"""The HTTP API: Twilio's REST resources, health and metrics."""

from ari_app.api.app import build_app
from ari_app.api.ports import ApiError, CallService, CreateCall, UpdateCall

__all__ = ["ApiError", "CallService", "CreateCall", "UpdateCall", "build_app"]
