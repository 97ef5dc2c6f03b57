"""Accounts in SQL."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from ari_app.errors import UnknownRecordError
from ari_app.model import Account
from ari_app.store.database import Database
from ari_app.store.rows import to_record, to_row
from ari_app.store.tables import accounts


class Accounts:
    """The accounts of this switch. Every method may raise StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def find(self, sid: str) -> Account | None:
        """Return the account, or None."""
        async with self._db.reading() as conn:
            query = select(accounts).where(accounts.c.sid == sid)
            row = (await conn.execute(query)).mappings().first()
        return None if row is None else to_record(Account, row)

    async def get(self, sid: str) -> Account:
        """Return the account. Raises UnknownRecordError."""
        account = await self.find(sid)
        if account is None:
            raise UnknownRecordError(sid)
        return account

    async def ensure(self, account: Account) -> Account:
        """Insert the account, or bring the stored one's token, name and status to it."""
        async with self._db.alone() as conn:
            change = (
                update(accounts)
                .where(accounts.c.sid == account.sid)
                .values(
                    auth_token=account.auth_token,
                    friendly_name=account.friendly_name,
                    status=account.status,
                    date_updated=account.date_updated,
                )
            )
            if (await conn.execute(change)).rowcount == 0:
                await conn.execute(insert(accounts).values(to_row(account)))
        return await self.get(account.sid)
