"""Accounts of phones: who may register, and where they are registered now.

An account's password is never stored, only what digest authentication needs of it (RFC 7616:
HA1, a hash of name, realm and password). A stored HA1 is good for one realm alone.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from ari_app.gateway import schema
from ari_app.gateway.client_schema import VERSIONS, subscriber
from ari_app.gateway.errors import GatewayError, MiError
from ari_app.gateway.mi import Mi
from ari_app.gateway.tables import Tables

#: What a ``<Client>`` may be called that is also the user part of a SIP address.
_NAME = re.compile(r"[0-9A-Za-z_.+-]{1,64}")
#: Code of the error with which ``ul_show_contact`` says that nobody is registered.
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Client:
    """An account and the two hashes of its password (hex)."""

    name: str
    ha1: str
    ha1_sha256: str

    @classmethod
    def with_password(cls, name: str, realm: str, password: str) -> Client:
        """Hash a password; raises GatewayError for a name that no SIP address can have."""
        if not _NAME.fullmatch(name):
            raise GatewayError(f"{name[:64]!r} cannot be a client's name: letters, digits, _.+-")
        if not password:
            raise GatewayError("an empty password protects nothing")
        secret = f"{name}:{realm}:{password}".encode()
        # MD5 is what phones speak; the hash is never sent, and SHA-256 stands beside it.
        md5 = hashlib.md5(secret, usedforsecurity=False).hexdigest()
        return cls(name, md5, hashlib.sha256(secret).hexdigest())


@dataclass(frozen=True, slots=True)
class Contact:
    """A registered phone: where it is reached and for how many more seconds."""

    uri: str
    received: str
    expires: int
    agent: str


class ClientTables(Tables):
    """The client gateway's tables. Each method is one transaction; raises GatewayError."""

    async def create(self) -> None:
        """Make what is missing; may be called at every start."""
        await super().create()
        async with self._begin() as connection:
            await connection.run_sync(_versions)

    async def clients(self) -> tuple[str, ...]:
        """Names of all accounts, sorted."""
        asked = select(subscriber.c.username).order_by(subscriber.c.username)
        async with self._begin() as connection:
            return tuple((await connection.execute(asked)).scalars())

    async def set_client(self, client: Client) -> bool:
        """Make an account or give it another password; True when it is new."""
        hashes = {"ha1": client.ha1, "ha1_sha256": client.ha1_sha256}
        change = update(subscriber).where(subscriber.c.username == client.name).values(hashes)
        async with self._begin() as connection:
            if (await connection.execute(change)).rowcount:
                return False
            await connection.execute(insert(subscriber).values(username=client.name, **hashes))
        return True

    async def remove_client(self, name: str) -> bool:
        """Remove an account; False when there is none. Its phones: :func:`forget`."""
        async with self._begin() as connection:
            gone = await connection.execute(delete(subscriber).where(subscriber.c.username == name))
        return bool(gone.rowcount)


def _versions(connection: Connection) -> None:
    known = set(connection.execute(select(schema.version.c.table_name)).scalars())
    for name, number in VERSIONS.items():
        if name not in known:
            connection.execute(insert(schema.version).values(table_name=name, table_version=number))


class _Contact(msgspec.Struct, rename={"uri": "Contact", "agent": "User-agent"}):
    uri: str
    received: str = msgspec.field(name="Received", default="")
    expires: int | str = msgspec.field(name="Expires", default=0)
    agent: str = ""


class _Aor(msgspec.Struct):
    contacts: tuple[_Contact, ...] = msgspec.field(name="Contacts", default=())


async def contacts(mi: Mi, name: str) -> tuple[Contact, ...]:
    """Return where an account's phones are registered; raises MiError."""
    try:
        found = await mi.call("ul_show_contact", table_name="location", aor=name)
    except MiError as error:
        if error.code == _NOT_FOUND:
            return ()
        raise
    return tuple(_contact(one) for one in _decoded(found).contacts)


async def forget(mi: Mi, name: str) -> None:
    """Drop all registrations of an account; raises MiError."""
    await mi.call("ul_rm", table_name="location", aor=name)


def _decoded(found: Any) -> _Aor:
    try:
        return msgspec.convert(found, _Aor)
    except msgspec.ValidationError as error:
        raise MiError(f"ul_show_contact: {error}") from error


def _contact(one: _Contact) -> Contact:
    seconds = one.expires if isinstance(one.expires, int) else 0
    return Contact(one.uri, one.received, seconds, "" if one.agent == "n/a" else one.agent)
