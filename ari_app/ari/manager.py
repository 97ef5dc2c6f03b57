"""What ARI lacks, asked for through Asterisk's manager interface over HTTP (``/rawman``).

It shares ARI's listener, user and password: manager.conf.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http.cookies import SimpleCookie

import aiohttp
from yarl import URL

from ari_app.ari.errors import AriError, Forbidden, NotFound, Unavailable
from ari_app.ari.transport import Transport

_COOKIE = "mansession_id"
_PATH = "/rawman"
#: MixMonitor says it one way, Redirect the other.
_NO_CHANNEL = ("No such channel", "Channel does not exist", "Redirect failed, channel not up")


class Manager:
    """One login, made when it is first needed. Raises AriError, NotFound without the channel."""

    def __init__(self, transport: Transport, username: str, password: str) -> None:
        self._transport = transport
        self._login = {"Action": "Login", "Username": username, "Secret": password}
        root = transport.base.path.removesuffix("/ari")
        self._url: URL = transport.base.with_path(root + _PATH)
        self._session_id = ""
        self._logging_in = asyncio.Lock()

    async def redirect(self, channel_id: str, context: str) -> None:
        """Send a channel, wherever in the dialplan it is, to the beginning of ``context``."""
        action = {"Action": "Redirect", "Channel": channel_id, "Context": context}
        await self.do(action | {"Exten": "s", "Priority": "1"})

    async def variable(self, channel_id: str, name: str) -> str:
        """Return a variable or function of a channel, wherever in the dialplan it is."""
        action = {"Action": "Getvar", "Channel": channel_id, "Variable": name}
        return (await self.do(action)).get("Value", "")

    async def do(self, action: Mapping[str, str]) -> dict[str, str]:
        """Send one action, logging in when the session is not (or no more) known."""
        session_id = self._session_id
        answer = await self._send(action, session_id) if session_id else {}
        if not session_id or _refused(answer):
            async with self._logging_in:
                if self._session_id == session_id:
                    await self._log_in()
            answer = await self._send(action, self._session_id)
        if answer.get("Response") == "Success":
            return answer
        message = answer.get("Message", "no answer that could be read")
        kind = NotFound if message.startswith(_NO_CHANNEL) else AriError
        raise kind("POST", f"{_PATH} {action['Action']}", 200, message)

    async def _log_in(self) -> None:
        answer = await self._send(self._login, "")
        if answer.get("Response") != "Success":
            raise Forbidden("POST", f"{_PATH} Login", 200, answer.get("Message", ""))
        self._session_id = answer[_COOKIE]

    async def _send(self, action: Mapping[str, str], session_id: str) -> dict[str, str]:
        cookies: list[str] = []

        async def exchange() -> tuple[int, bytes]:
            status, body, found = await self._exchange(action, session_id)
            cookies.extend(found)
            return status, body

        path = f"{_PATH} {action['Action']}"
        status, body = await self._transport.traced("POST", path, action, None, exchange)
        if status != 200:
            hint = "manager.conf wants enabled and webenabled"
            raise AriError("POST", _PATH, status, hint)
        text = body.decode(errors="replace")
        answer = {
            key.strip(): value.strip()
            for key, colon, value in (line.partition(":") for line in text.splitlines())
            if colon
        }
        cookie: SimpleCookie = SimpleCookie()
        for header in cookies:
            cookie.load(header)
        if _COOKIE in cookie:
            answer[_COOKIE] = cookie[_COOKIE].value
        return answer

    async def _exchange(
        self, action: Mapping[str, str], session_id: str
    ) -> tuple[int, bytes, list[str]]:
        """Status, body and cookies of the answer; raises Unavailable."""
        headers = {"Cookie": f'{_COOKIE}="{session_id}"'} if session_id else {}
        try:
            async with self._transport.session.post(
                self._url,
                data=dict(action),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=self._transport.deadline),
            ) as response:
                body = await response.read()
                return response.status, body, response.headers.getall("Set-Cookie", [])
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Unavailable("POST", _PATH, 0, str(error) or type(error).__name__) from error


def _refused(answer: Mapping[str, str]) -> bool:
    return answer.get("Response") == "Error" and answer.get("Message") in (
        "Permission denied",
        "Authentication Required",
    )
