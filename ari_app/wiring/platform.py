"""The platform as the call room sees it."""

from __future__ import annotations

from ari_app.call.ports import InboundRefusal, InboundRoute
from ari_app.model import Account
from ari_app.platform.ports import InboundCall, Platform, Rejected


class CallPlatform:
    """Asks a ``Platform`` and answers in the call room's words."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def route(
        self, *, to: str, from_: str, source_ip: str, sip_call_id: str
    ) -> InboundRoute | InboundRefusal:
        """Decide about an inbound call; raises what the platform raises."""
        answer = await self._platform.inbound(
            InboundCall(to=to, from_=from_, source_ip=source_ip, sip_call_id=sip_call_id)
        )
        if isinstance(answer, Rejected):
            return InboundRefusal(answer.status, answer.reason)
        return InboundRoute(
            account=answer.account,
            number=answer.number,
            voice=answer.voice,
            fallback=answer.fallback,
            status_callback=answer.status_callback,
        )

    async def account(self, sid: str) -> Account | None:
        """Return an account or None."""
        return await self._platform.account(sid)
