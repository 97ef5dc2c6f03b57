"""Several nodes that start at the same moment on one database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from ari_app.model import Account, NumberFilter, PageRequest, PhoneNumber
from ari_app.sids import new_sid
from ari_app.store import Store

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AC = new_sid("AC")
ACCOUNT = Account(
    sid=AC, auth_token="t" * 32, friendly_name="Test", date_created=NOW, date_updated=NOW
)
NODES = [f"n{number}" for number in range(1, 7)]


def configured() -> list[PhoneNumber]:
    """The numbers of one config file, as each node reads them: with SIDs of its own."""
    return [
        PhoneNumber(
            sid=new_sid("PN"),
            account_sid=AC,
            phone_number=number,
            friendly_name=number,
            origin="config",
            date_created=NOW,
            date_updated=NOW,
        )
        for number in ("+15550001", "+15550002")
    ]


async def settle(store: Store) -> None:
    """Put into the store what a starting node puts there."""
    await store.accounts.ensure(ACCOUNT)
    await store.numbers.sync_config(configured())


async def test_nodes_that_start_together_make_one_schema_one_account_and_each_number_once(
    database: str,
) -> None:
    stores = await asyncio.gather(*(Store.open(database, node=node) for node in NODES))
    try:
        # All are connected: each finds its account missing at the same moment.
        await asyncio.gather(*(settle(store) for store in stores))
        assert await stores[0].accounts.get(AC) == ACCOUNT
        page = await stores[-1].numbers.list(AC, NumberFilter(), PageRequest(size=50))
        assert sorted(n.phone_number for n in page.items) == ["+15550001", "+15550002"]
    finally:
        for store in stores:
            await store.close()
