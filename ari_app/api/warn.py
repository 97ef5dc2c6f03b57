"""Warnings about a request that did what it could (Twilio: Notification resource)."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from aiohttp import web

from ari_app.api.context import ACCOUNT, STORE
from ari_app.api.machine_params import read_detection
from ari_app.api.params import Params
from ari_app.errors import StoreUnavailable
from ari_app.model import Notification
from ari_app.sids import new_sid

log = structlog.get_logger(__name__)

NO_AMD_CALLBACK = 21262


async def warn(request: web.Request, call_sid: str, code: int, message: str) -> None:
    """Log a warning about the account's call and keep it as a Notification."""
    log.warning("call.problem", call_sid=call_sid, code=code, message=message)
    warning = Notification(
        sid=new_sid("NO"),
        account_sid=request[ACCOUNT].sid,
        call_sid=call_sid,
        error_code=code,
        log="1",
        message=message,
        request_url=request.path,
        request_method=request.method,
        date_created=datetime.now(UTC),
    )
    try:
        await request.app[STORE].notifications.add(warning)
    except StoreUnavailable as error:
        # The call itself is under way: its answer must not become an error.
        log.warning("warning not kept", call_sid=call_sid, error=str(error))


async def warn_of_untold(
    request: web.Request, call_sid: str, params: Params, callback: str
) -> None:
    """Warn of a machine detection beside the call of which nobody is told: there is none."""
    wanted = read_detection(params, callback)
    if wanted is not None and wanted.callback is None:
        message = f"MachineDetection has no effect without {callback}"
        await warn(request, call_sid, NO_AMD_CALLBACK, message)
