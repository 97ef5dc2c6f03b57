"""The HTTP API on a loopback port, with a real SQLite store and a call service without calls."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry
from twilio.rest import Client

from ari_app.api import build_app
from ari_app.call.conference import Conferences
from ari_app.call.queue import Queues
from ari_app.model import Account, CallRecord, CallStatus, Direction
from ari_app.sids import new_sid
from ari_app.store import Store
from ari_app.testing.call_service import FakeBackground, FakeCallService
from ari_app.testing.recording_service import FakeRecordingService
from ari_app.testing.twilio_client import twilio_client
from ari_app.wiring.conferences import ApiConferences
from ari_app.wiring.queues import ApiQueues

TOKEN = "0123456789abcdef" * 2


@dataclass
class ApiServer:
    """A running API: its ``url``, what is behind it, and clients for it."""

    url: str
    store: Store
    calls: FakeCallService
    beside: FakeBackground
    recorded: FakeRecordingService
    account: Account
    twilio: Client
    session: aiohttp.ClientSession
    #: What ``/health`` is told; change it to let a part fail.
    parts: dict[str, bool] = field(default_factory=lambda: {"asterisk": True, "store": True})

    @property
    def root(self) -> str:
        """URL of the account, without suffix."""
        return f"{self.url}/2010-04-01/Accounts/{self.account.sid}"

    async def add_call(
        self, status: CallStatus = CallStatus.IN_PROGRESS, to: str = "+15550001"
    ) -> CallRecord:
        """Put an inbound call into the store."""
        now = datetime.now(UTC)
        return await self.store.calls.insert(
            CallRecord(
                sid=new_sid("CA"),
                account_sid=self.account.sid,
                direction=Direction.INBOUND,
                from_="+15550002",
                to=to,
                status=status,
                date_created=now,
                date_updated=now,
            )
        )


@asynccontextmanager
async def api_server(
    folder: Path, *, open_routes: Iterable[web.RouteDef] = ()
) -> AsyncIterator[ApiServer]:
    """Run the API with its database in ``folder`` and one account."""
    async with AsyncExitStack() as stack:
        store = await Store.open(f"sqlite:///{folder}/api.db", busy_timeout=0.2)
        stack.push_async_callback(store.close)
        account = await store.accounts.ensure(new_account())
        calls, beside = FakeCallService(store), FakeBackground()
        recorded = FakeRecordingService(store, folder)
        parts: dict[str, bool] = {"asterisk": True, "store": True}

        async def health() -> dict[str, bool]:
            return dict(parts)

        no_calls: Any = None  # without calls nobody is in a conference
        app = build_app(
            store,
            calls,
            health,
            beside=beside,
            recorded=recorded,
            rooms=ApiConferences(no_calls, Conferences(store.conferences), store, calls),
            queues=ApiQueues(Queues(store.queues), store),
            metrics=CollectorRegistry(),
            open_routes=list(open_routes),
        )
        runner = web.AppRunner(app)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        client = twilio_client(url, account.sid, TOKEN)
        stack.callback(client.http_client.session.close)
        session = aiohttp.ClientSession(headers=basic_auth(account.sid, TOKEN))
        await stack.enter_async_context(session)
        yield ApiServer(url, store, calls, beside, recorded, account, client, session, parts)


def basic_auth(user: str, password: str) -> dict[str, str]:
    """Return the Authorization header of HTTP Basic."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def new_account(token: str = TOKEN) -> Account:
    """Return an active account with a SID of its own."""
    now = datetime.now(UTC)
    return Account(
        sid=new_sid("AC"),
        auth_token=token,
        friendly_name="Test account",
        date_created=now,
        date_updated=now,
    )
