"""Accounts' telephones as SIPp plays them (``scenarios/client``): they register, call, answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ari_app.testing.client_gateway import PASSWORD, ClientGateway
from ari_app.testing.phone import Phone
from ari_app.testing.rtp_probe import RtpProbe
from ari_app.testing.sipp import Sipp, SippResult
from ari_app.testing.stack import free_sip_port

#: Where a phone behind NAT believes it is (RFC 6598, carrier-grade NAT).
NATED = "100.65.107.153"


async def register(
    gateway: ClientGateway,
    login: str,
    *,
    user: str = "",
    password: str = PASSWORD,
    contact: str = "sip:[local_ip]:[local_port]",
    expires: int = 600,
    code: int = 200,
    host: str = "127.0.0.1",
    port: int = 0,
) -> SippResult:
    """Register as ``user`` (else the account itself) from ``host`` and ``port``."""
    keys = {"user": user or login, "login": login, "password": password, "contact": contact}
    realm = gateway.settings.realm
    more: dict[str, str | int] = {"realm": realm, "expires": expires, "code": code}
    async with await Sipp.start(
        "client/register", gateway.sip, keys={**keys, **more}, host=host, port=port, timeout=60
    ) as sipp:
        return await sipp.result()


@asynccontextmanager
async def call(
    gateway: ClientGateway,
    login: str,
    number: str,
    *,
    scenario: str = "call_bye",
    user: str = "",
    contact: str = "sip:[local_ip]:[local_port]",
    target: str = "[next_url]",
    sdp_host: str = "[local_ip]",
    header: str = "X-Order: 12",
    code: int = 403,
    duration_ms: int = 100,
) -> AsyncIterator[Phone]:
    """Call ``number`` as an account with its password; ``scenario`` is one of ``call*``.

    ``header`` is one more line of the INVITE.
    """
    keys = {"user": user or login, "login": login, "password": PASSWORD, "contact": contact}
    realm = gateway.settings.realm
    more: dict[str, str | int] = {"realm": realm, "code": code}
    more |= {"target": target, "sdp_host": sdp_host, "header": header}
    async with (
        await RtpProbe.open() as probe,
        await Sipp.start(
            f"client/{scenario}",
            gateway.sip,
            number=number,
            probe=(probe.host, probe.port),
            keys={**keys, **more},
            duration_ms=duration_ms,
            timeout=60,
        ) as sipp,
    ):
        yield Phone(sipp, probe)


@asynccontextmanager
async def registered(
    gateway: ClientGateway,
    login: str,
    *,
    host: str = "127.0.0.1",
    behind_nat: bool = False,
    answers_after_ms: int = 0,
) -> AsyncIterator[Phone]:
    """A registered telephone that answers the call it gets and waits for the BYE."""
    contact = f"sip:{login}@{NATED}:5060" if behind_nat else f"sip:{login}@[local_ip]:[local_port]"
    port = free_sip_port()
    (await register(gateway, login, contact=contact, host=host, port=port)).check()
    async with (
        await RtpProbe.open() as probe,
        await Sipp.start(
            "client/uas_answer",
            probe=(probe.host, probe.port),
            keys={"contact": contact, "sdp_host": NATED if behind_nat else host},
            host=host,
            port=port,
            duration_ms=answers_after_ms,
            timeout=60,
        ) as sipp,
    ):
        yield Phone(sipp, probe)
