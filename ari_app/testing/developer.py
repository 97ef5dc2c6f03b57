"""A voice developer on a running node, as a test plays one: numbers, calls, Twilio's client.

Everything is asked for as a developer would ask: REST by the official client, webhooks at a web
server that checks their signatures. What only the operator sees (channels and bridges left
behind) is read from ARI.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
from twilio.base.exceptions import TwilioRestException

from ari_app.testing.http_server import FakeApp, Received
from ari_app.testing.stack import RealStack
from ari_app.testing.twilio_client import twilio_client

T = TypeVar("T")

#: Seconds that any wait for the node may take before the test fails.
DEADLINE = 20.0
#: Metrics that count what a node is doing.
WORK = ("ariswitch_calls_active", "ariswitch_worker_streams")


class Developer:
    """One test's developer. ``app`` demands valid signatures, ``files`` serves anyone."""

    def __init__(self, stack: RealStack, app: FakeApp, files: FakeApp) -> None:
        self.stack = stack
        self.app = app
        self.files = files
        self.client: Any = twilio_client(stack.api_url, stack.sid, stack.token)
        self._numbers: list[str] = []

    async def rest(self, request: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run one blocking request of the Twilio client beside the event loop."""
        return await asyncio.to_thread(request, *args, **kwargs)

    async def refusal(self, request: Callable[..., object], **kwargs: Any) -> tuple[int, int]:
        """Run a request that must fail; returns its HTTP status and Twilio code."""
        try:
            answer = await self.rest(request, **kwargs)
        except TwilioRestException as error:
            return int(error.status), int(error.code)
        raise AssertionError(f"expected an error, got {answer!r}")

    async def number(self, voice_url: str, **params: str) -> str:
        """Create a number of this test's own through REST; returns it."""
        number = f"+1557{secrets.randbelow(10**7):07}"
        numbers = self.client.incoming_phone_numbers
        await self.rest(numbers.create, phone_number=number, voice_url=voice_url, **params)
        self._numbers.append(number)
        return number

    async def serving(self, *documents: str, **params: str) -> str:
        """Create a number that answers with ``documents`` in turn, at ``/voice``."""
        return await self.number(self.app.twiml("/voice", *documents), **params)

    async def call_sid(self, path: str = "/voice") -> str:
        """Wait for the first webhook at ``path``; returns the SID of the call it is about."""
        return (await self.app.wait_for(path)).params["CallSid"]

    async def call(self, sid: str) -> Any:
        """Fetch a call."""
        return await self.rest(self.client.calls(sid).fetch)

    async def call_in(self, sid: str, *statuses: str, within: float = DEADLINE) -> Any:
        """Fetch a call until its status is one of ``statuses``; returns it."""
        async with asyncio.timeout(within):
            while True:
                call = await self.call(sid)
                if call.status in statuses:
                    return call
                await asyncio.sleep(0.02)

    async def over(self, sid: str, within: float = DEADLINE) -> Any:
        """Fetch a call until it has ended, at most ``within`` seconds; returns it."""
        ended = ("completed", "busy", "failed", "no-answer", "canceled")
        return await self.call_in(sid, *ended, within=within)

    async def problems(self, sid: str, *wanted: str) -> list[str]:
        """Return the codes of a call's Notifications, oldest first, once ``wanted`` are there."""
        async with asyncio.timeout(DEADLINE):
            while True:
                found = await self.rest(self.client.calls(sid).notifications.list)
                codes = [note.error_code for note in reversed(found)]
                if set(wanted) <= set(codes):
                    return codes
                await asyncio.sleep(0.02)

    async def events(self, count: int, path: str = "/status") -> list[Received]:
        """Wait for ``count`` status callbacks; returns them by ``SequenceNumber``."""
        await self.app.wait_for(path, count)
        return sorted(self.app.received(path), key=lambda r: int(r.params["SequenceNumber"]))

    async def logged(self, *words: str) -> str:
        """Wait for a line of the app's log that has all ``words``; returns it."""
        async with asyncio.timeout(DEADLINE):
            while True:
                for line in self.stack.log("app").splitlines():
                    if all(word in line for word in words):
                        return line
                await asyncio.sleep(0.05)

    async def in_asterisk(self) -> set[str]:
        """Ids of all channels and bridges that Asterisk has now (ARI)."""
        headers = {"Authorization": aiohttp.encode_basic_auth(*self.stack.ari_login)}
        async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:
            found: set[str] = set()
            for kind in ("channels", "bridges"):
                async with session.get(f"{self.stack.ari_url}/ari/{kind}") as answer:
                    found |= {item["id"] for item in await answer.json()}
            return found

    async def metrics(self) -> dict[str, float]:
        """What `/metrics` says, by name and labels."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.stack.api_url}/metrics") as answer,
        ):
            lines = (await answer.text()).splitlines()
        return {
            name: float(value)
            for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")
        }

    async def idle(self) -> dict[str, float]:
        """Wait until the node says that it has neither call nor stream; its metrics then."""
        async with asyncio.timeout(DEADLINE):
            while True:
                now = await self.metrics()
                work = {name: value for name, value in now.items() if name.startswith(WORK)}
                if work and not any(work.values()):
                    return now
                await asyncio.sleep(0.05)

    async def remove_numbers(self) -> None:
        """Delete the numbers made here."""
        wanted, self._numbers = self._numbers, []
        for number in wanted:
            numbers = self.client.incoming_phone_numbers
            for item in await self.rest(numbers.list, phone_number=number):
                await self.rest(item.delete)


@dataclass(frozen=True)
class Routed:
    """A node that has what `stack` has not: an outbound route, a config file, a guest list."""

    stack: RealStack
    #: Where calls to numbers go: nobody listens there but a test's own telephone.
    trunk_port: int
    #: Port of the web server that the config file names.
    web_port: int
    #: The number of the config file, asked for by GET at `/config`.
    number: str = "+15550009999"


@asynccontextmanager
async def developer_on(stack: RealStack, *, port: int = 0) -> AsyncIterator[Developer]:
    """Play a developer; ``port`` is that of the web server that demands signatures.

    At the end nothing of the test's calls may be left in Asterisk: no channel, no bridge.
    """
    app = FakeApp(auth_token=stack.token)
    async with FakeApp() as files:
        await app.start(port)
        try:
            developer = Developer(stack, app, files)
            before = await developer.in_asterisk()
            yield developer
            await developer.remove_numbers()
            await _nothing_left(developer, before)
        finally:
            await app.close()


async def _nothing_left(developer: Developer, before: set[str]) -> None:
    left: set[str] = set()
    try:
        async with asyncio.timeout(DEADLINE):
            while True:
                left = await developer.in_asterisk() - before
                if not left:
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"left in Asterisk: {sorted(left)}") from None
