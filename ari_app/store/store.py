"""The store: one object that holds the tables' gateways and the engine under them."""

from __future__ import annotations

from typing import Self

from sqlalchemy import text

from ari_app.store.accounts import Accounts
from ari_app.store.calls import Calls
from ari_app.store.conferences import Conferences
from ari_app.store.database import Database
from ari_app.store.migrate import upgrade
from ari_app.store.nodes import Nodes
from ari_app.store.notifications import Notifications
from ari_app.store.numbers import Numbers
from ari_app.store.outbox import Outbox
from ari_app.store.queues import Queues
from ari_app.store.recordings import Recordings
from ari_app.store.transcriptions import Transcriptions


class Store:
    """The SQL memory of the switch.

    Records (``ari_app.model``) go in and come out, all times UTC. Any method may raise
    ``StoreUnavailable``; nothing of the driver's own exceptions gets out otherwise.
    """

    def __init__(self, database: Database, *, node: str = "", outbox_limit: int = 100_000) -> None:
        self.database = database
        self.accounts = Accounts(database)
        self.numbers = Numbers(database)
        self.calls = Calls(database)
        self.conferences = Conferences(database)
        self.queues = Queues(database)
        self.notifications = Notifications(database)
        self.recordings = Recordings(database, node)
        self.transcriptions = Transcriptions(database)
        self.nodes = Nodes(database)
        self.outbox = Outbox(database, outbox_limit, node)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        node: str = "",
        busy_timeout: float = 5.0,
        outbox_limit: int = 100_000,
    ) -> Self:
        """Open (or make) the database at an SQLAlchemy URL and bring its schema up to date.

        ``node`` is whose callbacks and recordings are taken care of here.

        ``sqlite:///path`` and ``postgresql://…`` need no driver name. ``busy_timeout`` is how
        many seconds a statement waits for a lock or a free connection.

        Raises:
            StoreUnavailable: the file or server cannot be reached or written.
        """
        database = Database(url, busy_timeout=busy_timeout)
        try:
            async with database.alone() as conn:
                await conn.run_sync(upgrade)
        except BaseException:
            await database.close()
            raise
        return cls(database, node=node, outbox_limit=outbox_limit)

    async def ping(self) -> None:
        """Ask the database for a sign of life. Raises StoreUnavailable."""
        async with self.database.reading() as conn:
            await conn.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close all connections."""
        await self.database.close()
