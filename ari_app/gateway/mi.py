"""OpenSIPS's management interface over HTTP: JSON-RPC 2.0 (modules mi_http, dialog, …)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import aiohttp
import msgspec

from ari_app.gateway.errors import MiError

#: Seconds that a command may take.
TIMEOUT = 5.0
#: First state of a dialog that is answered.
_ANSWERED = 3


class Resource(msgspec.Struct, frozen=True):
    """What a destination offers: places, and how many calls OpenSIPS counts there."""

    name: str
    max: int
    load: int


class _Destination(msgspec.Struct, frozen=True, rename={"auto": "auto-reenable"}):
    """One entry of `lb_list` as OpenSIPS writes it."""

    uri: str
    id: int
    group: int
    enabled: str
    auto: str
    resources: tuple[Resource, ...] = msgspec.field(name="Resources", default=())


class _Destinations(msgspec.Struct, frozen=True):
    destinations: tuple[_Destination, ...] = msgspec.field(name="Destinations", default=())


@dataclass(frozen=True, slots=True)
class Destination:
    """A node as the load balancer sees it now.

    ``held`` tells that it was disabled by command: probing will not enable it again.
    """

    id: int
    uri: str
    group: int
    enabled: bool
    held: bool
    max: int
    load: int


class _Context(msgspec.Struct, frozen=True):
    values: tuple[dict[str, str | int], ...] = ()


class _Dialog(msgspec.Struct, frozen=True):
    """One entry of `dlg_list_ctx`; ``state`` 1 and 2 come before the answer."""

    state: int
    callid: str
    from_uri: str
    to_uri: str
    caller_tag: str = ""
    context: _Context = _Context()


class _Dialogs(msgspec.Struct, frozen=True):
    dialogs: tuple[_Dialog, ...] = msgspec.field(name="Dialogs", default=())


@dataclass(frozen=True, slots=True)
class Ringing:
    """A call that a node has and has not answered.

    ``node`` is its URI in the table, ``via`` the gateway's own Via in the INVITE that it got.
    """

    node: str
    via: str
    call_id: str
    from_: str
    from_tag: str
    to: str


class Mi:
    """Commands to one OpenSIPS. Each raises MiError."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url
        self._last = 0

    @classmethod
    def connect(cls, url: str, within: float = TIMEOUT) -> Self:
        """Return a client with a session of its own; nothing is sent yet.

        A command that takes more than ``within`` seconds has failed.
        """
        return cls(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(within)), url)

    async def close(self) -> None:
        """Close the session."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def call(self, method: str, **params: str | int) -> Any:
        """Run any command with named parameters; return its result as decoded JSON."""
        return msgspec.json.decode(await self._raw(method, params))

    async def uptime(self) -> None:
        """Ask something that is always answered."""
        await self._raw("uptime", {})

    async def lb_reload(self) -> None:
        """Read the table of nodes again; counters of rows that stay are kept."""
        await self._raw("lb_reload", {})

    async def lb_list(self) -> tuple[Destination, ...]:
        """List the nodes with places and counters, one resource each."""
        raw = await self._raw("lb_list", {})
        try:
            found = msgspec.json.decode(raw, type=_Destinations)
        except msgspec.ValidationError as error:
            raise MiError(f"lb_list: {error}") from error
        return tuple(_destination(one) for one in found.destinations)

    async def lb_resize(self, destination: int, resource: str, places: int) -> None:
        """Set how many calls a node takes, until the next reload."""
        await self._raw(
            "lb_resize",
            {"destination_id": destination, "res_name": resource, "new_capacity": places},
        )

    async def lb_status(self, destination: int, *, enabled: bool) -> None:
        """Give a node new calls, or none; calls that it has are untouched."""
        await self._raw("lb_status", {"destination_id": destination, "new_status": int(enabled)})

    async def ringing(self) -> tuple[Ringing, ...]:
        """List the calls that nodes have and have not answered (opensips/public/nodes.cfg)."""
        raw = await self._raw("dlg_list_ctx", {})
        try:
            found = msgspec.json.decode(raw, type=_Dialogs)
        except msgspec.ValidationError as error:
            raise MiError(f"dlg_list_ctx: {error}") from error
        ringing = []
        for dialog in found.dialogs:
            kept = {
                name: str(text) for pair in dialog.context.values for name, text in pair.items()
            }
            if dialog.state < _ANSWERED and {"node", "via"} <= kept.keys():
                ringing.append(
                    Ringing(
                        kept["node"],
                        kept["via"],
                        dialog.callid,
                        dialog.from_uri,
                        dialog.caller_tag,
                        dialog.to_uri,
                    )
                )
        return tuple(ringing)

    async def address_reload(self) -> None:
        """Read the table of carriers' addresses again."""
        await self._raw("address_reload", {})

    async def ds_reload(self) -> None:
        """Read the table of carriers to call again."""
        await self._raw("ds_reload", {})

    async def _raw(self, method: str, params: dict[str, str | int]) -> msgspec.Raw:
        self._last += 1
        request: dict[str, object] = {"jsonrpc": "2.0", "method": method, "id": self._last}
        if params:
            request["params"] = params
        try:
            async with self._session.post(self.url, json=request) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise MiError(f"OpenSIPS does not answer at {self.url}: {error}") from error
        return _result(method, body)


class _Error(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""
    data: str | None = None


class _Reply(msgspec.Struct, frozen=True):
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Error | None = None


def _result(method: str, body: bytes) -> msgspec.Raw:
    try:
        reply = msgspec.json.decode(body, type=_Reply)
    except msgspec.DecodeError as error:
        raise MiError(f"{method}: no JSON-RPC reply: {body[:80]!r}") from error
    if reply.error is not None:
        raise MiError(f"{method}: {reply.error.message}", reply.error.code)
    return reply.result


def _destination(one: _Destination) -> Destination:
    resource = one.resources[0] if one.resources else Resource("", 0, 0)
    return Destination(
        id=one.id,
        uri=one.uri,
        group=one.group,
        enabled=one.enabled == "yes",
        held=one.enabled != "yes" and one.auto == "off",
        max=resource.max,
        load=resource.load,
    )
