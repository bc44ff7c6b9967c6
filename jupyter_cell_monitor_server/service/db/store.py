"""The database as the writer and the handlers see it: whole transactions, no SQL."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from ...contract.events import ParsedEvent
from ...contract.people import Role
from ..class_of_notebook import Resolve
from .engine import Transactions, reading
from .record import Delivery, Recorded, Recording, quarantine
from .record_people import replace_members

MAX_RACES = 4
_UNIQUE_VIOLATION = "23505"


class Store:
    """Writes in transactions of its own. Every method may raise `DatabaseUnavailable`."""

    def __init__(self, engine: AsyncEngine, resolve: Resolve, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._transactions = Transactions(engine)
        self._resolve = resolve
        self._now = now

    async def store(self, deliveries: Sequence[Delivery]) -> Recorded:
        """Store all or nothing; on return it is committed.

        Where another replica has stored the same key meanwhile, it begins again and finds it.
        """
        for _ in range(MAX_RACES):
            try:
                return await self._store(deliveries)
            except IntegrityError as error:
                if not _is_lost_race(error):
                    raise
        return await self._store(deliveries)

    async def _store(self, deliveries: Sequence[Delivery]) -> Recorded:
        return await self._transactions.run(
            lambda connection: Recording(connection, self._resolve, self._now()).store(deliveries)
        )

    async def quarantine(self, delivery: Delivery, parsed: ParsedEvent, reason: str) -> None:
        """Keep an event that cannot be stored."""
        await self._transactions.run(
            lambda connection: quarantine(connection, delivery, parsed, reason)
        )

    async def replace_members(self, members: Mapping[str, Mapping[str, Role]]) -> None:
        """Make the members of each class what the Hub's groups say now."""
        await self._transactions.run(lambda connection: replace_members(connection, members))

    async def ping(self) -> None:
        """Return where the database answers."""
        async with reading(self._engine) as connection:
            await connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Write nothing more."""
        self._transactions.close()


def _is_lost_race(error: IntegrityError) -> bool:
    # SQLite has one writer at a time: there a key that is there twice is a fault of ours.
    return getattr(error.orig, "sqlstate", None) == _UNIQUE_VIOLATION
