"""Serving a recording as if it were Asterisk, so that an app lives through a call again."""

from ari_app.debug.replay.check import check, check_async
from ari_app.debug.replay.matching import Bindings, Request
from ari_app.debug.replay.player import Difference, Player, Report

__all__ = ["Bindings", "Difference", "Player", "Report", "Request", "check", "check_async"]
