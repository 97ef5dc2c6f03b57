"""What the switch asks a platform, and what it asks of the store."""

from __future__ import annotations

from typing import Protocol

import msgspec

from ari_app.model import Account, Endpoint, PhoneNumber, StatusCallback


class InboundCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call at the door, as SIP tells of it. ``source_ip`` may carry a port."""

    to: str
    from_: str
    source_ip: str
    sip_call_id: str = ""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Whose call it is and what happens with it; ``voice`` None means nothing is set up."""

    account: Account
    number: PhoneNumber
    voice: Endpoint | None
    fallback: Endpoint | None
    status_callback: StatusCallback | None


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """Why a call is turned away, with the SIP status that says so (404 or 403)."""

    status: int
    reason: str


class Platform(Protocol):
    """Who the customer is: asked once per call, and for the account of a REST request."""

    async def inbound(self, call: InboundCall) -> Route | Rejected:
        """Say what to do with a call. Raises StoreUnavailable when that cannot be known."""
        ...

    async def account(self, sid: str) -> Account | None:
        """Return the account, or None. Raises StoreUnavailable."""
        ...


class NumberLookup(Protocol):
    """The store's numbers, as far as a platform needs them."""

    async def find(self, phone_number: str) -> PhoneNumber | None:
        """Return the number, with or without plus."""
        ...


class AccountLookup(Protocol):
    """The store's accounts, as far as a platform needs them."""

    async def find(self, sid: str) -> Account | None:
        """Return the account, or None."""
        ...


class PlatformStore(Protocol):
    """The part of the store a platform reads."""

    @property
    def numbers(self) -> NumberLookup:
        """The numbers."""
        ...

    @property
    def accounts(self) -> AccountLookup:
        """The accounts."""
        ...
