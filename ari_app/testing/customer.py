"""A customer of a running node, as one test needs one: web server, number, what is known of it.

``async with customer(stack) as shop`` has a number of its own, so that tests sharing a node do
not meet; ``shop.ended()`` waits for the call's last callback and looks that nothing is left.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from ari_app.node import rest
from ari_app.testing.api_server import basic_auth
from ari_app.testing.http_server import FakeApp, Received
from ari_app.testing.stack import RealStack

#: Seconds that any wait may take before the test fails.
DEADLINE = 20.0

_numbers = itertools.count(1)


class Customer:
    """One number and the web server behind it; every request must bear a valid signature.

    ``files`` is a second server, for audio: requests for `<Play>` are not signed.
    """

    def __init__(self, stack: RealStack, web: FakeApp, files: FakeApp) -> None:
        self.stack = stack
        self.web = web
        self.files = files
        unique = os.getpid() % 100_000 * 1000 + next(_numbers)
        self.number = f"+1556{unique:08d}"

    def says(self, *documents: str) -> None:
        """Answer calls with these documents, the last one for ever."""
        self.web.twiml("/voice", *documents)

    async def call_sid(self, number: int = 1) -> str:
        """SID of the ``number``-th call; waits until it asks for its document."""
        return (await self.web.wait_for("/voice", number)).params["CallSid"]

    async def status(self, call_sid: str) -> str:
        """What REST says of the call now."""
        call = await rest.request(self.stack.settings, "GET", f"Calls/{call_sid}")
        return str(call["status"])

    async def problems(self, call_sid: str) -> list[tuple[int, str]]:
        """Codes and texts of the call's Notifications, oldest first."""
        page = await rest.request(self.stack.settings, "GET", f"Calls/{call_sid}/Notifications")
        return [(int(n["error_code"]), n["message_text"]) for n in page["notifications"][::-1]]

    async def told(self, call_sid: str, code: int) -> None:
        """Wait for a Notification of the call with ``code``."""
        async with asyncio.timeout(DEADLINE):
            while True:
                if code in (found for found, _ in await self.problems(call_sid)):
                    return
                await asyncio.sleep(0.05)

    def log_lines(self, call_sid: str, code: int) -> list[str]:
        """Lines of the app's log that tell of a problem of the call by Twilio's code."""
        lines = self.stack.log("app").splitlines()
        return [
            line
            for line in lines
            if "call.problem" in line and call_sid in line and f"code={code} " in line
        ]

    async def stream_events(self, count: int, path: str = "/stream") -> list[dict[str, str]]:
        """Wait for ``count`` stream status callbacks; return them all in order."""
        await self.web.wait_for(path, count)
        return [request.params for request in self.web.received(path)]

    async def ended(self, call_sid: str) -> Received:
        """Wait for the call's last callback; no channel and no bridge may be left of it."""
        last = await self.web.wait_until(
            lambda r: r.path == "/status" and r.params["CallSid"] == call_sid,
            name=f"the last callback of {call_sid}",
        )
        log = self.stack.log("app")
        marks = set(re.findall(rf"call_sid={call_sid}\b.*stream_sid=(MZ[0-9a-f]{{32}})", log))
        left = [item for item in await self._in_asterisk() if any(m in str(item) for m in marks)]
        left += [item for item in await self._in_asterisk() if self.number in str(item)]
        if left:
            raise AssertionError(f"left behind by {call_sid}: {left}")
        return last

    async def ari(self, resource: str) -> Any:
        """What ARI answers to a GET of ``resource``."""
        async with (
            aiohttp.ClientSession(headers=basic_auth(*self.stack.ari_login)) as session,
            session.get(f"{self.stack.ari_url}/ari/{resource}", raise_for_status=True) as answer,
        ):
            return await answer.json()

    async def _in_asterisk(self) -> list[dict[str, Any]]:
        return [*await self.ari("channels"), *await self.ari("bridges")]


@asynccontextmanager
async def customer(stack: RealStack) -> AsyncIterator[Customer]:
    """Open a web server and create a number whose calls it answers (``/voice``, ``/status``)."""
    async with FakeApp(auth_token=stack.token) as web, FakeApp() as files:
        self = Customer(stack, web, files)
        web.callback("/status")
        web.callback("/stream")
        await stack.add_number(self.number, web.url("/voice"), StatusCallback=web.url("/status"))
        try:
            yield self
        finally:
            await stack.remove_number(self.number)
